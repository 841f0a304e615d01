"""The test items that figures show, as pictures: sources or drawn conditions, targets, and what each run made."""

from pathlib import Path
from typing import Any

import numpy as np

from stages.data.cityscapes_labels import PALETTE
from stages.data.pose_maps import condition
from stages.data.prepared.packed import Packed
from stages.papers.monce.measured import shown_places
from stages.papers.monce.true_labels import twins


class Shown:
    """Evenly spaced items of a test split, first and last among them."""

    def __init__(self, data: Packed, positions: np.ndarray, count: int, out: Path) -> None:
        self.data, self.out = data, out
        self.places = shown_places(len(positions), count)
        self.positions = positions[self.places]
        self.keys = [data.keys[position] for position in self.positions]

    def write(self, name: str, images: np.ndarray) -> None:
        """shown_<name>.npy. Shapes: uint8 [n S S 3], of the shown items alone."""
        np.save(self.out / f"shown_{name}.npy", np.ascontiguousarray(images))

    def write_made(self, name: str, images: np.ndarray) -> None:
        """The shown ones of a whole split's pictures."""
        self.write(name, images[self.places])

    def write_pairs(self, sources: np.ndarray, split: str) -> None:
        """The photos that show the same as the shown sources, from another split. Raises: ValueError as `twins`."""
        self.write("target", self.data.images[twins(self.data, sources[self.places], split)])

    def write_condition(self, kind: str) -> None:
        """What pictures are made from: labels in colours, or skeletons."""
        side, facts = self.data.card["size_px"], self.data.card["facts"]
        if kind == "labels":
            self.write("input", colours(np.asarray(self.data.array("labels")[self.positions]), facts))
        else:
            joints = self.data.array("joints")[self.positions] * np.float32(side)
            drawn = np.stack([condition(one, side)[:3] for one in joints]).transpose(0, 2, 3, 1)
            self.write("input", np.rint(drawn * 255).astype(np.uint8))


def colours(labels: np.ndarray, facts: dict[str, Any]) -> np.ndarray:
    """Labels as colours: classes in turn, black for what is unknown. Shapes: uint8 [N S S] -> uint8 [N S S 3]."""
    known = len(facts["classes"])
    table = np.zeros((256, 3), np.uint8)
    table[:known] = palette(known)
    return table[labels]


def palette(count: int) -> np.ndarray:
    """As many different colours: Cityscapes' own, then those that Pascal VOC makes of a number's bits.

    Source: VOC devkit (bits 0, 1, 2 of the number are the highest bits of red, green, blue, and so on).
    Shapes: -> uint8 [count 3].
    """
    numbers, found = np.arange(1, 257), np.zeros((256, 3), np.int64)
    for bit in range(8):
        for channel in range(3):
            found[:, channel] |= (numbers >> (3 * bit + channel) & 1) << (7 - bit)
    taken = {tuple(colour) for colour in PALETTE.tolist()}
    more = [colour for colour in found.tolist() if tuple(colour) not in taken and any(colour)]
    return np.array([*PALETTE.tolist(), *more][:count], np.uint8)
