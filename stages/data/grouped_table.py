"""Parquet tables of any length, written and read a row group at a time; rows are in the order of their column `key`."""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from stages.data.files import MOST_VALUES, PACKING, arrow_table, plain_columns, reading

KEY = "key"
REMEDY = "make the file anew"


def group_bytes(columns: Mapping[str, Sequence], types: Mapping[str, str]) -> bytes:
    """One group on its way to a table, which may wait in a file."""
    import pyarrow
    import pyarrow.ipc

    table, sink = arrow_table("a group of rows", columns, types), pyarrow.BufferOutputStream()
    with pyarrow.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue().to_pybytes()


def group_columns(content: bytes) -> dict[str, Any]:
    """The columns of `group_bytes`."""
    import pyarrow.ipc

    return plain_columns(pyarrow.ipc.open_file(content).read_all())


def write_groups(path: Path, groups: Iterable[bytes]) -> None:
    """Writes groups one by one as they come, an empty one only where all are; at least one has to come."""
    import pyarrow.ipc
    import pyarrow.parquet

    writer = empty = None
    for content in groups:
        table = pyarrow.ipc.open_file(content).read_all()
        if not len(table):
            empty = table
            continue
        writer = writer or pyarrow.parquet.ParquetWriter(path, table.schema, **PACKING)
        writer.write_table(table)
    if writer is not None:
        writer.close()
    else:
        pyarrow.parquet.write_table(empty, path, **PACKING)


class GroupedTable:
    """A table on disk. Who asks for keys in order reads each group once."""

    def __init__(self, path: Path, columns: Iterable[str]) -> None:
        """Raises: FileNotFoundError where there is none; ValueError where it is no such table or lacks columns."""
        import pyarrow.parquet

        if not Path(path).is_file():
            raise FileNotFoundError(f"{path}: expected a parquet table here; run the stage that writes it")
        self.path, wanted = path, set(columns)
        with reading(path, "a parquet table in the order of its keys", REMEDY):
            self._file = pyarrow.parquet.ParquetFile(path)
            facts = self._file.metadata
            missing = sorted(wanted - set(self._file.schema_arrow.names))
            groups = [] if missing else [facts.row_group(place) for place in range(facts.num_row_groups)]
            for group in groups:
                # A column that repeats one value takes no room in the file, and all of it in memory.
                if group.num_rows * group.num_columns > MOST_VALUES or group.total_byte_size > MOST_VALUES:
                    raise ValueError(f"{group.num_rows} rows in {group.total_byte_size} bytes in one group")
            self._last = [] if missing else [self._last_key(group) for group in groups if group.num_rows]
        if missing:
            raise ValueError(
                f"{path}: expected the columns {sorted(wanted)}, missing {missing}; run the stage that writes it anew"
            )

    def __len__(self) -> int:
        return len(self._last)

    def place(self, key: str) -> int | None:
        """The only group that may hold a key's rows."""
        place = bisect_left(self._last, key)
        return place if place < len(self._last) else None

    def read(self, place: int) -> dict[str, Any]:
        """The columns of one group. Raises: ValueError naming the file."""
        with reading(self.path, "a parquet table of texts, numbers and flags", REMEDY):
            return plain_columns(self._file.read_row_group(place))

    def _last_key(self, group) -> str:
        place = self._file.schema_arrow.names.index(KEY)
        return str(group.column(place).statistics.max)
