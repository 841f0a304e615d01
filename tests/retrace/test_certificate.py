"""The certificate of a rerun: what compares with what, and nothing of a person that the person did not give."""

import contextlib
import json
from pathlib import Path

import pytest
import yaml

from stages.retrace.record import certificate
from stages.retrace.record.certificate import Checker
from stages.retrace.report import command
from tests.retrace.pages import Report
from tests.retrace.test_report import FIGURE, TABLE, write

NOBODY = {"name": "", "orcid": "", "time": "", "report": ""}
SOMEBODY = {"name": "Ada Example", "orcid": "0000-0002-1825-0097", "time": "2026-11-30T14:00:00",
            "report": "https://doi.org/10.5281/zenodo.1"}  # fmt: skip


def said(report: Report) -> dict:
    """codecheck.yml; its documents begin as the specification asks."""
    text = report.raw["codecheck.yml"].decode()
    assert text.startswith("---\n")
    return yaml.safe_load(text)


def test_it_lists_every_result_under_the_audits_root(published, tmp_path):
    write(published, tmp_path / "out")
    report = Report(tmp_path / "out")
    held, known = said(report), json.loads(report.raw["retrace-report.json"])
    assert held["version"] == certificate.SPECIFICATION
    files = {one["file"]: one["comment"] for one in held["manifest"]}
    assert files.keys() == {one["place"] for one in known["files"].values()} and len(files) == 3
    assert all(place in report.raw for place in files)
    assert all(one["sha256"] in files[one["place"]] for one in known["files"].values())
    assert known["root"] in held["summary"] and "Compared with nothing" in held["summary"]
    assert "no evidence about the papers" in held["summary"]
    page = report.pages["codecheck.html"].text
    assert known["root"] in page and "cpu" in page and "envs/core.lock" in page
    assert ("codecheck.html", "", "the certificate") in report.links("audit.html")


def test_nobody_is_made_up_and_no_clock_is_read(published, tmp_path):
    write(published, tmp_path / "out")
    held = said(Report(tmp_path / "out"))
    assert not held.keys() & {"codechecker", "check_time", "report", "certificate", "repository"}
    page = Report(tmp_path / "out").pages["codecheck.html"].text
    assert page.count("not given") == 3 and "--codechecker NAME" in page
    text = Report(tmp_path / "out").raw["codecheck.yml"].decode()
    assert "# codechecker: to be given by whoever checked, --codechecker NAME [--orcid ID]\n" in text


def test_what_a_person_gave_stands_there(published, tmp_path):
    with contextlib.chdir(published.folder):
        command.run((tmp_path / "out").as_posix(), (), None, tmp_path, False, SOMEBODY)
    report = Report(tmp_path / "out")
    held = said(report)
    assert held["codechecker"] == [{"name": "Ada Example", "ORCID": "0000-0002-1825-0097"}]
    assert (str(held["check_time"]), held["report"]) == (SOMEBODY["time"], SOMEBODY["report"])
    assert (
        "Ada Example" in report.pages["codecheck.html"].text and "not given" not in report.pages["codecheck.html"].text
    )


def test_outputs_are_compared_byte_by_byte(published, paper, tmp_path):
    write(published, tmp_path / "first", TABLE)
    write(published, tmp_path / "same", against="first", start=tmp_path)
    compared = {one["file"]: one["comment"] for one in said(Report(tmp_path / "same"))["manifest"]}
    assert "of the same bytes" in compared["files/tables/table.csv"]
    assert "not in the reference" in compared["files/figures/figure.png"]
    paper.edit("stages/papers/toy/params.yaml", "steps: 2", "steps: 3")
    paper.build()
    write(paper, tmp_path / "other", against="first", start=tmp_path)
    held = said(Report(tmp_path / "other"))
    assert "of other bytes" in {one["file"]: one["comment"] for one in held["manifest"]}["files/tables/table.csv"]
    assert "the report in first: 1 of other bytes, 2 not in the reference" in held["summary"]
    assert "of other bytes" in Report(tmp_path / "other").pages["codecheck.html"].text


def test_an_altered_result_is_not_in_the_manifest(paper, tmp_path):
    (paper.folder / FIGURE).write_bytes(b"no picture")
    write(paper, tmp_path / "out")
    report = Report(tmp_path / "out")
    assert "files/figures/figure.png" not in {one["file"] for one in said(report)["manifest"]}
    assert "(not these bytes here)" in report.pages["codecheck.html"].text


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"name": "A", "orcid": "0000-0002-1825-0098"}, "--orcid: expected digits"),
        ({"name": "A", "orcid": "https://orcid.org/0000-0002-1825-0097"}, "--orcid: expected digits"),
        ({"orcid": "0000-0002-1825-0097"}, "--orcid: expected --codechecker"),
        ({"time": "yesterday"}, "--check-time: expected a time"),
        ({"report": "report.pdf"}, "--check-report: expected an address"),
    ],
)
def test_options_that_say_nothing_are_refused(given, told):
    with pytest.raises(ValueError, match=told):
        Checker(**NOBODY | given)


def test_a_check_digit_may_be_ten():
    assert Checker(name="A", orcid="0000-0002-1694-233X").orcid


def test_a_wrong_option_is_wrong_usage(paper, tmp_path):
    code, text = paper.say("report", (tmp_path / "out").as_posix(), "--check-time", "noon")
    assert code == 2 and "--check-time: expected a time" in text and not Path(tmp_path / "out").exists()
