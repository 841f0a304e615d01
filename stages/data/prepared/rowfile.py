"""A .npy file that grows by rows: a dataset larger than memory can be written, and gone on with after a kill."""

import hashlib
import os
from collections.abc import Sequence
from math import prod
from pathlib import Path
from typing import BinaryIO

import numpy as np

PIECE_BYTES = 1 << 24


class RowFile:
    """Rows of one shape and type; the header, padded by numpy for that purpose, is rewritten at the end.

    Of a file that is there already `cut` says how many rows stay.
    Raises: ValueError for a row of another shape or type.
    """

    def __init__(self, path: Path, shape: tuple[int, ...], kind: str) -> None:
        self.path, self.shape, self.kind, self.count = path, shape, np.dtype(kind), 0
        self._row_bytes = prod(shape) * self.kind.itemsize
        self._stream: BinaryIO = path.open("r+b" if path.exists() else "w+b")
        self._header()
        self._start = self._stream.tell()
        self._digest = hashlib.sha256()

    def _header(self) -> None:
        header = {"descr": self.kind.str, "fortran_order": False, "shape": (self.count, *self.shape)}
        np.lib.format.write_array_header_1_0(self._stream, header)

    def add(self, value: np.ndarray) -> None:
        """Appends one row."""
        if value.shape != self.shape or value.dtype != self.kind:
            wanted = f"{self.kind} rows of shape {self.shape}"
            raise ValueError(f"{self.path}: expected {wanted}, came {value.dtype} {value.shape}")
        content = np.ascontiguousarray(value).data
        self._stream.write(content)
        self._digest.update(content)
        self.count += 1

    def mark(self) -> tuple[int, str]:
        """Forces all rows to the disk; how many there are, and the sha256 of those since the last mark."""
        self._stream.flush()
        os.fsync(self._stream.fileno())
        digest, self._digest = self._digest.hexdigest(), hashlib.sha256()
        return self.count, digest

    def sound(self, marks: Sequence[tuple[int, str]]) -> int:
        """How many of the marks, from the first on, the file's bytes bear out."""
        self._stream.seek(self._start)
        rows = 0
        for number, (count, wanted) in enumerate(marks):
            digest, left = hashlib.sha256(), (count - rows) * self._row_bytes
            while left > 0 and (piece := self._stream.read(min(left, PIECE_BYTES))):
                digest.update(piece)
                left -= len(piece)
            if left or digest.hexdigest() != wanted:
                return number
            rows = count
        return len(marks)

    def cut(self, rows: int) -> None:
        """Keeps the first rows; the next one comes behind them."""
        self.count = rows
        self._stream.truncate(self._start + rows * self._row_bytes)
        self._stream.seek(0, os.SEEK_END)

    def close(self) -> None:
        """Writes the number of rows into the header."""
        self._stream.seek(0)
        self._header()
        if self._stream.tell() != self._start:
            raise ValueError(f"{self.path}: expected a header of {self._start} bytes, came {self._stream.tell()}")
        self._stream.close()
