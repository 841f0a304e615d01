"""A git revision, laid out in a folder from objects that are each what their name says.

Git can be told to show another object in an object's place (`git replace`, attributes of an archive), and reads what
lies under a name without asking whether it belongs there. A digest of a commit commits to all below it only for a
reader who checks.
"""

import hashlib
import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

TREE, FILES = b"40000", (b"100644", b"100755")
# How long an object's name is, by what made it.
ALGORITHMS = {40: "sha1", 64: "sha256"}


@contextmanager
def revision(name: str) -> Iterator[Path]:
    """A git revision of this project, laid out in a temporary folder.

    Raises: ValueError if git knows no such revision; FileNotFoundError without git or a repository; OSError for an
    object that is missing or damaged.
    """
    commit = _ask(name, "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
    inside = PurePosixPath(_ask(name, "--show-prefix"))
    with tempfile.TemporaryDirectory() as folder, _Objects(name) as objects:
        head = objects.read(commit, b"commit").partition(b"\n")[0]
        tree = head.removeprefix(b"tree ").decode()
        for part in inside.parts:
            known = {entry: (mode, inner) for mode, entry, inner in objects.entries(tree)}
            if known.get(part, (b"", ""))[0] != TREE:
                raise ValueError(f"--against {name}: git has no such revision of this project: no folder {inside}")
            tree = known[part][1]
        _lay_out(objects, tree, Path(folder))
        yield Path(folder)


def _ask(name: str, *words: str) -> str:
    try:
        done = subprocess.run(["git", "rev-parse", *words], capture_output=True, check=False, env=_environment())
    except FileNotFoundError:
        raise FileNotFoundError("--against needs the program git, which is not installed here") from None
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip()
        if "not a git repository" in said.lower():
            raise FileNotFoundError(f"--against needs the project's git repository: {said}")
        raise ValueError(f"--against {name}: git has no such revision of this project{f': {said}' if said else ''}")
    return done.stdout.decode(errors="replace").strip()


def _environment() -> dict[str, str]:
    return {**os.environ, "GIT_NO_REPLACE_OBJECTS": "1"}


class _Objects:
    """Git's objects by name, each hashed as it is read."""

    def __init__(self, revision: str) -> None:
        self._revision = revision

    def __enter__(self) -> "_Objects":
        words, pipe = ["git", "cat-file", "--batch"], subprocess.PIPE
        self._git = subprocess.Popen(words, stdin=pipe, stdout=pipe, env=_environment())
        return self

    def __exit__(self, *_: object) -> None:
        self._git.communicate()

    def read(self, name: str, kind: bytes) -> bytes:
        """The content of an object.    Raises: OSError if it is missing, of another kind, or not what its name says."""
        assert self._git.stdin and self._git.stdout
        self._git.stdin.write(f"{name}\n".encode())
        self._git.stdin.flush()
        words = self._git.stdout.readline().split()
        if len(words) != 3 or words[1] != kind:
            found = b" ".join(words).decode(errors="replace") or "none"
            raise OSError(
                f"--against {self._revision}: expected a {kind.decode()} {name} in git, found {found}; "
                "fetch the repository anew"
            )
        content = self._git.stdout.read(int(words[2]))
        self._git.stdout.read(1)
        made = hashlib.new(ALGORITHMS[len(name)], b"%s %d\0" % (kind, len(content)), usedforsecurity=False)
        made.update(content)
        if made.hexdigest() != name:
            raise OSError(
                f"--against {self._revision}: git's {kind.decode()} {name} holds what has the name "
                f"{made.hexdigest()}: it was damaged or replaced; fetch the repository anew"
            )
        return content

    def entries(self, tree: str) -> Iterator[tuple[bytes, str, str]]:
        """(mode, name, object) of everything in a folder."""
        rest, size = self.read(tree, b"tree"), len(tree) // 2
        while rest:
            head, _, rest = rest.partition(b"\0")
            mode, _, name = head.partition(b" ")
            yield mode, os.fsdecode(name), rest[:size].hex()
            rest = rest[size:]


def _lay_out(objects: _Objects, tree: str, folder: Path) -> None:
    for mode, name, inner in list(objects.entries(tree)):
        if name in ("", ".", "..") or "/" in name:
            raise OSError(f"git's tree {tree} holds the name {name!r}, which leads elsewhere")
        place = folder / name
        if mode == TREE:
            place.mkdir()
            _lay_out(objects, inner, place)
        elif mode in FILES:
            place.write_bytes(objects.read(inner, b"blob"))
