"""MATLAB files of version 4 to 7, read element by element: each tag is checked before anything in it is believed.

scipy's reader takes types and sizes from the file as they stand, and kills the process by SIGSEGV over a damaged one.
Source: "MAT-File Format", MathWorks: levels 4 and 5. Left out, since no annotation needs them: sparse and opaque
variables, objects and function handles; a variable of such a class is passed over.
"""

import struct
import zlib
from math import prod
from typing import NamedTuple

import numpy as np

HEADER_BYTES = 128
HDF5 = b"\x89HDF"
MATRIX, COMPRESSED = 14, 15
NUMBERS = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
TEXTS = {1: "latin-1", 2: "latin-1", 4: "utf-16", 16: "utf-8", 17: "utf-16", 18: "utf-32"}
CELL, STRUCT, CHARACTERS = 1, 2, 4
CLASSES = {6: "f8", 7: "f4", 8: "i1", 9: "u1", 10: "i2", 11: "u2", 12: "i4", 13: "u4", 14: "i8", 15: "u8"}
COMPLEX = 0x0800
OLD_NUMBERS = ("f8", "f4", "i4", "i2", "u2", "u1")
DEEPEST = 20
# No table of annotations is larger; what claims to be would only fill the memory.
LARGEST_BYTES = 1 << 28


class _Element(NamedTuple):
    kind: int
    content: bytes


def read(content: bytes) -> dict[str, np.ndarray]:
    """The variables by name: numbers as arrays, texts as arrays of str, cells and structs as arrays of objects.

    Shapes: as MATLAB has them, at least two axes; a text has one entry a row. Raises: ValueError for any damage.
    """
    if content[:4] == HDF5 or b"MATLAB 7.3" in content[:HEADER_BYTES]:
        raise ValueError("a file of version 7.3; save it anew with -v7")
    order = {b"IM": "<", b"MI": ">"}.get(content[126:128])
    if order is None:
        return _old(content)
    found, left = {}, LARGEST_BYTES
    for element in _Reader(content[HEADER_BYTES:], order).elements():
        if element.kind == COMPRESSED:
            inflated = _inflated(element.content, left)
            left -= len(inflated)
            (element,) = _Reader(inflated, order).elements()
        if element.kind != MATRIX:
            raise ValueError(f"an element of type {element.kind} in the place of a variable")
        name, values = _Reader(element.content, order).variable(1)
        if values is not None:
            found[name] = values
    return found


def _old(content: bytes) -> dict[str, np.ndarray]:
    """A file of version 4: full arrays one after another, each behind type, rows, columns, complex or not, and name."""
    found, place = {}, 0
    while place < len(content) or not found:
        order = ">" if content[place : place + 2] == b"\0\0" and content[place + 2 : place + 4] != b"\0\0" else "<"
        head = content[place : place + 20]
        kind, rows, columns, has_imaginary, length = struct.unpack(f"{order}5i", head) if len(head) == 20 else (-1,) * 5
        number, form = kind // 10 % 10, kind % 10
        wanted = 0 <= kind < 1060 and kind // 100 in (0, 10) and number < len(OLD_NUMBERS) and form < 3
        if not wanted or min(rows, columns, length - 1) < 0 or has_imaginary not in (0, 1):
            raise ValueError("no mark of a MATLAB file of version 4 to 7")
        name, place = content[place + 20 : place + 20 + length].rstrip(b"\0").decode("latin-1"), place + 20 + length
        size = rows * columns * np.dtype(OLD_NUMBERS[number]).itemsize
        if place + size * (1 + has_imaginary) > len(content):
            raise ValueError("an end amid an array")
        values = np.frombuffer(content, np.dtype(order + OLD_NUMBERS[number]), rows * columns, place)
        place += size * (1 + has_imaginary)
        if not form and not has_imaginary:
            found[name] = values.reshape(rows, columns, order="F")
    return found


def _inflated(content: bytes, most: int) -> bytes:
    stream = zlib.decompressobj()
    # No limit at all is what 0 would mean.
    inflated = stream.decompress(content, most + 1)
    if not stream.eof or len(inflated) > most:
        raise ValueError(f"a compressed variable that is cut, or more than {LARGEST_BYTES} bytes in all of them")
    return inflated


class _Reader:
    """The elements of a stretch of bytes, one after another."""

    def __init__(self, content: bytes, order: str) -> None:
        self.content, self.order, self.place = content, order, 0

    def elements(self) -> list[_Element]:
        found = []
        while self.place < len(self.content):
            found.append(self.next())
        return found

    def next(self) -> _Element:
        """The element at the place; small ones lie within their tag, all but compressed ones end at multiples of 8."""
        if self.place + 8 > len(self.content):
            raise ValueError("an end amid an element")
        first, size = struct.unpack_from(f"{self.order}II", self.content, self.place)
        small = first >> 16
        kind, size, start = (first & 0xFFFF, small, self.place + 4) if small else (first, size, self.place + 8)
        if size > (4 if small else len(self.content) - start):
            raise ValueError(f"an element of {size} bytes where fewer are left")
        self.place = start + 4 if small else start + size + (0 if kind == COMPRESSED else -size % 8)
        return _Element(kind, self.content[start : start + size])

    def variable(self, depth: int) -> tuple[str, np.ndarray | None]:
        """(name, values) of an array; None for one of a class that is passed over."""
        if depth > DEEPEST:
            raise ValueError(f"arrays within arrays, more than {DEEPEST} deep")
        if not self.content:
            return "", np.zeros((0, 0))
        flags = self._numbers(6)
        shape = tuple(self._numbers(5).tolist())
        name = self._text().strip("\0")
        if not len(flags) or len(shape) < 2 or min(shape) < 0:
            raise ValueError(f"an array of shape {shape}")
        kind = int(flags[0]) & 0xFF
        if kind == CELL:
            return name, self._objects(prod(shape), 1, depth)[:, 0].reshape(shape, order="F")
        if kind == STRUCT:
            return name, self._struct(shape, depth)
        if kind == CHARACTERS:
            return name, self._characters(shape)
        if kind not in CLASSES:
            return name, None
        values = self._values(shape, CLASSES[kind])
        return name, values + 1j * self._values(shape, CLASSES[kind]) if int(flags[0]) & COMPLEX else values

    def _numbers(self, wanted: int = 0) -> np.ndarray:
        kind, content = self.next()
        if kind not in NUMBERS or (wanted and kind != wanted):
            raise ValueError(f"an element of type {kind} in the place of numbers")
        return np.frombuffer(content, np.dtype(self.order + NUMBERS[kind]))

    def _text(self) -> str:
        kind, content = self.next()
        if kind not in TEXTS:
            raise ValueError(f"an element of type {kind} in the place of a text")
        wide = TEXTS[kind] in ("utf-16", "utf-32")
        return content.decode(TEXTS[kind] + (("-le" if self.order == "<" else "-be") if wide else ""))

    def _values(self, shape: tuple[int, ...], kind: str) -> np.ndarray:
        values = self._numbers()
        if len(values) != prod(shape):
            raise ValueError(f"{len(values)} numbers for an array of shape {shape}")
        return values.astype(kind).reshape(shape, order="F")

    def _characters(self, shape: tuple[int, ...]) -> np.ndarray:
        """One text for each row."""
        text = self._text()
        if shape[0] == 1 or not text:
            return np.array([text] if text else [], str)
        if len(text) != prod(shape):
            raise ValueError(f"{len(text)} characters for an array of shape {shape}")
        return np.array([text[row :: shape[0]] for row in range(shape[0])])

    def _struct(self, shape: tuple[int, ...], depth: int) -> np.ndarray:
        width = self._numbers(5)
        names = self._text()
        step = int(width[0]) if len(width) else 0
        if step < 1 or len(names) % step:
            raise ValueError("a struct whose field names do not fit their length")
        fields = [names[start : start + step].split("\0")[0] for start in range(0, len(names), step)]
        if not fields or len(set(fields)) != len(fields) or "" in fields:
            raise ValueError(f"a struct with the fields {fields}")
        values = self._objects(prod(shape), len(fields), depth)
        made = np.empty(len(values), [(name, object) for name in fields])
        for position, name in enumerate(fields):
            made[name] = values[:, position]
        return made.reshape(shape, order="F")

    def _objects(self, count: int, width: int, depth: int) -> np.ndarray:
        """The arrays of cells, or of a struct's fields. Shapes: -> object [count width]."""
        if count * width * 8 > len(self.content):
            raise ValueError(f"{count * width} arrays in {len(self.content)} bytes")
        found = np.empty((count, width), object)
        for place in np.ndindex(count, width):
            kind, content = self.next()
            if kind != MATRIX:
                raise ValueError(f"an element of type {kind} in the place of an array")
            found[place] = _Reader(content, self.order).variable(depth + 1)[1]
        return found
