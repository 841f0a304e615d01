"""What a paired method is given, as pictures: label maps in their sets' colours, skeletons as they are drawn."""

from collections.abc import Sequence

import numpy as np

from stages.data.ade20k_labels import CLASSES
from stages.data.pose_maps import condition
from stages.data.prepared.packed import Packed
from stages.draw.label_colours import PARTS, coloured, distinct

HEADINGS = {"rooms": "labels", "face_parts": "parts", "people": "keypoints"}


def given(data: Packed, keys: Sequence[str], dataset: str) -> list[np.ndarray]:
    """The conditions of the items with these keys. Shapes: uint8 [S S 3] each.

    Raises: ValueError for a key that the set does not hold.
    """
    places = {key: place for place, key in enumerate(data.keys)}
    if missing := [key for key in keys if key not in places]:
        raise ValueError(f"{data.folder}: expected the shown item {missing[0]}, which this set does not hold")
    chosen = [places[key] for key in keys]
    if dataset == "people":
        return [skeleton(np.asarray(data.array("joints")[place]), data.card["size_px"]) for place in chosen]
    palette = PARTS if dataset == "face_parts" else rooms(data.card["facts"]["classes"])
    return [coloured(np.asarray(data.array("labels")[place]), palette) for place in chosen]


def rooms(labels: Sequence[int]) -> np.ndarray:
    """The colours of the labels that a set keeps, each its own whatever else is kept. Shapes: -> uint8 [n 3]."""
    return distinct(CLASSES)[np.array(labels) - 1]


def skeleton(joints: np.ndarray, side: int) -> np.ndarray:
    """The first three channels of the condition. Shapes: float [18 2] in shares of the sides -> uint8 [side side 3]."""
    drawn = condition(joints * side, side)[:3]
    return np.rint(drawn.transpose(1, 2, 0) * 255).astype(np.uint8)
