"""A pack while it grows: its arrays on the disk, and what its index will say of each row."""

import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from stages.data.prepared.crop import tight_box
from stages.data.prepared.row import Extra, Row
from stages.data.prepared.rowfile import RowFile

NO_BOX = (-1, -1, -1, -1)


class Growing:
    """Rows in key order. `folder` holds the arrays until `finish`.

    Those that a killed run left are gone on with by `restore`, and what is behind their last whole shard goes by `cut`.

    With `blank_masks` a mask may be empty or not known (None, written as zeros); its box is -1 then.
    """

    def __init__(self, folder: Path, size_px: int, masks: bool, extras: Mapping[str, Extra], blank_masks: bool) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.blank_masks = folder, blank_masks
        kinds = {"images": Extra((size_px, size_px, 3), "|u1")}
        kinds |= {"masks": Extra((size_px, size_px), "|u1")} if masks else {}
        self._files = {
            name: RowFile(folder / f"{name}.npy", kind.shape, kind.kind) for name, kind in {**kinds, **extras}.items()
        }
        self.extras, self.has_masks = tuple(extras), masks
        self.keys, self.sources, self.digests = list[str](), list[str](), list[str]()
        self.boxes: list[Sequence[int]] = []
        self._marked = 0

    def add(self, row: Row) -> None:
        """Appends one row. Raises: ValueError out of key order, of a wrong shape, and for an empty mask."""
        if self.keys and row.key <= self.keys[-1]:
            raise ValueError(f"{self.folder}: expected rows in key order, came {row.key!r} after {self.keys[-1]!r}")
        self._files["images"].add(row.image)
        for name in self.extras:
            self._files[name].add(row.extras[name])
        box: Sequence[int] = NO_BOX
        if self.has_masks:
            masks = self._files["masks"]
            mask = np.zeros(masks.shape, np.uint8) if row.mask is None else row.mask
            found = tight_box(mask)
            if found is None and not self.blank_masks:
                raise ValueError(
                    f"{self.folder}: expected a mask with at least one pixel for key {row.key!r}, came an empty one"
                )
            masks.add(mask)
            box = tuple(map(int, found)) if found else NO_BOX
        self._index(row.key, row.source, row.digest, box)

    def mark(self) -> dict[str, Any]:
        """The rows since the last mark, as JSON holds them, and how far the arrays are, which are on the disk then."""
        columns = (self.keys, self.sources, self.digests, self.boxes)
        rows = list(zip(*(column[self._marked :] for column in columns), strict=True))
        self._marked = len(self.keys)
        return {"rows": rows, "files": {name: file.mark() for name, file in self._files.items()}}

    def sound(self, marks: Sequence[Mapping[str, Any]]) -> int:
        """How many of the marks' files, from the first on, the arrays bear out."""
        return min(file.sound([mark[name] for mark in marks]) for name, file in self._files.items())

    def restore(self, rows: Sequence[tuple[str, str, str, Sequence[int]]]) -> None:
        """Takes up the rows of a sound mark."""
        for row in rows:
            self._index(*row)

    def cut(self) -> None:
        """The arrays end with the rows that were taken up."""
        self._marked = len(self.keys)
        for file in self._files.values():
            file.cut(self._marked)

    def finish(self, out: Path) -> None:
        """Ends the arrays and puts them into the pack."""
        for file in self._files.values():
            file.close()
            if file.path.parent != out:
                shutil.move(file.path, out / file.path.name)

    def _index(self, key: str, source: str, digest: str, box: Sequence[int]) -> None:
        self.keys.append(key)
        # Of a database all are one.
        self.sources.append(sys.intern(source))
        self.digests.append(digest)
        self.boxes.append(box)
