"""The unpickler under the readers of users' pickles: it makes room for nothing that a file says it has and has not.

Which names a pickle may hold, and what becomes of them, is each reader's own to say in `find_class`.
"""

import pickle
from collections.abc import Callable
from typing import IO, Any, ClassVar

STEP_BYTES = 1 << 20


class Unpickler(pickle._Unpickler):
    """Python's own unpickler, not the one in C, which makes room for any number that a remembered object is given.

    Raises: ValueError where more bytes are declared than come.
    """

    append: Callable[[Any], None]  # this and the next are bound by the base class as it loads
    read: Callable[[int], bytes]
    dispatch: ClassVar[dict[int, Callable[[Any], None]]] = dict(pickle._Unpickler.dispatch)

    def __init__(self, stream: IO[bytes], **ways: Any) -> None:
        super().__init__(stream, **ways)
        self._file_read = lambda count: declared(stream, count)

    def load_bytearray8(self) -> None:
        count = int.from_bytes(self.read(8), "little")
        self.append(bytearray(self.read(count)))

    dispatch[pickle.BYTEARRAY8[0]] = load_bytearray8


def declared(stream: IO[bytes], count: int) -> bytes:
    """So many bytes of a stream, in steps, since a file read at once makes room for all that it is asked for.

    Raises: ValueError where fewer come.
    """
    if count <= STEP_BYTES:
        return stream.read(count)
    found = bytearray()
    while len(found) < count and (more := stream.read(min(STEP_BYTES, count - len(found)))):
        found += more
    if len(found) < count:
        raise ValueError(f"it declares {count} bytes, came {len(found)}")
    return bytes(found)
