"""What a table gives to `dvc metrics`: numbers and verdicts from its own csv."""

import json

import pytest

from stages.draw.metrics import add_asked
from stages.draw.table import Row, rows_to_csv
from stages.draw.verdict import Part, Verdict, verdicts_to_csv


def row(method: str, metric: str, ours: str, dataset: str = "face") -> Row:
    return Row(method, dataset, metric, "1", ours, "demo")


def test_numbers_stand_by_dataset_metric_and_method():
    rows = [row("ours", "FD", "0.25"), row("theirs", "FD", "1e-08"), row("ours", "FD", "3", "bird")]
    rows += [row("ours", "PD", "n/a (demo)"), row("theirs", "PD", "")]
    made = add_asked({"csv": rows_to_csv(rows), "md": "x"}, ["csv", "metrics.json", "md"])
    assert set(made) == {"csv", "md", "metrics.json"}
    assert json.loads(made["metrics.json"]) == {
        "face": {"FD": {"ours": 0.25, "theirs": 1e-8}, "PD": {}}, "bird": {"FD": {"ours": 3}},
    }  # fmt: skip


def test_a_claim_has_one_verdict_whatever_its_parts():
    held = [
        Verdict("C1", "holds", "demo", (Part("here", "a < b", 1), Part("there", "c < d", 1))),
        Verdict("C2", "not run", "demo"),
    ]
    made = add_asked({"csv": verdicts_to_csv(held)}, ["verdicts.json"])
    assert json.loads(made["verdicts.json"]) == {"C1": "holds", "C2": "not run"}


def test_what_cannot_be_said_is_refused():
    with pytest.raises(
        ValueError, match=r"metrics\.json is taken from the table's csv, and it is written as \['json'\]"
    ):
        add_asked({"json": "{}"}, ["json", "metrics.json"])
    with pytest.raises(ValueError, match="FD of ours on face stands in two lines"):
        add_asked({"csv": rows_to_csv([row("ours", "FD", "1"), row("ours", "FD", "2")])}, ["metrics.json"])
