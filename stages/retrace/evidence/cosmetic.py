"""Edits of code that change nothing: in comments, layout and docstrings, which `runner/code.py` leaves out."""

import hashlib
import subprocess
from functools import cache
from pathlib import Path

from stages.runner.code import read_source


def is_cosmetic(path: str, old_sha256: str, top: Path) -> bool | None:
    """Whether a Python file under `top` has the same syntax tree as the text that had the old sha256.

    The old text comes from git's history, found by its digest; None where it is not there.
    """
    now = top / path
    if now.suffix != ".py" or not now.is_file():
        return False
    old = old_text(path, old_sha256)
    return None if old is None else read_source(old).tree == read_source(now.read_bytes()).tree


@cache
def old_text(path: str, sha256: str) -> bytes | None:
    """The committed version of a file that has this sha256, from any branch; None if there is none, or no git."""
    try:
        listed = subprocess.run(
            ["git", "log", "--all", "--format=%H", "--", path],
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            check=False,
        )
        wanted = "".join(f"{commit}:./{path}\n" for commit in listed.stdout.split())
        if listed.returncode or not wanted:
            return None
        held = subprocess.run(["git", "cat-file", "--batch"], input=wanted.encode(), capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    rest = held.stdout
    while rest:
        header, _, rest = rest.partition(b"\n")
        words = header.split()
        if len(words) != 3 or words[1] != b"blob":  # a commit that deleted the file
            continue
        text, rest = rest[: int(words[2])], rest[int(words[2]) + 1 :]
        if hashlib.sha256(text).hexdigest() == sha256:
            return text
    return None
