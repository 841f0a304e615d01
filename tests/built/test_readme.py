"""README's table of results against the Table 1 that was built here."""

import pytest

from tests.conftest import ROOT
from tests.readme import first_screen


def test_readme_says_what_the_built_table_says():
    """Trained weights, and so numbers, differ between kinds of processor: then the recipe alone must be README's."""
    place = ROOT / first_screen.TABLE
    if not place.is_file():
        pytest.skip(f"needs {first_screen.TABLE}, which make table1 builds")
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    built, said = first_screen.numbers(place), first_screen.shown(text)
    if built != said and first_screen.block(text, "results")[0].endswith(first_screen.recipe(ROOT)):
        pytest.skip("the same commands, parameters and code gave other numbers here: another kind of processor")
    assert built == said, "README's table is of other sources than those built here: python -m tests.readme renews it"
