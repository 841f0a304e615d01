"""A copy of the project as a clone has it, under git, in a profile of choice, to run the engines in."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from tests.pipeline.warm import warm

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
# The last is what DVC's first stage, which Snakemake does not have, writes.
NOT_MADE_BY_STAGES = {".snakemake_timestamp", ".gitignore", "graph.json"}


def tracked() -> list[str]:
    """Files that git keeps, or that a copy without git holds outside the ignored folders."""
    words = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True)
    if done.returncode == 0:
        # A lock that lies here says what is built here, which the copy is not.
        return sorted(name for name in set(done.stdout.splitlines()) - {"dvc.lock"} if (ROOT / name).is_file())
    ignored = {".venv", ".work", ".snakemake", "results", "data", "__pycache__", "dvc.lock"}
    files = (path.relative_to(ROOT) for path in ROOT.rglob("*") if path.is_file())
    return sorted(path.as_posix() for path in files if not ignored & set(path.parts))


class Checkout:
    """The project's files in a folder of their own."""

    def __init__(self, folder: Path, profile: str, files: list[str] | None = None) -> None:
        self.folder = folder
        for name in files or tracked():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name, follow_symlinks=False)
        subprocess.run(["git", "init", "--quiet"], cwd=folder, check=True)
        warm(folder)
        self.edit("params.yaml", r"(?m)^profile: \w+$", f"profile: {profile}")

    def edit(self, name: str, pattern: str, new: str) -> None:
        """Replaces the one match of a pattern in a file."""
        path = self.folder / name
        text, count = re.subn(pattern, new, path.read_text(encoding="utf-8"))
        assert count == 1, f"{pattern!r} matches {count} times in {name}"
        path.write_text(text, encoding="utf-8")

    def call(self, *words: str, timeout_s: float = 1500) -> subprocess.CompletedProcess[str]:
        """Runs a program of this environment inside the copy, with the copy's own code."""
        environment = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}
        environment["PYTHONPATH"] = str(self.folder)
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        command = [str(BIN / words[0]), *words[1:]]
        return subprocess.run(
            command, cwd=self.folder, env=environment, capture_output=True, text=True, timeout=timeout_s
        )

    def stage(self, command: str) -> subprocess.CompletedProcess[str]:
        """Runs one stage's command as an engine would."""
        return self.call("python", *command.removeprefix("exec python ").split())

    def results(self) -> dict[str, bytes]:
        """Every file that a stage made, receipts included, by path."""
        found = sorted((self.folder / "results").rglob("*"))
        files = [path for path in found if path.is_file() and path.name not in NOT_MADE_BY_STAGES]
        return {path.relative_to(self.folder).as_posix(): path.read_bytes() for path in files}
