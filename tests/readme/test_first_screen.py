"""README's picture is the one that lies there and is small; its table says whose numbers it holds."""

import csv
import re

import pytest

from tests.conftest import ROOT
from tests.readme import first_screen

TEXT = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_picture_is_small_and_its_words_are_of_its_own_run():
    """test_commands.py shows that the demo makes these bytes."""
    place = ROOT / first_screen.PICTURE
    assert place.stat().st_size < first_screen.LARGEST
    assert first_screen.block(TEXT, "picture")[1] == first_screen.picture(place), "renew it by python -m tests.readme"


def test_both_stand_above_the_first_section():
    assert TEXT.index("<!-- /picture -->") < TEXT.index("<!-- results: ") < TEXT.index("\n## ")


def test_the_table_is_stamped_and_holds_what_was_printed():
    """tests/built compares ours with a build, where there is one."""
    words, inside = first_screen.block(TEXT, "results")
    found = first_screen.shown(TEXT)
    with (ROOT / "stages/papers/contrasfill/reported.csv").open(encoding="utf-8") as stream:
        reported = [row for row in csv.DictReader(stream) if first_screen.MEASURE in row.values()]
    printed = {(row["method"], row["dataset"]): row["value"] for row in reported if row["method"] in found}
    assert len(found) == 4
    for name, cells in found.items():
        for one, cell in zip(first_screen.SETS, cells, strict=True):
            assert re.fullmatch(rf"\d+\.\d \({re.escape(printed[name, one])}\)", cell)
    assert "no evidence for or against the paper" in inside and re.search("Fingerprint `[0-9a-f]{64}`", inside)
    assert re.search("recipe [0-9a-f]{64}$", words)
    assert first_screen.results(found_ours(found), {"fingerprint": re.findall("`([0-9a-f]{64})`", inside)[0]}) == inside


def found_ours(found: first_screen.Numbers) -> first_screen.Numbers:
    """In the order that a renewed table has."""
    return {name: found[name] for name in first_screen.METHODS if name in found}


@pytest.mark.parametrize("text", ["nothing", "<!-- results: words -->\nand no end"])
def test_a_readme_without_the_marks_is_refused(text):
    with pytest.raises(ValueError, match=r"README\.md: expected <!-- results: … --> and <!-- /results -->"):
        first_screen.block(text, "results")


def test_a_table_of_another_profile_is_refused(tmp_path):
    (tmp_path / "table1.csv").write_text("method,dataset,metric,ours,printed,profile\na,face,KFFA,1,2,smoke\n")
    with pytest.raises(ValueError, match=r"expected KFFA of the demo profile, found \['smoke'\]"):
        first_screen.numbers(tmp_path / "table1.csv")
