"""What sets read of each listed item, and how they walk over them."""

import hashlib
from collections.abc import Callable, Sequence

import numpy as np

from stages.data.image import ImageError
from stages.data.prepared.ledger import Ledger, Refused
from stages.data.prepared.row import Row
from stages.data.prepared.walk import Walk
from stages.data.raw import RawFolder


def walk_of(items: Sequence[tuple[str, str]], make: Callable[[str, str], Row], ledger: Ledger, what: str) -> Walk:
    """A walk over items (key, photo), all of which the ledger counts."""
    ledger.total = len(items)
    return Walk(items, len(items), make, what)


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
