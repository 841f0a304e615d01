"""Inputs and the hash cache, cut, flipped, swapped, or changed behind the clock's back: told, and never used."""

import json
import os
import shutil
import sqlite3
import time
from pathlib import Path

import pytest

from stages.runner import digest
from tests.house.toy_project import ToyProject

MADE = "results/store/demo/toy"
WIDE = '(job.out / "number.txt").write_text("9" * (2 << 20))\n    Path("started").touch()'


@pytest.fixture
def project(quick, request) -> ToyProject:
    """Two inputs, a and b, and a stage that read them, c."""
    made = ToyProject(quick / request.node.name.replace("/", "_"))
    assert made.run(out=f"{MADE}/a").returncode == 0 and made.run("four", out=f"{MADE}/b").returncode == 0
    assert consume(made).returncode == 0
    return made


def consume(project: ToyProject):
    return project.run(out=f"{MADE}/c", extra=("--in", f"left={MADE}/a", f"right={MADE}/b"))


def quietly(path: Path, content: bytes) -> None:
    """Other bytes in the same file, with the times that it had."""
    status = path.stat()
    with path.open("r+b") as stream:
        stream.truncate(len(content))
        stream.write(content)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def flip(folder: Path) -> str:
    quietly(folder / "a/number.txt", bytes([(folder / "a/number.txt").read_bytes()[0] ^ 1, 10]))
    return f"{MADE}/a: number.txt has other bytes"


def cut(folder: Path) -> str:
    quietly(folder / "a/number.txt", b"3")
    return f"{MADE}/a: number.txt has other bytes"


def swap(folder: Path) -> str:
    (folder / "a/number.txt").rename(folder / "x")
    (folder / "b/number.txt").rename(folder / "a/number.txt")
    (folder / "x").rename(folder / "b/number.txt")
    return f"{MADE}/a: number.txt has other bytes"


def remove(folder: Path) -> str:
    (folder / "a/number.txt").unlink()
    return f"{MADE}/a: number.txt is missing"


def add(folder: Path) -> str:
    (folder / "a/more.txt").write_text("1\n")
    return f"{MADE}/a: more.txt is not in its receipt"


def cut_receipt(folder: Path) -> str:
    receipt = folder / "a/receipt.json"
    receipt.write_bytes(receipt.read_bytes()[:-10])
    return f"{MADE}/a/receipt.json is not a receipt"


@pytest.mark.parametrize("damage", [flip, cut, swap, remove, add, cut_receipt], ids=lambda damage: damage.__name__)
def test_a_stage_refuses_an_input_that_is_not_what_its_receipt_says(project, damage):
    """Exit 65 with the file's name; what the stage had made before stays."""
    before = (project.folder / MADE / "c/receipt.json").read_bytes()
    expected = damage(project.folder / MADE)
    done = consume(project)
    assert done.returncode == 65 and expected in done.stderr, done.stderr
    assert (project.folder / MADE / "c/receipt.json").read_bytes() == before


def looks(path: Path) -> str:
    status = path.stat()
    return f"{status.st_dev}:{status.st_ino}:{status.st_size}:{status.st_mtime_ns}:{status.st_ctime_ns}"


@pytest.mark.parametrize("damage", ["empty", "noise", "cut", "wrong value", "folder"])
def test_a_damaged_hash_cache_costs_time_and_nothing_else(project, damage):
    verb = project.folder / "stages/toy.py"
    verb.write_text(verb.read_text().replace('Path("started").touch()', WIDE))
    assert project.run(out=f"{MADE}/a").returncode == 0 and consume(project).returncode == 0
    time.sleep(digest.SETTLED_SECONDS + 0.1)
    assert consume(project).returncode == 0
    before = (project.folder / MADE / "c/receipt.json").read_bytes()
    cache = project.folder / digest.CACHE
    with sqlite3.connect(cache) as store:
        kept = {key for (key,) in store.execute("SELECT key FROM kept")}
        made = {path.name: looks(path) in kept for path in (project.folder / MADE / "a").iterdir()}
        assert made == {"number.txt": True, "receipt.json": False}, "only large settled files are kept"
        if damage == "wrong value":
            store.execute("UPDATE kept SET entry = ?", ("0" * 64,))
    content = cache.read_bytes()
    if damage == "folder":
        cache.unlink()
        cache.mkdir()
    elif damage != "wrong value":
        cache.write_bytes({"empty": b"", "noise": b"\x01" * 5000, "cut": content[: len(content) // 2]}[damage])
    done = consume(project)
    assert done.returncode == 0, done.stderr
    assert (project.folder / MADE / "c/receipt.json").read_bytes() == before


def test_the_hash_cache_sees_an_edit_that_keeps_size_and_times_and_a_swap(tmp_path, monkeypatch):
    """The kernel moves ctime for both; mtime says nothing, whether it is old or lies in the future."""
    monkeypatch.chdir(tmp_path)
    one, other = tmp_path / "one", tmp_path / "other"
    for path, letter in ((one, b"a"), (other, b"b")):
        path.write_bytes(letter * digest.WORTH_CACHING_BYTES)
        os.utime(path, (4102444800, 4102444800))
    time.sleep(digest.SETTLED_SECONDS + 0.1)
    known = {path: digest.file_digest(path, cached=True) for path in (one, other)}
    assert sqlite3.connect(digest.CACHE).execute("SELECT count(*) FROM kept").fetchone() == (2,)
    quietly(one, b"c" + b"a" * (digest.WORTH_CACHING_BYTES - 1))
    assert digest.file_digest(one, cached=True) == digest.file_digest(one) != known[one]
    quietly(one, b"a" * digest.WORTH_CACHING_BYTES)
    one.rename(tmp_path / "x")
    other.rename(one)
    (tmp_path / "x").rename(other)
    assert digest.file_digest(one, cached=True) == known[other] and digest.file_digest(other, cached=True) == known[one]


def test_state_of_other_params_is_left_alone_and_not_gone_on_from(project):
    """The saved state of a stopped run belongs to its fingerprint: other params start afresh and leave it there."""
    project.set("ending", "save")
    (project.folder / "started").unlink()
    process = project.start(out=f"{MADE}/a")
    while not (project.folder / "started").exists():
        time.sleep(0.02)
    process.terminate()
    process.communicate(timeout=60)
    assert process.returncode == 75
    states = list((project.folder / ".work/resume").glob("*/state"))
    project.set("ending", "good")
    assert project.run("four", out=f"{MADE}/a").returncode == 0
    made = json.loads((project.folder / MADE / "a/receipt.json").read_text())["fingerprint"]
    assert len(states) == 1 and states[0].exists() and states[0].parent.name != made[:16]
    shutil.rmtree(states[0].parent)
