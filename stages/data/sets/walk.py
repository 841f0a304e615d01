"""One pass over listed items: rows of those that pass, an entry in the ledger for those that do not."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from stages.data.image import ImageError
from stages.data.prepared.ledger import Ledger, Refused
from stages.data.prepared.packed import Row
from stages.data.raw import RawFolder

Item = TypeVar("Item")


def rows_of(
    items: Sequence[tuple[str, Item]],
    make: Callable[[str, Item], Row],
    ledger: Ledger,
    progress: Callable | None,
    what: str,
) -> Iterator[Row]:
    """The rows of items (key, item) in their order; what does not decode is refused at the step `decode`."""
    ledger.total = len(items)
    for done, (key, item) in enumerate(items, 1):
        try:
            yield make(key, item)
        except Refused as refusal:
            ledger.reject(key, refusal.step, refusal.reason, refusal.detail)
        except ImageError as error:
            ledger.reject(key, "decode", error.reason, error.detail)
        if progress:
            progress(done, len(items), what)


def photo_of(raw: RawFolder, name: str) -> tuple[bytes, str]:
    """A listed photo's bytes and their sha256. Raises: Refused where the photo is not there."""
    if not raw.exists(name):
        raise Refused("found", "no_image", f"listed, but {name} is not there")
    content = raw.read(name)
    return content, hashlib.sha256(content).hexdigest()
