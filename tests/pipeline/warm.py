"""The hash cache as a tree has it once a stage with all libraries has run there: gigabytes that no test hashes anew."""

import os
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

from stages.runner.digest import CACHE

ROOT = Path(__file__).resolve().parents[2]
LIBRARIES = "import PIL.Image, matplotlib.pyplot, numpy, pyarrow.parquet, scipy.ndimage, torch, torchvision\n"
LOADED = "import sys; from pathlib import Path; from stages.runner import packages; packages.loaded(Path(sys.argv[1]))"


def warm(folder: Path) -> None:
    """Puts the cache where a tree's runner looks for it."""
    (folder / CACHE).parent.mkdir(exist_ok=True)
    (folder / CACHE).write_bytes(_known())


@cache
def _known() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        words = [sys.executable, "-c", LIBRARIES + LOADED, str(ROOT / "envs/core.lock")]
        subprocess.run(words, cwd=folder, env={**os.environ, "PYTHONPATH": str(ROOT)}, check=True)
        return (Path(folder) / CACHE).read_bytes()
