"""DVC's cache: objects that every checkout would deliver, its lock, its run cache; and what an engine says of them."""

import hashlib
import json
import os
import shutil

import pytest
import yaml

from stages.graph.names import CODE
from stages.runner import receipt
from tests.retrace.toy_tree import MODEL, MODELS, RAW

TABLE = "results/tables/cub.csv"

OBJECTS = ".dvc/cache/files/md5"


def md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def lock(tree) -> dict:
    return yaml.safe_load(tree.path("dvc.lock").read_text())


def out_of(tree, stage: str, path: str) -> str:
    return next(out["md5"] for out in lock(tree)["stages"][stage]["outs"] if out["path"] == path)


def object_path(name: str) -> str:
    return f"{OBJECTS}/{name[:2]}/{name[2:]}"


def object_of(tree, stage: str, out: str, file: str = "") -> str:
    name = out_of(tree, stage, out)
    if file:
        listed = json.loads(tree.path(object_path(name)).read_text())
        name = next(entry["md5"] for entry in listed if entry["relpath"] == file)
    return object_path(name)


def put(tree, content: bytes) -> str:
    """A new sound object, as an attacker who knows DVC makes it."""
    name = md5(content)
    tree.path(object_path(name)).parent.mkdir(exist_ok=True)
    tree.path(object_path(name)).write_bytes(content)
    return name


def relist(tree, stage: str, out: str, file: str, name: str) -> None:
    """Gives a locked folder another object for one of its files, with list, object and lock made anew."""
    old = out_of(tree, stage, out)
    listed = json.loads(tree.path(object_path(old)).read_text())
    for entry in listed:
        entry["md5"] = name if entry["relpath"] == file else entry["md5"]
    new = put(tree, json.dumps(listed, sort_keys=True).encode())
    tree.path(object_path(new)).rename(tree.path(object_path(new + ".dir")))
    tree.path("dvc.lock").write_text(tree.path("dvc.lock").read_text().replace(old, new + ".dir"))


MADE = (MODEL, "made.txt")
OBJECT_CASES = {
    "a byte of an object, same size and times": lambda t: [t.alter(object_of(t, "toy_train@cub-0", *MADE))],
    "an object cut short": lambda t: [t.path(object_of(t, "toy_train@cub-0", *MADE)).chmod(0o644),
                                      t.path(object_of(t, "toy_train@cub-0", *MADE)).write_bytes(b"1")],
    "the object of a receipt": lambda t: [t.alter(object_of(t, "toy_train@cub-0", MODEL, "receipt.json"), b"{ ", 0)],
    "two objects exchanged": lambda t: [
        t.swap(object_of(t, "toy_train@cub-0", *MADE), object_of(t, "toy_train@cub-1", MODEL[:-1] + "1", "made.txt"))],
}  # fmt: skip


@pytest.mark.parametrize("case", OBJECT_CASES)
def test_a_corrupted_object_is_found_where_the_workspace_is_fine(tree, case):
    OBJECT_CASES[case](tree)
    assert tree.audit().findings == [], "the workspace holds good copies"
    report = tree.audit(scope="cache")
    first = report.findings[0]
    assert first.kind == "object" and first.file.startswith(OBJECTS) and first.stage == "toy_train@cub-0"
    assert MODEL in first.vouched_by and first.consumed_by[0] == "toy_tabulate@cub", "it says what the object is"


def test_a_corrupted_list_of_a_folder_is_found(tree):
    tree.alter(object_of(tree, "render@cub", RAW), b'[{"mD5"')
    first = tree.audit(scope="cache").findings[0]
    assert first.kind == "object" and first.stage == "render@cub" and first.file.endswith(".dir")


def test_an_object_that_is_gone_is_found(tree):
    gone = object_of(tree, "toy_train@cub-0", *MADE)
    tree.path(gone).unlink()
    first = tree.audit(scope="cache").findings[0]
    assert (first.kind, first.file, first.stage) == ("missing", gone, "toy_train@cub-0")


def test_a_table_that_was_not_fetched_is_told(tree):
    """No finding: a person may pull one output of many."""
    tree.path(object_of(tree, "toy_tabulate@cub", TABLE)).unlink()
    report = tree.audit(scope="cache")
    assert report.findings == []
    assert report.notes[0] == f"{TABLE}: dvc.lock names it, the cache does not hold it"


@pytest.mark.parametrize("make", [os.mkdir, os.mkfifo])
def test_what_is_no_file_among_the_run_caches_entries_is_found(tree, make):
    entry = next(path for path in tree.path(".dvc/cache/runs").glob("??/*/*"))
    entry.unlink()
    make(entry)
    first = tree.audit(scope="cache").findings[0]
    assert (first.kind, first.file) == ("runs", entry.relative_to(tree.folder).as_posix())


def test_a_checkout_delivers_the_corrupted_object_and_dvc_is_content_but_the_audit_is_not(tree):
    """Appendix A, case 4: then the workspace is wrong too, and both audits say so."""
    tree.alter(object_of(tree, "toy_train@cub-0", *MADE))
    shutil.rmtree(tree.path(MODEL))
    shutil.rmtree(tree.path(".dvc/tmp"), ignore_errors=True)
    done = tree.dvc("checkout", "toy_train@cub-0")
    assert done.returncode == 0, done.stderr
    assert tree.dvc("status", "--quiet").returncode == 0, "DVC sees nothing"
    assert tree.audit().findings[0].file == f"{MODEL}/made.txt"
    assert tree.audit(scope="cache").findings[0].kind == "object"


LOCK_CASES = {
    "a parameter": ("steps: 2", "steps: 7", "toy_train@celebamask_hq-0"),
    "a command": ("--seed 0", "--seed 9", "toy_train@celebamask_hq-0"),
}


@pytest.mark.parametrize("case", LOCK_CASES)
def test_an_edited_lock_disagrees_with_the_receipt_among_its_objects(tree, case):
    old, new, stage = LOCK_CASES[case]
    text = tree.path("dvc.lock").read_text()
    assert old in text
    tree.path("dvc.lock").write_text(text.replace(old, new))
    findings = tree.audit(scope="cache").findings
    assert (findings[0].kind, findings[0].file, findings[0].stage) == ("lock", "dvc.lock", stage), findings


def test_digests_of_code_and_of_sources_in_the_lock_are_held_against_what_ran(tree):
    """The code by the receipt's own digest of it, a source file by its bytes while they are those that were read."""
    text = tree.path("dvc.lock").read_text()
    reported = "stages/papers/toy/reported.csv"
    for digest, file in ((tree.receipt(MODEL)["code_digest"], CODE), (md5(tree.path(reported).read_bytes()), reported)):
        assert digest in text
        tree.path("dvc.lock").write_text(text.replace(digest, "5" * len(digest)))
        first = tree.audit(scope="cache").findings[0]
        assert first.kind == "lock" and first.file == f"dvc.lock: {file}" and "5" * len(digest) in first.found


def test_another_sound_object_under_a_forged_list_is_found_by_the_receipt(tree):
    """List, its name and the lock made anew: md5 agrees everywhere, the receipt's sha256 does not."""
    relist(tree, "toy_train@cub-0", MODEL, "made.txt", put(tree, b"better numbers\n"))
    findings = tree.audit(scope="cache").findings
    assert findings[0].kind == "lock" and findings[0].file == f"dvc.lock: {MODEL}/made.txt"
    assert findings[0].stage == "toy_train@cub-0"


def test_a_forged_receipt_among_the_objects_breaks_the_chain(tree):
    tree.alter(f"{MODEL}/made.txt", b"better")
    forged = put(tree, tree.path(MODEL, "made.txt").read_bytes())
    outputs = tree.receipt(MODEL)["outputs"]
    outputs["made.txt"]["sha256"] = hashlib.sha256(tree.path(MODEL, "made.txt").read_bytes()).hexdigest()
    tree.rewrite(MODEL, outputs=outputs)
    relist(tree, "toy_train@cub-0", MODEL, "made.txt", forged)
    relist(tree, "toy_train@cub-0", MODEL, "receipt.json", put(tree, tree.place(MODEL).read_bytes()))
    findings = tree.audit(scope="cache").findings
    at = {finding.kind for finding in findings if finding.stage == "toy_train@cub-0"}
    assert findings[0].kind == "receipt" and at == {"receipt", "chain", "runs"}, findings
    assert findings[0].file.startswith(OBJECTS), "the receipt was read from the cache"


def test_an_output_locked_to_another_stage_is_found(tree):
    one, other = out_of(tree, "toy_train@cub-0", MODEL), out_of(tree, "toy_train@cub-1", f"{MODELS}/cub_1")
    text = tree.path("dvc.lock").read_text()
    tree.path("dvc.lock").write_text(text.replace(one, "X").replace(other, one).replace("X", other))
    first = tree.audit(scope="cache").findings[0]
    assert first.kind == "receipt" and first.stage == "toy_train@cub-0" and "cub_1" in first.found


def test_a_lock_that_is_no_lock_is_a_finding_not_a_crash(tree):
    tree.path("dvc.lock").write_text("stages: [1\n")
    assert tree.audit(scope="cache").findings[0].file == "dvc.lock"
    tree.path("dvc.lock").write_text("schema: '2.0'\nstages:\n  toy_train@cub-0: {cmd: 3}\n")
    assert tree.audit(scope="cache").findings[0].kind == "lock"


def test_run_cache_entries_are_held_to_their_names_and_receipts(tree):
    runs = sorted(tree.path(".dvc/cache/runs").glob("??/*/*"))
    assert len(runs) >= 8
    entry = next(path for path in runs if f"--out {MODEL} " in " ".join(path.read_text().split()))
    text = entry.read_text()
    entry.chmod(0o644)
    entry.write_text(text.replace("steps: 2", "steps: 7"))
    first = tree.audit(scope="cache").findings[0]
    assert (first.kind, first.stage) == ("runs", "toy_train@cub-0") and entry.name in first.file
    # The same entry under the name that follows: now the receipt among its objects contradicts it.
    from dvc.stage.cache import _get_cache_hash

    content = yaml.safe_load(entry.read_text())
    key, value = _get_cache_hash({**content}, key=True), _get_cache_hash({**content})
    forged = tree.path(".dvc/cache/runs", key[:2], key, value)
    forged.parent.mkdir(parents=True)
    entry.rename(forged)
    first = tree.audit(scope="cache").findings[0]
    assert (first.kind, first.stage) == ("runs", "toy_train@cub-0") and "steps = 2" in first.expected
    forged.write_text("- 1\n")
    assert tree.audit(scope="cache").findings[0].kind == "runs"


def second_entry(tree):
    """Another result of the same run, sound in itself: file, receipt, list, entry under the run's own key."""
    from dvc.stage.cache import _get_cache_hash

    old = out_of(tree, "toy_train@cub-0", MODEL)
    entry = next(
        path
        for path in tree.path(".dvc/cache/runs").glob("??/*/*")
        if f"--out {MODEL} " in " ".join(path.read_text().split())
    )
    better = b"better\n"
    content = {**tree.receipt(MODEL)}
    content["outputs"] = {
        **content["outputs"],
        "made.txt": {"sha256": hashlib.sha256(better).hexdigest(), "size": len(better)},
    }
    content["fingerprint"] = receipt.fingerprint(content)
    objects = {"made.txt": put(tree, better), "receipt.json": put(tree, receipt.encode(content))}
    listed = [
        {**file, "md5": objects.get(file["relpath"], file["md5"])}
        for file in json.loads(tree.path(object_path(old)).read_text())
    ]
    new = put(tree, json.dumps(listed, sort_keys=True).encode())
    tree.path(object_path(new)).rename(tree.path(object_path(new + ".dir")))
    run = yaml.safe_load(entry.read_text().replace(old, new + ".dir"))
    assert _get_cache_hash({**run}, key=True) == entry.parent.name
    place = entry.parent / _get_cache_hash({**run})
    place.write_text(yaml.safe_dump(run))
    return place


def test_a_second_result_of_one_run_in_the_run_cache_is_found(tree):
    """DVC would restore it into a clone as well as the first."""
    place = second_entry(tree)
    first = tree.audit(scope="cache").findings[0]
    assert (first.kind, first.stage) == ("runs", "toy_train@cub-0"), first
    assert first.file == place.relative_to(tree.folder).as_posix() and "made.txt" in first.expected


def test_no_cache_is_said(tree):
    shutil.rmtree(tree.path(".dvc/cache"))
    with pytest.raises(FileNotFoundError, match=r"expected DVC's cache at \.dvc/cache/files/md5"):
        tree.audit(scope="cache")
