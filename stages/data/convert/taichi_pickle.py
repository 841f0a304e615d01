"""Taichi's joints from their published pickle to npz, without running anything that the pickle names.

`python -m stages.data.convert.taichi_pickle taichi_test_gt.pkl taichi_test_gt.npz`

The pickle holds an old pandas table. Every class and function it may name stands in the list below and becomes an inert
record of what it was called with; any other name ends the conversion. Neither pandas nor numpy's own unpickling runs.
"""

import argparse
import io
import re
from pathlib import Path
from typing import Any

import numpy as np

from stages.data import sizes
from stages.data.convert.command import end
from stages.data.unpickler import Unpickler

ALLOWED = {
    *(("pandas.core.frame", "DataFrame"), ("builtins", "slice"), ("__builtin__", "slice")),
    *(("pandas.core.internals", "BlockManager"), ("pandas.core.internals.managers", "BlockManager")),
    *(("pandas.core.indexes.base", name) for name in ("Index", "_new_Index")),
    *(("pandas.core.index", name) for name in ("Index", "Int64Index", "_new_Index")),
    *(("pandas.core.indexes.range", "RangeIndex"), ("pandas.core.indexes.numeric", "Int64Index")),
    *(("numpy.core.multiarray", "_reconstruct"), ("numpy._core.multiarray", "_reconstruct")),
    *(("numpy", name) for name in ("ndarray", "dtype")),
}
NUMBERS = re.compile(r"[iuf][1248]")
JOINTS = (18, 2)


class NoJoints(ValueError):
    """A pickle that holds something else, in words of ours."""


class Record:
    """What a pickle says of one object: its name, its arguments, its state. It does nothing."""

    name = ""
    arguments: tuple[Any, ...]
    state: Any

    def __new__(cls, *arguments: Any, **_: Any) -> "Record":
        record = super().__new__(cls)
        record.arguments, record.state = arguments, None
        return record

    def __init__(self, *_: Any, **__: Any) -> None:
        """Arguments are kept by __new__, which pickles may call alone."""

    def __setstate__(self, state: Any) -> None:
        self.state = state


class _Reader(Unpickler):
    """Turns allowed names into records and refuses all others."""

    def find_class(self, module: str, name: str) -> type[Record]:
        if (module, name) not in ALLOWED:
            raise NoJoints(f"expected a table of joints, came a pickle that names {module}.{name}; do not open it")
        return type(name, (Record,), {"name": name})

    def persistent_load(self, pid: Any) -> Any:
        raise NoJoints(f"expected a table of joints, came a pickle that refers to {pid!r}; do not open it")


def read_table(content: bytes) -> dict[str, list]:
    """{column: values} of a pickled pandas table; arrays among the values become numpy arrays.

    Raises: NoJoints for a pickle that names anything else, does not parse, or is not such a table.
    """
    try:
        frame = _Reader(io.BytesIO(content), encoding="latin1").load()
        blocks = frame.state["_data"] if "_data" in frame.state else frame.state["_mgr"]
        columns: dict[str, list] = {}
        for values, items in zip(blocks.state[1], blocks.state[2], strict=True):
            names = _array(items.arguments[1]["data"]).tolist()
            for name, row in zip(names, _array(values), strict=True):
                columns[name] = [_array(value) if isinstance(value, Record) else value for value in row.tolist()]
        return columns
    # Unpickling, and looking into records of an unexpected form, raise anything.
    except NoJoints:
        raise
    except Exception as error:
        raise NoJoints(f"expected a pickled pandas table, came something else ({error!r})") from error


def _array(record: Record) -> np.ndarray:
    """A recorded numpy array of plain numbers, or of objects given as a list."""
    if record.name != "_reconstruct" or not isinstance(record.state, tuple):
        raise NoJoints(f"expected a numpy array, came {record.name or type(record).__name__}")
    shape, kind, by_columns, content = record.state[1:5]
    code, order = kind.arguments[0], "F" if by_columns else "C"
    if code in ("O", "O8"):
        flat = np.empty(len(content), object)
        flat[:] = list(content)
    elif NUMBERS.fullmatch(code):
        flat = np.frombuffer(content, np.dtype(f"{'>' if kind.state[1] == '>' else '<'}{code}"))
    else:
        raise NoJoints(f"expected numbers or objects, came an array of type {code!r}")
    return flat.reshape(tuple(int(side) for side in shape), order=order)


def convert(source: Path, target: Path) -> int:
    """Writes file_name [n], frame_number int64 [n] and value float32 [n 18 2] in the table's order; returns n.

    Raises: ValueError naming the source and what is wrong with it.
    """
    if not source.is_file():
        raise FileNotFoundError(f"{source}: expected the published pickle, came no such file")
    try:
        columns = read_table(sizes.content(source))
        if missing := {"file_name", "frame_number", "value"} - set(columns):
            raise NoJoints(f"expected the columns file_name, frame_number, value, came no {sorted(missing)}")
        shapes = {np.shape(value) for value in columns["value"]}
        if shapes != {JOINTS} or not all(isinstance(name, str) for name in columns["file_name"]):
            raise NoJoints(f"expected names and joints of shape {JOINTS}, came shapes {sorted(shapes)}")
        value = np.stack([np.asarray(value, np.float32) for value in columns["value"]])
        numbers = np.asarray(columns["frame_number"], np.int64)
    except NoJoints as error:
        raise ValueError(f"{source}: {error}") from error
    # numpy raises several types over what is no number.
    except (ValueError, TypeError, OverflowError) as error:
        raise ValueError(f"{source}: expected numbers of frames and joints, came {error}") from error
    np.savez_compressed(target, file_name=np.asarray(columns["file_name"]), frame_number=numbers, value=value)
    return len(value)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Taichi's joints from pickle to npz")
    parser.add_argument("source", type=Path, help="the published .pkl")
    parser.add_argument("target", type=Path, help="the .npz to write")
    chosen = parser.parse_args()
    end(lambda: f"{convert(chosen.source, chosen.target)} frames")
