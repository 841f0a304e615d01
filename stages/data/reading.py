"""Users' files through libraries: whatever a library raises over damaged bytes becomes one kind of error.

zlib, zipfile, scipy, numpy, pyarrow and json raise dozens of types over a damaged file (zlib.error, MatReadError,
KeyError, RecursionError, MemoryError, …), none of which names the file.
"""

import io
import zipfile
from math import isfinite, prod
from pathlib import Path

import numpy as np

from stages.data import mat_file, sizes
from stages.data.files import REMEDY, json_of, reading

__all__ = ["finite", "json_of", "mat", "member", "npz", "reading", "whole", "zip_of"]


def finite(word: str) -> float:
    """A number of a text list. Raises: ValueError for no number, NaN and infinity."""
    value = float(word)
    if not isfinite(value):
        raise ValueError(f"{word} is not finite")
    return value


def whole(values: np.ndarray) -> list[int]:
    """The numbers of an array. Raises: ValueError for what is no whole number."""
    flat = np.asarray(values).ravel()
    if flat.dtype.kind not in "iuf" or (flat.dtype.kind == "f" and not (flat == np.floor(flat)).all()):
        raise ValueError(f"{flat[:3].tolist()} of type {flat.dtype} are no whole numbers")
    return [int(value) for value in flat]


def mat(content: bytes, place: Path) -> dict[str, np.ndarray]:
    """The variables of a MATLAB file, version 4 to 7. Raises: ValueError naming the place."""
    with reading(place, "a MATLAB file (saved by -v7 or -v6)"):
        return mat_file.read(content)


def npz(content: bytes, place: Path, names: tuple[str, ...], remedy: str = REMEDY) -> list[np.ndarray]:
    """The named arrays of an .npz file; no object is unpickled. Raises: ValueError naming the place."""
    with reading(place, f"plain arrays {' and '.join(names)}", remedy):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            sizes.judge_members(archive.infolist(), len(content), sizes.MOST_BYTES)
            for name in names:
                _judge_array(archive, f"{name}.npy")
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            return [arrays[name] for name in names]


def _judge_array(archive: zipfile.ZipFile, name: str) -> None:
    """numpy makes room for what the head of an array declares. Raises: ValueError where the member has not as much."""
    with archive.open(name) as stream:
        version = np.lib.format.read_magic(stream)
        heads = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
        if version not in heads:
            raise ValueError(f"{name}: expected numpy's form 1.0 or 2.0, came {version}")
        shape, _, dtype = heads[version](stream)
        declared, left = prod(shape) * dtype.itemsize, archive.getinfo(name).file_size - stream.tell()
    if declared != left and not dtype.hasobject:
        raise ValueError(f"{name}: an array of shape {shape} takes {declared} bytes, came {left}")


def member(archive: zipfile.ZipFile, name: str) -> bytes:
    """The bytes of one file in an archive. Raises: ValueError naming archive and file."""
    place = f"{archive.filename}, {name}"
    with reading(place, "a whole file in the archive"):
        sizes.judge_member(archive.getinfo(name))
        return archive.read(name)


def zip_of(path: Path) -> zipfile.ZipFile:
    """An archive whose list of files is whole; read from it by `member`. Raises: ValueError naming the path."""
    with reading(path, "a zip archive", fails="does not open"):
        return zipfile.ZipFile(path)
