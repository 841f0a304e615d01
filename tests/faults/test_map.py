"""The page that says which test shows what names tests that exist."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_every_case_has_tests_and_every_named_test_exists():
    text = (ROOT / "tests/faults/README.md").read_text(encoding="utf-8")
    rows = re.findall(r"(?m)^\| (\d+) \|(.*)$", text)
    assert [int(number) for number, _ in rows] == list(range(1, 20))
    for number, row in rows:
        assert "::test_" in row, f"case {number} names no test"
    for file, name in re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", text):
        tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
        assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}, f"{file}::{name}"
