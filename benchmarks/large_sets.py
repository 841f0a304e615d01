"""What sets of LSUN's size ask of a machine, counted on small ones: python -m benchmarks.large_sets

Run by hand. How often a training's batch reads the file of a pack, how much of a detector's waiting threads take away,
and how much work a kill costs; a set larger than memory is not needed to count them.
"""

import argparse
import contextlib
import io
import random
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
from PIL import Image

from stages import detect
from stages.data.detections import write_shards
from stages.data.instances import ImageDetections
from stages.data.prepared.order import Order, numbers_of
from stages.data.prepared.rows import Rows
from stages.teachers.detectors import found


class Killed(BaseException):
    """Stands for a kill."""


class Sleeping:
    """A detector that waits, as for a GPU, so long for each photo."""

    def __init__(self, seconds: float) -> None:
        self.seconds, self.seen = seconds, 0

    def find(self, files: Any) -> Iterator[tuple[str, ImageDetections]]:
        """Nothing is in any photo."""
        for batch in found.in_batches(files, 64):
            time.sleep(self.seconds * len(batch))
            self.seen += len(batch)
            yield from ((key, ImageDetections(*image.shape[1::-1], ())) for key, image in batch)


def photo(side: int) -> bytes:
    """An encoded photo of noise that compresses as photos do."""
    small = np.random.default_rng(0).integers(0, 256, (side // 8, side // 8, 3), np.uint8)
    stream = io.BytesIO()
    Image.fromarray(small).resize((side, side)).save(stream, "JPEG", quality=90)
    return stream.getvalue()


def detected(folder: Path, content: bytes, photos: int, shard: int, detector: Sleeping, kill_at: int = -1) -> float:
    """Seconds of one run, which dies at a photo where it is told to."""

    def advance(done: int, total: int, text: str) -> None:
        if done == kill_at:
            raise Killed

    block = SimpleNamespace(shard=shard, batch=8, minimum_side_px=0, minimum_long_side_px=0)
    job: Any = SimpleNamespace(block=block, resume=folder / "resume", advance=advance)
    listed = ((f"{number:06d}", lambda: content) for number in range(photos))
    started = time.monotonic()
    with contextlib.suppress(Killed):
        write_shards(folder, detect.shards(job, photos, listed, detector), {})
    return time.monotonic() - started


def reads(folder: Path, rows: int, side: int, batch: int, steps: int) -> str:
    """Calls of the system for a batch, and pages that a memory map would fetch one after another for it."""
    path = folder / "images.npy"
    np.lib.format.open_memmap(path, "w+", np.uint8, (rows, side, side, 3))
    held, order = Rows(path), Order(np.arange(rows), 0)
    for step in range(steps):
        held.take(order.places(numbers_of(step, batch, 0, 1)))
    pages = side * side * 3 / 4096
    return f"{held.reads / steps / batch:.3f} reads a row, in the file's order; by a memory map {pages:.0f} pages a row"


def main() -> None:
    """Prints a line for each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=int, default=1024)
    parser.add_argument("--side", type=int, default=768)
    parser.add_argument("--shard", type=int, default=256)
    chosen = parser.parse_args()
    content = photo(chosen.side)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        print(f"feed: {reads(folder, 2000, 256, 32, 60)}")
        started = time.monotonic()
        for _ in range(64):
            found.decode_upright(content)
        alone = (time.monotonic() - started) / 64
        both = detected(folder, content, chosen.photos, chosen.shard, Sleeping(alone)) / chosen.photos
        print(
            f"detection: {1e3 * both:.1f} ms a photo where decoding and the detector take {1e3 * alone:.1f} ms each: "
            f"{both / (2 * alone):.2f} of one after the other"
        )
        moments, seen = random.Random(0), 0
        kills = [moments.randrange(1, chosen.photos) for _ in range(8)]
        (folder / "killed").mkdir()
        for kill_at in [*kills, -1]:
            detector = Sleeping(0.0)
            detected(folder / "killed", content, chosen.photos, chosen.shard, detector, kill_at)
            seen += detector.seen
        again = (seen - chosen.photos) / len(kills) / chosen.shard
        print(f"kills: {len(kills)} at random photos; each costs {again:.2f} of a shard")


if __name__ == "__main__":
    main()
