"""`retrace report --against`: what changed since another report, or since a git revision."""

import io
import json
import subprocess
from pathlib import Path

import pytest

from stages.retrace.answer import as_text
from stages.retrace.page import Page
from stages.retrace.report import view
from tests.retrace.pages import Report
from tests.retrace.test_report import FIGURE, TABLE, write
from tests.retrace.toy_paper import ToyPaper


def commit(paper: ToyPaper, *names: str) -> None:
    """Commits files that git is told to ignore."""
    subprocess.run(["git", "add", "-f", *names], cwd=paper.folder, check=True)
    paper.commit()


HELD: dict[Path, ToyPaper] = {}


@pytest.fixture
def changed(published, tmp_path_factory) -> ToyPaper:
    """A copy with a report of before (`then`) in it, a commit of results (HEAD~1), one of a lock (HEAD), and then other
    numbers and another picture; made once and never altered."""
    if published.folder not in HELD:
        paper = HELD[published.folder] = published.copy_to(tmp_path_factory.mktemp("changed") / "paper")
        write(paper, paper.folder / "then")
        commit(paper, TABLE, FIGURE)
        assert paper.say("adopt")[0] == 0
        subprocess.run(["git", "rm", "-q", "--cached", TABLE, FIGURE], cwd=paper.folder, check=True)
        commit(paper, "dvc.lock")
        paper.edit("stages/papers/toy/params.yaml", "grey: 128", "grey: 129")
        paper.edit("stages/papers/toy/params.yaml", "rate: 0.5", "rate: 0.7")
        paper.build("toy_table", "toy_figure")
    return HELD[published.folder]


@pytest.mark.parametrize("against", ["then", "HEAD~1", "HEAD"])
def test_numbers_stand_in_one_table_and_pictures_side_by_side(changed, tmp_path, against):
    """The same whether a report, a commit of the files themselves or one of dvc.lock says what was."""
    assert write(changed, tmp_path / "now", against=against, start=changed.folder).code == 0
    pages = Report(tmp_path / "now")
    assert pages.wrong() == [] and f"{against}\n" in pages.pages["changes.html"].text
    rows = [line for line in pages.raw["changes.html"].decode().splitlines() if line.startswith("<tr><td>")]
    assert len(rows) == 4
    (row,) = (row for row in rows if "ours face KFFA" in row)
    then, now = _angle(Report(changed.folder / "then")), _angle(pages)
    assert then != now and row.index(f">{then}<") < row.index(f">{now}<") < row.index(">83.39<")
    kept = [content for name, content in pages.raw.items() if name.startswith("earlier/")]
    before = Report(changed.folder / "then").raw["files/figures/figure.png"]
    assert kept == [before] and before != pages.raw["files/figures/figure.png"]
    assert any(place == "changes.html" for place, _, _ in pages.links("index.html"))


def _angle(report: Report) -> str:
    lines = report.raw["files/tables/table.csv"].decode().splitlines()
    return next(line.split(",")[3] for line in lines if line.startswith("ours,face,KFFA"))


def test_what_changed_is_said_where_it_was_asked_for(changed, tmp_path):
    """In a terminal, for the summary of a job, and as JSON: the number then, now and printed, and the picture."""
    report = write(changed, tmp_path / "now", against="then", start=changed.folder)
    text = io.StringIO()
    view.show(report, Page(text))
    said = text.getvalue()
    assert f"numbers that changed 4, pictures 1, other files 1, built since 0, no longer built 0; {report.out}/" in said
    then, now = _angle(Report(changed.folder / "then")), _angle(Report(tmp_path / "now"))
    (row,) = (line.split() for line in said.splitlines() if "ours face KFFA" in line)
    assert row == ["table", "ours", "face", "KFFA", then, now, "83.39"]
    assert "another picture: figure\n" in said
    told = json.loads(as_text(report, "utf-8"))["changed"]
    assert {"result": "table", "number": "ours face KFFA", "then": then, "now": now, "printed": "83.39"} in (
        told["numbers"]
    )
    assert told["pictures"] == ["figure"] and told["since"] == "the report in then"


def test_equal_trees_have_no_change(published, tmp_path):
    write(published, tmp_path / "then")
    write(published, tmp_path / "now", against=str(tmp_path / "then"))
    text = Report(tmp_path / "now").pages["changes.html"].text
    assert "No number of ours that both have is another one." in text and "No picture that both" in text


def test_a_report_that_was_altered_is_none_to_compare_with(published, tmp_path):
    write(published, tmp_path / "then")
    (tmp_path / "then/files/tables/table.csv").write_text("altered")
    with pytest.raises(ValueError, match="is not what that report wrote"):
        write(published, tmp_path / "now", against="then")
    for text, told in ((b"{}", "not what a report writes"), (b"\xff", "not what a report writes"),
                       (b'{"files": {"a": {"place": "../a", "sha256": ""}}}', "outside of that report")):  # fmt: skip
        (tmp_path / "then/retrace-report.json").write_bytes(text)
        with pytest.raises(ValueError, match=told):
            write(published, tmp_path / "now", against="then")
    assert not (tmp_path / "now").exists()


def test_what_is_neither_is_refused(published, tmp_path):
    with pytest.raises(ValueError, match="git has no such revision"):
        write(published, tmp_path / "now", against="nothing")
    with pytest.raises(FileNotFoundError, match=r"expected results or a dvc\.lock"):
        write(published, tmp_path / "now", against="HEAD")
