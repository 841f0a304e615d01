"""Tables in csv, as a person's tool or an editor may have left them."""

import csv
import io
from pathlib import Path

from stages.retrace.answer import Spoiled


def rows(path: Path) -> list[dict[str, str]]:
    """The rows of a table by its columns.

    Raises: Spoiled for what is no file, no text or no table.
    """
    if not path.is_file():
        raise Spoiled(f"{path}: expected a table, found no plain file; build it again")
    return rows_of(path.read_bytes(), path)


def rows_of(content: bytes, path: Path) -> list[dict[str, str]]:
    """The same from bytes that were read before; `path` is where they came from."""
    try:
        text = content.decode()
        if "\0" in text:
            raise ValueError("it holds a NUL byte")
        head, *found = [row for row in csv.reader(io.StringIO(text), strict=True) if row] or [[]]
        for row in found:
            if len(row) != len(head):
                raise ValueError(f"a line has {len(row)} of {len(head)} columns: {','.join(row)[:60]!r}")
    except (ValueError, csv.Error) as error:
        raise Spoiled(f"{path} is no table in csv: {error}; build it again") from None
    return [dict(zip(head, row, strict=True)) for row in found]
