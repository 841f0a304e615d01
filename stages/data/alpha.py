"""Masks with an alpha channel: which of colours and alpha is the mask."""

from collections.abc import Callable

import numpy as np

ALPHA_TAKEN = "a mask of one colour: its alpha channel is taken for the mask"


class AlphaError(ValueError):
    """Colours and alpha channel of a mask say different things."""


def mask_of(
    colours: np.ndarray, alpha: np.ndarray, read: Callable[[np.ndarray], np.ndarray], note: Callable[[str], object]
) -> np.ndarray:
    """What `read` makes of the colours, or of alpha where only alpha says anything, which is then noted.

    A channel that is the same everywhere says nothing; where both say something, or neither, they must agree.
    Shapes: uint8 [H W] or [H W C], uint8 [H W] -> as `read` gives. Raises: AlphaError.
    """
    by_colour, by_alpha = read(colours), read(alpha)
    colours_vary, alpha_varies = (bool((values != values[:1, :1]).any()) for values in (colours, alpha))
    opaque = not alpha_varies and alpha.flat[0] == 255
    if opaque or (colours_vary and not alpha_varies) or np.array_equal(by_colour, by_alpha):
        return by_colour
    if alpha_varies and not colours_vary:
        note(ALPHA_TAKEN)
        return by_alpha
    what = "differ" if alpha_varies else "are one each and differ"
    raise AlphaError(f"expected a mask in the colours or in the alpha channel, came both, which {what}; keep one")
