"""A .npy file that grows by rows, so that a dataset larger than memory can be written."""

from pathlib import Path
from typing import BinaryIO

import numpy as np


class RowFile:
    """Rows of one shape and type; the header, padded by numpy for that purpose, is rewritten at the end.

    Raises: ValueError for a row of another shape or type.
    """

    def __init__(self, path: Path, shape: tuple[int, ...], kind: str) -> None:
        self.path, self.shape, self.kind, self.count = path, shape, np.dtype(kind), 0
        self._stream: BinaryIO = path.open("wb")
        self._header()
        self._start = self._stream.tell()

    def _header(self) -> None:
        header = {"descr": self.kind.str, "fortran_order": False, "shape": (self.count, *self.shape)}
        np.lib.format.write_array_header_1_0(self._stream, header)

    def add(self, value: np.ndarray) -> None:
        """Appends one row."""
        if value.shape != self.shape or value.dtype != self.kind:
            wanted = f"{self.kind} rows of shape {self.shape}"
            raise ValueError(f"{self.path}: expected {wanted}, came {value.dtype} {value.shape}")
        self._stream.write(np.ascontiguousarray(value).data)
        self.count += 1

    def close(self) -> None:
        """Writes the number of rows into the header."""
        self._stream.seek(0)
        self._header()
        if self._stream.tell() != self._start:
            raise ValueError(f"{self.path}: expected a header of {self._start} bytes, came {self._stream.tell()}")
        self._stream.close()
