"""Detected instances: one form for every detector, and their masks' run-length code."""

from dataclasses import dataclass
from typing import cast

import numpy as np

LONGEST_BITS = 60
GIVEN = "given"  # the class of a mask that the user gives, whatever the photo shows


@dataclass(frozen=True)
class Instance:
    """One instance: COCO class name, score, box (x1, y1, x2, y2) and the mask as a COCO compressed run-length code."""

    class_name: str
    score: float
    box: tuple[float, float, float, float]
    rle: tuple[str, int, int]  # counts, height, width

    @property
    def mask(self) -> np.ndarray:
        """Shapes: bool [height width]. Raises: ValueError for a code whose runs do not fill the mask."""
        counts, height, width = self.rle
        runs = runs_of(counts)
        if sum(runs) != height * width:
            raise ValueError(f"expected runs that fill {width} x {height} px, came a run-length code of another size")
        return np.repeat(np.arange(len(runs)) % 2 == 1, runs).reshape(width, height).T

    @property
    def area(self) -> int:
        """Pixels of the mask, from the runs alone."""
        return sum(runs_of(self.rle[0])[1::2])


@dataclass(frozen=True)
class ImageDetections:
    """What a detector found in one image; instances sorted by score, best first."""

    width: int
    height: int
    instances: tuple[Instance, ...]


def encode_mask(mask: np.ndarray) -> tuple[str, int, int]:
    """Shapes: bool [H W] -> (counts, H, W)."""
    from pycocotools import mask as coco

    code = coco.encode(np.asfortranarray(mask.astype(np.uint8)))
    return cast(bytes, code["counts"]).decode("ascii"), int(mask.shape[0]), int(mask.shape[1])


def runs_of(counts: str) -> list[int]:
    """Run lengths of a COCO compressed code, off and on in turn, column by column.

    Each number is little-endian base 32 with a sign bit, six bits a character from '0'; from the fourth on, the
    difference to the number two before. Source: COCO mask format (code).
    Raises: ValueError for a code that ends amid a number.
    """
    runs: list[int] = []
    value, shift = 0, 0
    for character in counts:
        bits = ord(character) - 48
        if not 0 <= bits < 64:
            raise ValueError(f"expected a COCO run-length code, came the character {character!r}")
        if shift > LONGEST_BITS:
            raise ValueError(f"expected a COCO run-length code, came a number of more than {LONGEST_BITS} bits")
        value |= (bits & 31) << shift
        shift += 5
        if not bits & 32:
            if bits & 16:
                value -= 1 << shift
            runs.append(value + (runs[-2] if len(runs) > 2 else 0))
            value, shift = 0, 0
    if shift or any(run < 0 for run in runs):
        raise ValueError("expected a COCO run-length code, came one that is cut or has a negative run")
    return runs
