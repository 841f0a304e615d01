"""Rows of a packed array by position: read in the file's order, those that lie side by side at once, by any thread.

A memory map would fetch a row page by page, one after another, whoever else waits for rows of the same file.
"""

import os
import weakref
from pathlib import Path

import numpy as np

# What the system takes in one call (IOV_MAX).
MOST_ROWS = 1024


class Rows:
    """An array of a pack on disk. `reads` counts calls of the system."""

    def __init__(self, path: Path) -> None:
        """Raises: FileNotFoundError; ValueError for a file that is no whole array."""
        mapped = np.load(path, mmap_mode="r", allow_pickle=False)
        self.path, self.shape, self.dtype, self.reads = path, mapped.shape, mapped.dtype, 0
        self._start, self._row_bytes = mapped.offset, mapped.nbytes // max(len(mapped), 1)
        self._descriptor = os.open(path, os.O_RDONLY)
        weakref.finalize(self, os.close, self._descriptor)

    def take(self, positions: np.ndarray) -> np.ndarray:
        """The rows in the order of the positions. Shapes: int64 [n] -> [n ...]."""
        made = np.empty((len(positions), *self.shape[1:]), self.dtype)
        flat = made.view(np.uint8).reshape(len(positions), self._row_bytes)
        run: list[int] = []
        again: list[tuple[int, int]] = []
        for place in np.argsort(positions, kind="stable").tolist():
            ahead = int(positions[place] - positions[run[-1]]) if run else 0
            if run and ahead == 0:
                again.append((place, run[-1]))
                continue
            if run and (ahead > 1 or len(run) == MOST_ROWS):
                self._read(flat, run, int(positions[run[0]]))
                run = []
            run.append(place)
        if run:
            self._read(flat, run, int(positions[run[0]]))
        for place, same in again:
            flat[place] = flat[same]
        return made

    def _read(self, flat: np.ndarray, places: list[int], first: int) -> None:
        """Rows that follow each other in the file, each into its place."""
        wanted, came = len(places) * self._row_bytes, 0
        while came < wanted:
            row, within = divmod(came, self._row_bytes)
            parts = [flat[places[row], within:].data, *(flat[place].data for place in places[row + 1 :])]
            got = os.preadv(self._descriptor, parts, self._start + first * self._row_bytes + came)
            self.reads += 1
            if not got:
                raise ValueError(f"{self.path}: expected {self.shape[0]} rows, came a shorter file; run prepare anew")
            came += got
