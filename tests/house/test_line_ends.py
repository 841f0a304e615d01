"""A clone has the committed bytes, whatever its user told git of line ends: digests, locks and fingerprints agree."""

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = {"autocrlf": ["-c", "core.autocrlf=true"], "eol": ["-c", "core.autocrlf=false", "-c", "core.eol=crlf"]}


def git(*words: str, at: Path = ROOT) -> bytes:
    return subprocess.run(["git", *words], cwd=at, capture_output=True, check=True).stdout


@pytest.fixture(scope="module")
def committed() -> dict[str, bytes]:
    """The content of every tracked file, as git keeps it."""
    if not (ROOT / ".git").exists():
        pytest.skip("needs a checkout under git, this is an archive")
    entries = [entry.split(maxsplit=3) for entry in git("ls-tree", "-rz", "HEAD").decode().split("\0") if entry]
    asked = "".join(f"{digest}\n" for _, _, digest, _ in entries).encode()
    done = subprocess.run(["git", "cat-file", "--batch"], cwd=ROOT, input=asked, capture_output=True, check=True).stdout
    found, at = {}, 0
    for _, _, _, name in entries:
        head, _, _ = done[at:].partition(b"\n")
        start, size = at + len(head) + 1, int(head.split()[2])
        found[name], at = done[start : start + size], start + size + 1
    return found


@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)
def test_a_clone_has_the_committed_bytes(tmp_path, committed, settings):
    git("clone", "--quiet", "--no-local", *settings, str(ROOT), str(tmp_path / "clone"))
    other = []
    for name, content in committed.items():
        path = tmp_path / "clone" / name
        found = os.readlink(path).encode() if path.is_symlink() else path.read_bytes()
        if found != content:
            other.append(name)
    assert len(committed) > 500 and not other, f"{len(other)} files have other bytes, such as {other[:3]}"
    assert git("status", "--porcelain", at=tmp_path / "clone") == b""


def test_no_committed_text_has_other_line_ends(committed):
    """Which a clone with .gitattributes would show as changed."""
    assert not [name for name, content in committed.items() if b"\r\n" in content and b"\0" not in content]
