"""What an audit reads, shows and leaves out: the user's data, other profiles, progress, the root, exit codes."""

import hashlib
import io
import json
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from stages.retrace.audit import every_byte as audit_bytes
from stages.retrace.audit import units as audit_units
from stages.retrace.audit import view
from stages.retrace.audit.findings import AuditReport, Collector, Finding
from stages.retrace.evidence import hashing
from stages.retrace.page import Page
from stages.runner import digest, receipt
from tests.retrace.toy_tree import MODEL, RAW


def test_digests_are_those_of_hashlib_and_errors_are_returned(tmp_path):
    texts = {"empty": b"", "one": b"1", "large": os.urandom(hashing.CHUNK_BYTES * 2 + 7)}
    for name, text in texts.items():
        (tmp_path / name).write_bytes(text)
    files = [(str(tmp_path / name), len(text)) for name, text in texts.items()] + [(str(tmp_path / "gone"), 5)]
    found = hashing.digests(files, ("sha256", "md5"))
    for name, text in texts.items():
        assert found[str(tmp_path / name)] == (hashlib.sha256(text).hexdigest(), hashlib.md5(text).hexdigest())
    assert isinstance(found[str(tmp_path / "gone")], FileNotFoundError)
    assert hashing.digests([]) == {}


def test_progress_is_told_on_stderr_in_lines_where_there_is_no_terminal(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(hashing, "LINE_SECONDS", -1.0)
    path = tmp_path / "large"
    path.write_bytes(bytes(hashing.CHUNK_BYTES * 2))
    hashing.digests([(str(path), path.stat().st_size)], progress=True)
    said = capsys.readouterr()
    assert said.out == "" and said.err.count("read 0.0 of 0.0 GB\n") == 2


@settings(max_examples=50, deadline=None)
@given(
    some.dictionaries(some.text(some.characters(codec="utf-8", exclude_characters="\n\0/"), min_size=1), some.binary())
)
def test_the_digest_over_outputs_is_the_one_that_the_runner_takes_of_a_folder(files):
    entries = {name: {"sha256": hashlib.sha256(raw).hexdigest(), "size": len(raw)} for name, raw in files.items()}
    held = audit_units.Evidence("", "", {"outputs": entries})
    assert held.outputs_digest() == digest.listing_digest(entries)


@settings(max_examples=100, deadline=None)
@given(
    some.binary()
    | some.text().map(str.encode)
    | some.dictionaries(
        some.sampled_from(["schema", "stage", "outputs", "inputs", "params"]),
        some.integers() | some.text() | some.none(),
    ).map(receipt.encode)
)
def test_no_bytes_make_the_reader_of_receipts_fail_otherwise_than_by_saying_so(raw):
    with pytest.raises(ValueError):
        audit_units.parse(raw, "x")


def test_an_audit_never_reads_the_hash_cache(tree):
    """A digest planted in the cache for an altered file would be believed by the runner."""
    tree.alter(f"{MODEL}/made.txt")
    tree.path(".work/digests.sqlite").write_bytes(b"not even a database")
    assert tree.audit().findings[0].file == f"{MODEL}/made.txt"


def test_a_tree_that_an_earlier_version_built_is_told_so_and_has_no_root(tree):
    """Its receipts hold other fields: each is named with its schema, and what to do; nothing is summed up over none."""
    for path in [*tree.path("results").rglob("receipt.json"), *tree.path("results/receipts").glob("[!.]*.json")]:
        content = json.loads(path.read_bytes())
        del content["device"], content["packages"]
        path.write_bytes(receipt.encode(content | {"schema": receipt.SCHEMA - 1}))
    report = tree.audit(scope="no-data")
    told = [finding for finding in report.findings if finding.stage]
    assert len(told) == len(report.stages) > 5 and {finding.kind for finding in told} == {"receipt"}
    assert {finding.found for finding in told} == {
        f"schema {receipt.SCHEMA - 1}, which another version of Retrace wrote, instead of {receipt.SCHEMA}"
    }
    assert {finding.remedy for finding in told} == {"restore or rebuild"}
    assert report.root == "" and report.receipts == {}


def test_what_another_profile_left_is_audited_by_its_own_receipts(tree):
    text = tree.path("params.yaml").read_text()
    tree.path("params.yaml").write_text(text.replace("profile: demo", "profile: paper"))
    findings = tree.audit().findings
    assert {finding.kind for finding in findings} == {"command"}, "the final files are those of the other profile"
    tree.alter(f"{MODEL}/made.txt")
    bytes_found = [finding for finding in tree.audit().findings if finding.kind == "bytes"]
    assert [(finding.stage, finding.file) for finding in bytes_found] == [(MODEL, f"{MODEL}/made.txt")]
    assert bytes_found[0].consumed_by == ("toy_tabulate@cub", "toy_illustrate")


def test_stages_that_are_not_built_are_no_finding(tree):
    import shutil

    shutil.rmtree(tree.path("results/store/demo/model/toy/celebamask_hq_1"))
    for name in tree.path("results").rglob("celebamask_hq*"):
        if name.is_file():
            name.unlink()
    for name in ("results~tables~celebamask_hq", "results~store~demo~model~toy~celebamask_hq_1"):
        tree.path("results/receipts/current", name).unlink()
    report = tree.audit()
    assert report.findings == [] and report.unbuilt == ["toy_train@celebamask_hq-1", "toy_tabulate@celebamask_hq"]


def test_leftovers_of_killed_runs_are_noted(tree):
    (tree.path("results/store/demo/model") / ".cub_0.123.tmp").mkdir()
    (tree.path("results/store/demo/model") / ".cub_0.123.tmp" / "half").write_text("x")
    tree.path("results/store/demo/raw/.gitignore").write_text("/cub\n")
    report = tree.audit()
    assert report.findings == [] and any(".cub_0.123.tmp: left by a killed run" in note for note in report.notes)


def users_tree(tmp_path: Path) -> tuple[audit_units.Unit, audit_units.Evidence, audit_units.Unit, audit_units.Evidence]:
    """A listed dataset and a weights file, as render and preflight leave them in lite and paper."""
    import pandas as pd

    (tmp_path / "data/set").mkdir(parents=True)
    for name, text in (("a.jpg", b"A"), ("b.jpg", b"B")):
        (tmp_path / "data/set" / name).write_bytes(text)
    (tmp_path / "data/w.pth").write_bytes(b"W")
    sums = {name: hashlib.sha256(text).hexdigest() for name, text in (("a.jpg", b"A"), ("b.jpg", b"B"), ("w", b"W"))}
    raw, need = Path("results/store/lite/raw/set"), Path("results/store/lite/preflight/w")
    (tmp_path / raw).mkdir(parents=True)
    (tmp_path / need).mkdir(parents=True)
    (tmp_path / raw / "root.json").write_text('{"root": "data/set"}')
    table = pd.DataFrame({"path": ["a.jpg", "b.jpg"], "size": [1, 1], "sha256": [sums["a.jpg"], sums["b.jpg"]]})
    table.to_parquet(tmp_path / raw / "files.parquet")
    (tmp_path / need / "preflight.json").write_text(
        json.dumps({"need": "w", "files": {"file": {"file": "data/w.pth", "sha256": sums["w"]}}}))  # fmt: skip
    made = []
    for out, verb in ((raw, "render"), (need, "preflight")):
        place = f"{out.as_posix()}/receipt.json"
        content = {"verb": verb, "outputs": digest.listing(tmp_path / out)}
        made += [audit_units.Unit(out.as_posix(), verb, None, place), audit_units.Evidence(place, "0", content)]
    return tuple(made)


def read_all(pairs) -> Collector:
    found, reading = Collector([unit.name for unit, _ in pairs], {}), audit_bytes.Reading()
    for unit, held in pairs:
        audit_bytes.plan(unit, held, found, reading)
    audit_bytes.read(reading, found, progress=False)
    for unit, held in pairs:
        audit_bytes.plan_users_files(unit, held, found, reading)
    audit_bytes.read_users_files(reading, found, progress=False)
    return found


def test_the_users_data_and_weights_are_read_against_the_lists_that_the_runs_made(tmp_path, monkeypatch):
    raw, listed, need, weights = users_tree(tmp_path)
    monkeypatch.chdir(tmp_path)
    pairs = [(raw, listed), (need, weights)]
    assert read_all(pairs).sorted() == [] and read_all(pairs).notes == []
    Path("data/set/b.jpg").write_bytes(b"X")
    Path("data/w.pth").write_bytes(b"V")
    findings = read_all(pairs).sorted()
    assert [(finding.kind, finding.file) for finding in findings] == [
        ("data", "data/set/b.jpg"),
        ("data", "data/w.pth"),
    ]
    Path("data/set/a.jpg").unlink()
    assert "1 of 2 files that the user supplied are not here" in read_all(pairs).notes[0]
    Path(raw.out, "root.json").write_text('{"root": "data/sat"}')
    assert [finding.kind for finding in read_all(pairs).sorted()] == ["bytes", "data"], (
        "an altered list is not followed"
    )


def test_the_first_finding_is_shown_in_full_and_the_others_in_a_line():
    one = Finding("bytes", "results/a", "toy_train@a", "sha256 1", "sha256 2", "results/r", tuple("bcdefg"), "rebuild")
    report = AuditReport(
        "bytes", [one, *[one] * 20], ["a note"], ["toy_train@a"], [], "f" * 64, {"a": "1"}, 3, 10**6, 0.5
    )
    stream = io.StringIO()
    view.show(report, Page(stream))
    text = stream.getvalue()
    assert text.startswith("First broken link: results/a\n") and "b, c, d, e and 2 more, up to g" in text
    assert "20 more:" in text and "and 8 others" in text and "note: a note" in text
    assert "21 broken links in 1 stages, 3 files of 1.0 MB read at 2 MB/s" in text and f"root {'f' * 64}" in text


def test_the_command_gives_codes_and_json(tree):
    done = tree.retrace("audit", "--json")
    report = json.loads(done.stdout)
    assert done.returncode == 0 and report["first"] is None and report["scope"] == "bytes" and done.stderr == ""
    tree.alter(f"{RAW}/made.txt")
    done = tree.retrace("audit")
    assert done.returncode == 1 and done.stdout.startswith(f"First broken link: {RAW}/made.txt\n"), done.stdout
    assert tree.retrace("audit", "--root", "12").returncode == 2
    assert tree.retrace("audit", "--against", "nowhere").returncode == 2
