"""What a trained method can be used for, as its paper says it. No numeric library here."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import numpy as np


class Kind(NamedTuple):
    """What a method does, whether it wants a mask with each photo, and its own options with their usual values."""

    does: str
    masked: bool
    options: Mapping[str, int | float]


class Made(NamedTuple):
    """One picture that was made: its name without suffix, and what is to be said of it.

    With a palette, [colours 3], the picture is one of numbers. Shapes: uint8 [S S 3], or uint8 [S S].
    """

    name: str
    image: "np.ndarray"
    said: Mapping[str, Any]
    palette: "np.ndarray | None" = None
