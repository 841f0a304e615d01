"""JSON and parquet files whose bytes depend on their content alone."""

import errno
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

# The longest table there is lists the files of the largest dataset, a few million.
MOST_VALUES = 1 << 30
PACKING: dict[str, Any] = {"compression": "zstd", "store_schema": False}
TYPES = ("str", "int", "float", "bool")
# The kinds of numpy's arrays that a column of numbers or flags may come as.
_TAKEN = {"int": "iu", "float": "iuf", "bool": "b"}
# What libraries make of positions that a damaged file names; any other number of an OSError is the machine's own fault.
OF_THE_FILE = (None, errno.EINVAL, errno.EOVERFLOW)
REMEDY = "restore the file from its source"


@contextmanager
def reading(place: Path | str, expected: str, remedy: str = REMEDY, fails: str = "does not parse") -> Iterator[None]:
    """Around a library's calls on a user's file, or on values from it, and nothing else.

    Raises: ValueError naming the place, what was expected, what came and what to do; OSError of the machine.
    """
    try:
        yield
    except Exception as error:
        if isinstance(error, OSError) and error.errno not in OF_THE_FILE:
            raise
        came = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        raise ValueError(f"{place}: expected {expected}, came content that {fails} ({came}); {remedy}") from error


def json_of(text: str | bytes, place: Path | str, remedy: str = REMEDY) -> Any:
    """The value of a JSON text. Raises: ValueError naming the place."""
    with reading(place, "JSON", remedy):
        return json.loads(text)


def write_json(path: Path, value: Any) -> None:
    """Writes `value` with sorted keys and one final line end.

    Raises: ValueError for NaN or infinity, TypeError for what JSON cannot hold.
    """
    text = json.dumps(value, sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False)
    Path(path).write_text(text + "\n", encoding="utf-8")


def read_json(path: Path) -> Any:
    """Reads a JSON file.

    Raises: FileNotFoundError where there is none, ValueError where it does not parse; both name the file.
    """
    return json_of(Path(path).read_bytes(), path, "make the file anew")


def write_table(path: Path, columns: Mapping[str, Sequence], types: Mapping[str, str] | None = None) -> None:
    """Writes equally long columns as one parquet file, in the order given; as `arrow_table` says.

    Raises: ValueError for unequal lengths or a column whose type is not known.
    """
    import pyarrow.parquet

    pyarrow.parquet.write_table(arrow_table(path, columns, types), path, **PACKING)


def arrow_table(path: Path | str, columns: Mapping[str, Sequence], types: Mapping[str, str] | None = None):
    """Equally long columns as a table of Arrow.

    A column's type is its values' kind (str, int → int64, float → float64, bool) or its entry in `types`, which an
    empty column needs. Raises: ValueError naming the path.
    """
    import pyarrow

    lengths = {name: len(column) for name, column in columns.items()}
    if len(set(lengths.values())) > 1:
        raise ValueError(f"{path}: expected columns of one length, came {lengths}")
    arrays = []
    for name, column in columns.items():
        kind = (types or {}).get(name) or _kind(path, name, column)
        arrays.append(_texts(column) if kind == "str" else _values(path, name, column, kind))
    return pyarrow.Table.from_arrays(arrays, names=list(columns))


# Columns are given to pyarrow as their bytes, because its own `array` imports pandas for a third of a second.
def _texts(column: Sequence[str]) -> Any:
    """Shapes: [N] -> a column of texts: where each begins and the last ends, and their bytes one after another."""
    import pyarrow

    packed = [text.encode() for text in column]
    ends = np.cumsum([0, *map(len, packed)], dtype=np.int64)
    buffers = [None, pyarrow.py_buffer(ends), pyarrow.py_buffer(b"".join(packed))]
    return pyarrow.Array.from_buffers(pyarrow.large_string(), len(packed), buffers).cast(pyarrow.string())


def _values(path: Path | str, name: str, column: Sequence, kind: str) -> Any:
    """Shapes: [N] -> a column of numbers or flags, of which arrow packs eight in a byte."""
    import pyarrow

    values = np.asarray(column)
    if len(values) and values.dtype.kind not in _TAKEN[kind]:
        raise ValueError(f"{path}: column {name!r} is of {kind}, and came as {values.dtype}")
    if kind == "bool":
        packed = np.packbits(values.astype(bool), bitorder="little")
        return pyarrow.Array.from_buffers(pyarrow.bool_(), len(values), [None, pyarrow.py_buffer(packed)])
    arrow, plain = (pyarrow.int64(), np.int64) if kind == "int" else (pyarrow.float64(), np.float64)
    held = np.ascontiguousarray(values, plain)
    return pyarrow.Array.from_buffers(arrow, len(held), [None, pyarrow.py_buffer(held)])


def read_table(path: Path) -> dict[str, Any]:
    """Reads a parquet file into {name: list of str, or numpy array of int64, float64, bool}.

    Raises: FileNotFoundError where there is none, ValueError where it is not parquet.
    """
    import pyarrow.parquet

    if not Path(path).is_file():
        raise FileNotFoundError(f"{path}: expected a parquet table here; run the stage that writes it")
    with reading(path, "a parquet table of texts, numbers and flags", "make the file anew"):
        opened = pyarrow.parquet.ParquetFile(path)
        # A column that repeats one value takes no room in the file, and all of it in memory.
        values = opened.metadata.num_rows * opened.metadata.num_columns
        packed = [opened.metadata.row_group(place).total_byte_size for place in range(opened.num_row_groups)]
        if values > MOST_VALUES or sum(packed) > MOST_VALUES:
            raise ValueError(f"{values} values in {sum(packed)} bytes, expected at most {MOST_VALUES} of each")
        return plain_columns(opened.read())


def plain_columns(table) -> dict[str, Any]:
    """{name: list of str, or numpy array of int64, float64, bool} of a table of Arrow."""
    import pyarrow

    columns = {}
    for name in table.column_names:
        column = table.column(name)
        if pyarrow.types.is_string(column.type) or pyarrow.types.is_large_string(column.type):
            columns[name] = column.to_pylist()
        else:
            # By dlpack, which has no booleans, because pyarrow's own to_numpy imports pandas for seconds.
            flags = pyarrow.types.is_boolean(column.type)
            plain = column.cast(pyarrow.uint8()) if flags else column
            values = np.array(np.from_dlpack(plain.combine_chunks()))
            columns[name] = values.astype(bool) if flags else values
    return columns


def _kind(path: Path | str, name: str, column: Sequence) -> str:
    if isinstance(column, np.ndarray) and column.dtype.kind in "iufb":
        return {"i": "int", "u": "int", "f": "float", "b": "bool"}[column.dtype.kind]
    if len(column):
        first = column[0]
        for kind, types in (("bool", bool | np.bool_), ("int", int | np.integer), ("float", float | np.floating)):
            if isinstance(first, types):
                return kind
        if isinstance(first, str):
            return "str"
    raise ValueError(f"{path}: column {name!r} has no known type; name it in `types` as one of {TYPES}")
