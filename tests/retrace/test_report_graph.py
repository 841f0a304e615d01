"""The report's own drawing of the graph: counts that are the receipts', links that lead, and the same in words."""

import re

import pytest

from tests.retrace.pages import Report
from tests.retrace.test_report import FIGURE, write

LABEL = re.compile(r'aria-label="(\w+), (\w+): (\d+) of (\d+) stages built"')


def boxes(report: Report) -> dict[tuple[str, str], tuple[int, int]]:
    found = LABEL.findall(report.raw["graph.html"].decode())
    return {(paper, verb): (int(built), int(total)) for paper, verb, built, total in found}


@pytest.fixture
def unbuilt(paper):
    """A toy whose picture is not built."""
    for path in paper.folder.glob("results/figures/figure.*"):
        path.unlink()
    (paper.folder / "results/receipts/figure.json").unlink()
    (paper.folder / "results/receipts/current/results~figures~figure").unlink()
    return paper


def test_every_stage_is_counted_where_it_stands(unbuilt, tmp_path):
    write(unbuilt, tmp_path / "out")
    report = Report(tmp_path / "out")
    assert boxes(report) == {
        ("shared", "preflight"): (1, 1), ("shared", "render"): (1, 1), ("toy", "train"): (4, 4),
        ("toy", "sample"): (4, 4), ("toy", "measure"): (2, 2), ("toy", "tabulate"): (1, 1),
        ("toy", "illustrate"): (0, 1),
    }  # fmt: skip
    assert report.wrong() == []


def test_what_the_drawing_says_stands_below_it_in_words_with_links(unbuilt, tmp_path):
    write(unbuilt, tmp_path / "out")
    report = Report(tmp_path / "out")
    page = report.pages["graph.html"]
    stages = {place for place, _, _ in report.links("graph.html") if place.startswith("stage/")}
    assert stages == {name for name in report.pages if name.startswith("stage/")}
    assert "toy_train, 4 of 4: a model" in page.text and "toy_figure, 0 of 1: the picture" in page.text
    for (paper, verb), (built, total) in boxes(report).items():
        assert f"{verb}: {built} of {total}" in page.text and f"{paper}-{verb}" in page.ids


def test_arrows_lead_from_what_is_made_to_what_reads_it(published, tmp_path):
    write(published, tmp_path / "out", FIGURE)
    report = Report(tmp_path / "out")
    assert boxes(report).keys() == {("shared", "preflight"), ("shared", "render"), ("toy", "train"), ("toy", "sample"),
                                    ("toy", "illustrate")}  # fmt: skip
    assert report.raw["graph.html"].count(b"<path d=") == 4, "preflight, render, train, sample, illustrate"
    assert ("graph.html", "", "the drawing of the graph") in report.links("index.html")
