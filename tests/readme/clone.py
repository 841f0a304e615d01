"""A fresh clone with the present environment in the place of its own, in which lines are run as a person types them."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.conftest import ROOT
from tests.pipeline.checkout import tracked

# Set-up is done; whoever calls for it again is told.
NO_UV = "#!/bin/sh\necho 'set-up was asked for where it is done' >&2\nexit 1\n"


class Clone:
    """The committed files, edits of today included, and no result."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in tracked():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name, follow_symlinks=False)
        subprocess.run(["git", "init", "--quiet"], cwd=folder, check=True)
        self._set_up()

    def _set_up(self) -> None:
        """As `make setup crate-env` leaves it, but for the packages, which are those of this process."""
        for name in (".venv", ".work/uv/bin", ".work/crate"):
            (self.folder / name).mkdir(parents=True)
        for place in Path(sys.prefix).iterdir():
            if place.name != "synced":
                (self.folder / ".venv" / place.name).symlink_to(place)
        uv = self.folder / ".work/uv/bin/uv"
        uv.write_text(NO_UV)
        uv.chmod(0o755)
        for name in (".venv/synced", ".work/crate/synced"):
            (self.folder / name).touch()

    def run(self, text: str, timeout_s: float = 600) -> subprocess.CompletedProcess[str]:
        """Lines of a shell, each of which must succeed."""
        environment = {**os.environ, "PYTHONPATH": str(self.folder), "OMP_NUM_THREADS": "1"}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        words = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", text]
        return subprocess.run(
            words, cwd=self.folder, env=environment, capture_output=True, text=True, timeout=timeout_s
        )
