"""Files that were spoiled, each in several ways under each command: a finding, or one line and exit code 3."""

import json
import os
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from stages.retrace.crate import command as crate
from stages.retrace.main import app
from tests.retrace.test_trace import MODEL, TABLE
from tests.retrace.toy_paper import ToyPaper

COMMANDS = (
    ("trace", TABLE), ("explain",), ("claims",), ("status",), ("crate", "packed"), ("doctor",), ("report", "pages"),
)  # fmt: skip
FILES = (
    "results/receipts/table.json", f"{MODEL}/receipt.json", f"results/receipts/{'0' * 64}.json",
    "results/receipts/current/x", f"results/receipts/waivers/{'0' * 64}.json", "stages/papers/toy/claims.yaml",
    "stages/papers/toy/gaps.yaml", "stages/papers/toy/reported.csv", TABLE, "results/tables/toy_claims.csv",
    "results/tables/toy_claims.json", "dvc.lock", "params.yaml", "stages/papers/toy/params.yaml", "dvc.yaml",
    "stages/code.json", ".work/runs/results~tables~table.jsonl", ".work/locks/results~tables~table.lock",
    ".dvc/tmp/rwlock", ".work/running/x.json", ".work/resume/0123456789abcdef", ".work/config",
)  # fmt: skip
HARMS = {
    "empty": b"", "cut": None, "not UTF-8": b"a: \xe9\xff\n", "NUL": b"a\0b\n", "list": b"[]", "number": b"3\n",
    "deep": b"[" * 10_000, "mapping": b'{"a": {"b": 1}}\n', "long field": b"a,b\n1," + b"x" * 200_000 + b"\n",
    "folder": "folder", "loop": "loop", "pipe": "pipe",
}  # fmt: skip


@pytest.fixture(scope="module")
def spoilt(published, tmp_path_factory) -> ToyPaper:
    """A copy in which each test puts back what it spoiled."""
    paper = published.copy_to(tmp_path_factory.mktemp("spoilt") / "paper")
    (paper.folder / "validator/bin").mkdir(parents=True)
    (paper.folder / "validator/bin/python").touch()
    return paper


def spoil(path: Path, whole: bytes, harm: bytes | str | None) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if harm == "folder":
        path.mkdir()
    elif harm == "loop":
        path.symlink_to(path.name)
    elif harm == "pipe":
        os.mkfifo(path)
    else:
        path.write_bytes(whole[: len(whole) // 2] if harm is None else harm)  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("number", range(len(FILES)), ids=FILES)
def test_a_spoiled_file_is_told_and_ends_in_no_traceback(spoilt, monkeypatch, number):
    monkeypatch.chdir(spoilt.folder)
    monkeypatch.setattr(crate, "ENVIRONMENT", Path("validator"))
    monkeypatch.setattr(crate, "judge", lambda made: {"checks": 1, "issues": []})
    path, aside = Path(FILES[number]), Path("aside")
    whole = path.read_bytes() if path.is_file() else b'{"stage": '
    if path.exists():
        path.rename(aside)
    for place, words in enumerate(COMMANDS):
        name = list(HARMS)[(number + 5 * place) % len(HARMS)]
        spoil(path, whole, HARMS[name])
        done = CliRunner().invoke(app, [*words, "--json"])
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
        said = f"{words[0]} over {name}: {done.output[:400]} {done.exception!r}"
        assert done.exit_code in (0, 1, 3) and isinstance(done.exception, SystemExit | None), said
        if done.exit_code == 3:
            assert len(done.output.strip().splitlines()) == 1 and not done.stdout.startswith("{"), said
        else:
            assert isinstance(json.loads(done.stdout), dict), said
    if aside.exists():
        aside.rename(path)


def test_what_is_spoiled_is_named_with_what_to_do(spoilt):
    """In the words of the commands that read it."""
    for name, text, words, told in (
        ("dvc.lock", "[]", ("explain",), ("dvc.lock is not what DVC writes", "git checkout dvc.lock")),
        ("stages/papers/toy/claims.yaml", "- {id: C1}\n", ("claims",), ("claims.yaml: 0.claim: Field required",)),
        ("stages/papers/toy/gaps.yaml", "- {id: 3}\n", ("claims",), ("gaps.yaml: 0.id", "git checkout")),
        ("params.yaml", "profile: [\n", ("explain",), ("params.yaml is not valid YAML: line",)),
        ("dvc.yaml", "3\n", ("explain",), ("dvc.yaml", "make graph")),
    ):
        path = spoilt.folder / name
        before = path.read_bytes() if path.is_file() else None
        path.write_text(text)
        code, said = spoilt.say(*words)
        path.unlink() if before is None else path.write_bytes(before)
        assert code == 3 and all(part in said for part in told), (name, said)
