"""Which test photos are painted anew: those whose keys have the smallest hashes. No torch here."""

import hashlib
from collections.abc import Sequence

import numpy as np

from stages.data.prepared.packed import Packed


def photos_for(data: Packed, count: int, ids: Sequence[str] = ()) -> np.ndarray:
    """Positions of `count` test photos that have a mask, by sha256 of their keys; `ids` are taken instead, as given.

    A smaller count takes the beginning of a greater one.
    Source: ours (gap G14): the text does not say which photos it shows. Shapes: -> int64 [count].
    Raises: ValueError for fewer photos than asked for, or an id that is no test photo with a mask.
    """
    able = [place for place in data.positions("test").tolist() if data.column("masked")[place] == 1]
    places = {data.keys[place]: place for place in able}
    lacking = [key for key in ids if key not in places]
    if lacking:
        raise ValueError(
            f"{data.folder}: key ids: expected test photos that have a mask, such as {next(iter(places), None)!r}, came"
            f" {lacking[0]!r} ({len(lacking)} such ids)"
        )
    if not ids and count > len(places):
        raise ValueError(
            f"{data.folder}: key photos: expected at most {len(places)}, the test photos that have a mask, came {count}"
        )
    chosen = list(ids) or sorted(places, key=hash_of)[:count]
    return np.array([places[key] for key in chosen], np.int64)


def hash_of(key: str) -> str:
    """sha256 of a key, which orders photos without regard to what they show."""
    return hashlib.sha256(key.encode()).hexdigest()
