"""How fast an audit reads, beside sha256sum on the same files in the same run: python -m benchmarks.audit [FOLDER].

Prints MB/s of both and their ratio (at least 0.8 is asked), for the files of a folder (results/ if none is named) and
for large files made for it; then the seconds of whole commands. Each figure is the best of three, turn by turn.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from stages.retrace.evidence import hashing

ROUNDS = 3
LARGE_FILES, LARGE_BYTES = 4, 256 << 20


def files_of(folder: Path) -> list[tuple[str, int]]:
    """Plain files below a folder with their sizes, sorted by path."""
    found = [path for path in sorted(folder.rglob("*")) if path.is_file() and not path.is_symlink()]
    return [(path.as_posix(), path.stat().st_size) for path in found]


def seconds(action: Callable[[], object]) -> float:
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


def theirs(files: list[tuple[str, int]]) -> dict[str, str]:
    """sha256sum over the same files, in as few calls as the system allows."""
    names = "\0".join(name for name, _ in files)
    done = subprocess.run(["xargs", "-0", "sha256sum", "--"], input=names, capture_output=True, text=True, check=True)
    return {line[66:]: line[:64] for line in done.stdout.splitlines()}


def compare(title: str, files: list[tuple[str, int]]) -> None:
    """One line: both rates and the ratio; stops if the digests are not equal."""
    total = sum(size for _, size in files)
    one, other = theirs(files), hashing.digests(files)
    if {name: (digest,) for name, digest in one.items()} != other:
        raise ValueError(f"{title}: sha256sum and the audit give other digests for the same files")
    rounds = [(seconds(lambda: theirs(files)), seconds(lambda: hashing.digests(files))) for _ in range(ROUNDS)]
    sums, ours = (min(column) for column in zip(*rounds, strict=True))
    print(f"{title}: {len(files)} files, {total / 1e6:.1f} MB; sha256sum {total / 1e6 / sums:.0f} MB/s, "
          f"audit {total / 1e6 / ours:.0f} MB/s, ratio {sums / ours:.2f}")  # fmt: skip


def main() -> None:
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "results")
    if files := files_of(folder):
        compare(folder.as_posix(), files)
    with tempfile.TemporaryDirectory() as made:
        for index in range(LARGE_FILES):
            Path(made, f"{index}.bin").write_bytes(os.urandom(LARGE_BYTES))
        compare("large files", files_of(Path(made)))
    for scope in ("--no-data", "--bytes"):
        best = min(seconds(lambda scope=scope: audit(scope)) for _ in range(ROUNDS))
        print(f"retrace audit {scope}: {best:.2f} s")


def audit(scope: str) -> None:
    """The whole command, as a user calls it."""
    command = [sys.executable, "-m", "stages.retrace.main", "audit", scope]
    subprocess.run(command, capture_output=True, check=False)


if __name__ == "__main__":
    main()
