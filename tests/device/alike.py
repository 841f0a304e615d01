"""Whether two folders of a stage hold the same results but for the order of sums."""

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np

RELATIVE, ABSOLUTE = 2e-3, 1e-3
# Eight-bit pixels of pictures may round to their neighbour; labels and masks may not.
PIXEL = 1
NOT_COMPARED = {"receipt.json"}


def differences(one: Path, other: Path) -> list[str]:
    """What differs beyond rounding, by file and place; files are compared by what they hold."""
    names, others = (sorted(path.relative_to(at).as_posix() for path in at.rglob("*") if path.is_file())
                     for at in (one, other))  # fmt: skip
    if names != others:
        return [f"{name} is in one of them alone" for name in sorted(set(names) ^ set(others))]
    return [told for name in names if Path(name).name not in NOT_COMPARED for told in _file(one / name, other / name)]


def _file(one: Path, other: Path) -> list[str]:
    if one.read_bytes() == other.read_bytes():
        return []
    if one.suffix == ".npy":
        return _array(one.name, np.load(one), np.load(other))
    if one.suffix == ".safetensors":
        from safetensors.numpy import load_file

        held, theirs = load_file(one), load_file(other)
        if held.keys() != theirs.keys():
            return [f"{one.name}: other names of tensors"]
        return [told for name in held for told in _array(f"{one.name} {name}", held[name], theirs[name])]
    if one.suffix in (".json", ".jsonl"):
        held, theirs = ([json.loads(text) for text in (path.read_text().splitlines() if one.suffix == ".jsonl" else
                        [path.read_text()])] for path in (one, other))  # fmt: skip
        return _value(one.name, held, theirs)
    if one.suffix == ".csv":
        held, theirs = ([[_cell(text) for text in line] for line in csv.reader(path.read_text().splitlines())]
                        for path in (one, other))  # fmt: skip
        return _value(one.name, held, theirs)
    return [f"{one.name}: other bytes"]


def _cell(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text


def _array(name: str, one: np.ndarray, other: np.ndarray) -> list[str]:
    if one.shape != other.shape or one.dtype != other.dtype:
        return [f"{name}: {one.dtype}{one.shape} against {other.dtype}{other.shape}"]
    if one.dtype == np.uint8 and one.shape[-1] == 3:
        alike = np.abs(one.astype(int) - other.astype(int)).max() <= PIXEL
    elif one.dtype.kind != "f":
        alike = np.array_equal(one, other)
    else:
        alike = np.allclose(one, other, RELATIVE, ABSOLUTE, equal_nan=True)
    return [] if alike else [f"{name}: apart by {np.abs(one.astype(float) - other.astype(float)).max():.3g}"]


def _value(place: str, one: Any, other: Any) -> list[str]:
    if isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys():
        return [told for key in one for told in _value(f"{place} {key}", one[key], other[key])]
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        return [told for at, pair in enumerate(zip(one, other, strict=True)) for told in _value(f"{place} {at}", *pair)]
    if isinstance(one, float) and isinstance(other, float):
        return [] if np.isclose(one, other, RELATIVE, ABSOLUTE, equal_nan=True) else [f"{place}: {one} against {other}"]
    # A digest of weights follows every bit of them.
    digests = isinstance(one, str) and isinstance(other, str) and len(one) == len(other) == 64
    return [] if one == other or digests else [f"{place}: {one!r} against {other!r}"]
