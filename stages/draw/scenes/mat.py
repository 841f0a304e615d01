"""MATLAB files in the form of published ones, with bytes that depend on their content alone."""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

HEADER = b"MATLAB 5.0 MAT-file, Platform: GLNXA64, Created on: Sat Dec 14 14:13:07 2013"
TEXT_BYTES = 116  # the header's free text, where the writer puts today's date


def cell(number: int) -> np.ndarray:
    """A number as devkit files nest it: a 1 x 1 array of the smallest of uint8 and uint16."""
    return np.array([[number]], np.uint8 if number <= 255 else np.uint16)


def write_annotations(path: Path, rows: Sequence[dict[str, int | str]], fields: Sequence[str]) -> None:
    """A 1 x N struct `annotations` with the given fields in their order."""
    table = np.empty((1, len(rows)), dtype=[(field, object) for field in fields])
    for place, row in enumerate(rows):
        table[0, place] = tuple(held if isinstance(held := row[field], str) else cell(held) for field in fields)
    _write(path, {"annotations": table})


def write_class_names(path: Path, names: Sequence[str]) -> None:
    """A 1 x N cell array `class_names`."""
    table = np.empty((1, len(names)), dtype=object)
    table[0] = list(names)
    _write(path, {"class_names": table})


def write_lists(path: Path, lists: Mapping[str, Sequence[int]]) -> None:
    """Named 1 x N rows of numbers, as Oxford Flowers' setid.mat."""
    _write(path, {name: np.array([values], np.uint16) for name, values in lists.items()})


def write_photos(path: Path, files: Sequence[str], annotations: Sequence[str], labels: Sequence[int]) -> None:
    """N x 1 cell arrays `file_list` and `annotation_list`, and N x 1 numbers `labels`, as Stanford Dogs' lists."""
    cells = {"file_list": np.empty((len(files), 1), object), "annotation_list": np.empty((len(files), 1), object)}
    cells["file_list"][:, 0], cells["annotation_list"][:, 0] = list(files), list(annotations)
    _write(path, cells | {"labels": np.array(labels, np.float64)[:, None]})


def _write(path: Path, content: dict[str, np.ndarray]) -> None:
    from scipy.io import savemat

    stream = io.BytesIO()
    savemat(stream, content)
    path.write_bytes(HEADER.ljust(TEXT_BYTES) + stream.getvalue()[TEXT_BYTES:])
