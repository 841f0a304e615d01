"""docs/audit.md says who can do what: every row names tests that exist."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/audit.md").read_text(encoding="utf-8")
SECTION = PAGE.partition("\n## Who can do what\n")[2].partition("\n**Audit from a clean clone.**")[0]
ROWS = [line.strip("|").split(" | ") for line in SECTION.splitlines() if line.startswith("| ")][1:]


def functions(file: str) -> set[str]:
    tree = ast.parse((ROOT / "tests" / file).read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("row", ROWS, ids=[row[1].strip() for row in ROWS])
def test_a_row_says_what_finds_it_and_names_its_tests(row):
    _, what, finds, tests = row
    assert what.strip() and finds.strip()
    named = re.findall(r"`([\w/]+\.py)::(\w+)`", tests)
    assert named and len(named) == tests.count("::")
    for file, name in named:
        assert name in functions(file), f"{file} has no {name}"


def test_all_three_are_there():
    assert [row[0].strip() for row in ROWS if row[0].strip()] == [
        "an accident", "a colleague with write access", "an owner of the machine",
    ]  # fmt: skip
