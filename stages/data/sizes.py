"""What a file says of its own size, judged before room is made for it: a lie or a bomb costs no memory."""

import os
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import IO

# No encoded picture, no list and no table of these sets is larger; what claims to be would only fill the memory.
MOST_BYTES = 1 << 30
# Pictures and weights are nearly as large packed as unpacked; below a megabyte nothing is a bomb.
MOST_RATIO, SMALL_BYTES = 200, 1 << 20
# Others of Python's unpackers make room for all that a block unpacks to, whatever the list of members says.
UNPACKED_IN_STEPS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


def content(path: Path, most: int = MOST_BYTES) -> bytes:
    """A file's bytes. Raises: ValueError naming the file and both sizes where it is too large to be read whole."""
    with Path(path).open("rb") as stream:
        size = os.fstat(stream.fileno()).st_size
        if size > most:
            raise ValueError(f"{path}: expected at most {most} bytes, came {size}; restore the file from its source")
        return stream.read(size)


def exactly(stream: IO[bytes], count: int) -> bytes:
    """So many bytes from where an open file stands. Raises: ValueError where it does not have them."""
    left = os.fstat(stream.fileno()).st_size - stream.tell()
    if not 0 <= count <= left:
        raise ValueError(f"expected {count} bytes more, came {left}")
    return stream.read(count)


def judge_member(entry: zipfile.ZipInfo, most: int = MOST_BYTES) -> None:
    """Raises: ValueError for a member of a zip that would take too much room, or is packed as no picture is."""
    if entry.compress_type not in UNPACKED_IN_STEPS:
        raise ValueError(f"expected a member stored or deflated, came packing {entry.compress_type}")
    if entry.file_size > most:
        raise ValueError(f"it would take {entry.file_size} bytes, expected at most {most}")
    if entry.file_size > max(SMALL_BYTES, MOST_RATIO * entry.compress_size):
        raise ValueError(
            f"it would take {entry.file_size} bytes of {entry.compress_size} packed ones, expected at most "
            f"{MOST_RATIO} times as many"
        )


def judge_members(entries: Sequence[zipfile.ZipInfo], size: int, most: int) -> None:
    """All members of a zip of `size` bytes that is read whole.

    Raises: ValueError naming the member, as `judge_member` does, or where several share their bytes.
    """
    for entry in entries:
        try:
            judge_member(entry, most)
        except ValueError as error:
            raise ValueError(f"{entry.filename}: {error}") from None
    packed = sum(entry.compress_size for entry in entries)
    if packed > size:
        raise ValueError(f"its members claim {packed} packed bytes, expected at most the {size} that it has")
