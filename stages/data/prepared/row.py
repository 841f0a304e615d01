"""One item of a pack on its way to the disk, and the arrays that a pack may have beside images and masks."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Row:
    """One item to write; digest = sha256 of the source's bytes; extras: its rows of the pack's further arrays.

    told: what the index is made of once all rows are there, in numbers, texts and lists of them, as JSON holds them.
    Shapes: image uint8 [R R 3], mask uint8 0/1 [R R].
    """

    key: str
    image: np.ndarray
    mask: np.ndarray | None
    source: str
    digest: str
    extras: Mapping[str, np.ndarray] = field(default_factory=dict)
    told: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Extra:
    """A further array of a pack, in a file of its own: the shape of one row and numpy's name of its type (<f4, |u1)."""

    shape: tuple[int, ...]
    kind: str
