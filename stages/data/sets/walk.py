"""One pass over listed items: rows of those that pass, an entry in the ledger for those that do not."""

import hashlib
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from stages.data.image import ImageError
from stages.data.prepared.ledger import Ledger, Refused
from stages.data.prepared.packed import Row
from stages.data.raw import RawFolder


def rows_of(
    items: Sequence[tuple[str, str]],
    make: Callable[[str, str], Row],
    ledger: Ledger,
    progress: Callable | None,
    what: str,
) -> Iterator[Row]:
    """The rows of items (key, photo) in their order; what does not decode is refused at the step `decode`."""
    ledger.total = len(items)
    for done, (key, photo) in enumerate(items, 1):
        try:
            yield make(key, photo)
        except Refused as refusal:
            ledger.reject(key, refusal.step, refusal.reason, refusal.detail, refusal.place or photo)
        except ImageError as error:
            ledger.reject(key, "decode", error.reason, error.detail, photo)
        if progress:
            progress(done, len(items), what)


def photo_of(raw: RawFolder, name: str) -> tuple[bytes, str, str]:
    """A listed photo's bytes, their sha256 and its own path. Raises: Refused where the photo is not there."""
    found = raw.find(name)
    if found is None:
        raise Refused("found", "no_image", f"listed, but {name} is not there")
    content = raw.read(found)
    return content, hashlib.sha256(content).hexdigest(), found


def decoded(raw: RawFolder, place: str, decode: Callable[[bytes], np.ndarray]) -> np.ndarray | None:
    """What a photo has beside it, such as its mask; None where that is not there. Raises: Refused naming its path."""
    found = raw.find(place)
    try:
        return None if found is None else decode(raw.read(found))
    except ImageError as error:
        raise Refused("decode", error.reason, error.detail, found or place) from error
