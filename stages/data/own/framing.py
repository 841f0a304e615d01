"""How a photo of one's own becomes the square that a network takes: as the set was prepared that it was trained on."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from stages.data.image import centre_square, resize, resize_bilinear, resize_by, resize_mask
from stages.data.own.pictures import Picture
from stages.data.prepared.crop import object_window
from stages.data.prepared.packed import Packed

FRAMES = {
    "around_mask": "the largest square of the photo about its mask, bicubic; the mask by area, on from one half",
    "stretched_bicubic": "the whole photo stretched to a square, bicubic",
    "stretched_bilinear": "the whole photo stretched to a square, bilinear",
    "middle": "the largest square in the middle, Lanczos",
}


class Framed(NamedTuple):
    """A photo as a network takes it, and the pixels of the photo that it shows (left, top, width, height).

    Shapes: uint8 [S S 3]; mask uint8 0/1 [S S] or None.
    """

    image: np.ndarray
    mask: np.ndarray | None
    window: tuple[int, int, int, int]


def frame(photo: Picture, mask: Picture | None, kind: str, side: int) -> Framed:
    """One photo, framed as FRAMES says.

    Raises: ValueError for a photo that is smaller than `side`, and for a mask of another size, an empty one, one that
    no square of the photo holds, or one that leaves nothing of the photo.
    """
    height, width = photo.pixels.shape[:2]
    if min(height, width) < side:
        raise ValueError(
            f"{photo.path}: expected a photo of at least {side} x {side} px, which is what the model takes, came "
            f"{width} x {height}; it is not enlarged, give a larger one"
        )
    if kind == "around_mask":
        if mask is None:
            raise ValueError(f"{photo.path}: expected a mask beside the photo, came none")
        return _around_mask(photo, mask, side)
    if kind == "middle":
        least = min(height, width)
        window = ((width - least) // 2, (height - least) // 2, least, least)
        return Framed(resize_by(centre_square(photo.pixels), side, side, "lanczos"), None, window)
    stretched = {"stretched_bicubic": resize, "stretched_bilinear": resize_bilinear}[kind]
    return Framed(stretched(photo.pixels, side, side), None, (0, 0, width, height))


def _around_mask(photo: Picture, mask: Picture, side: int) -> Framed:
    if mask.pixels.shape != photo.pixels.shape[:2]:
        (tall, wide), (height, width) = mask.pixels.shape, photo.pixels.shape[:2]
        raise ValueError(
            f"{mask.path}: expected a mask as large as its photo {photo.path}, {width} x {height} px, came "
            f"{wide} x {tall}; draw it on the photo itself"
        )
    if not mask.pixels.any():
        raise ValueError(f"{mask.path}: expected a mask with a hole (white, or any level above 0), came all black")
    window, inside = object_window(mask.pixels)
    if inside < 1:
        raise ValueError(
            f"{mask.path}: expected a hole that a square of {window.side} px holds, the largest in {photo.path}, came "
            f"one of which {1 - inside:.1%} lies outside; crop the photo or make the hole smaller"
        )
    hole = resize_mask(window.cut(mask.pixels), side, side)
    if hole.all() or not hole.any():
        came = "one that leaves nothing of the photo" if hole.all() else f"one that has no pixel at {side} px"
        raise ValueError(f"{mask.path}: expected a hole in a part of the photo, came {came}")
    image = resize(window.cut(photo.pixels), side, side)
    return Framed(image, hole, (window.left, window.top, window.side, window.side))


def pack(name: str, place: Path, side: int, keys: Sequence[str], framed: Sequence[Framed]) -> Packed:
    """Framed photos as the prepared set that samplers and measures take, in memory; `name` is that of the training set.

    Shapes: images uint8 [N S S 3], masks uint8 0/1 [N S S] where all have one.
    """
    card: dict[str, Any] = {"name": name, "size_px": side, "facts": {}, "splits": {}, "evaluation": []}
    masks = [one.mask for one in framed if one.mask is not None]
    table = {"key": list(keys), "split": ["own"] * len(keys)}
    images = np.stack([one.image for one in framed])
    return Packed(place, card, table, images, np.stack(masks) if masks else None)
