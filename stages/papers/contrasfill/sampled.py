"""Sample folders of several methods, opened and checked to be of the same images."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from stages.data.prepared.packed import Packed

Value = dict[str, Any]
FACTS = ("profile", "data", "hole", "split", "seed", "images", "samples", "singles", "size_px")


def positions_to_holes(data: "Packed", positions: np.ndarray, kind: str) -> np.ndarray:
    """The holes of items: their object masks, or the masks' tight boxes, limits included.

    Source: supp §2 (box), §5 (object mask).
    Shapes: int64 [N] → uint8 0/1 [N, R, R].
    Raises: ValueError for a kind that is neither, and for a box around an empty mask.
    """
    from stages.data.prepared.crop import box_mask, tight_box

    masks = np.array(data.needed_masks()[positions])
    if kind == "object":
        return masks
    if kind != "box":
        raise ValueError(f"expected holes of kind object or box, got {kind!r}")
    boxes = [box for mask in masks if (box := tight_box(mask)) is not None]
    if len(boxes) < len(masks):
        raise ValueError(
            f"a box lies around a mask's pixels: {len(masks) - len(boxes)} of {len(masks)} masks are empty"
        )
    return np.stack([box_mask(box, *masks.shape[1:]) for box in boxes])


class Samples(NamedTuple):
    """One method's samples: sample.json, single [N, R, R, 3], multiple [n, S, R, R, 3], positions in the dataset."""

    facts: dict[str, Any]
    single: np.ndarray
    multiple: np.ndarray
    positions: np.ndarray
    several: np.ndarray


def read_samples(folder: Path) -> Samples:
    """Open a sample folder. Raises: FileNotFoundError naming the missing file; ValueError where its parts disagree."""
    from stages.data.files import read_json, read_table

    facts, index = read_json(folder / "sample.json"), read_table(folder / "index.parquet")
    single, multiple = (np.load(folder / f"{name}.npy", mmap_mode="r") for name in ("single", "multiple"))
    positions = np.asarray(index["position"])
    several = positions[np.asarray(index["in_multiple"], bool)]
    if (len(single), *multiple.shape[:2]) != (len(positions), len(several), facts["samples"]):
        raise ValueError(
            f"{folder}: {single.shape} and {multiple.shape} do not fit the index of {len(positions)} images"
        )
    return Samples(facts, single, multiple, positions, several)


def check_alike(samples: dict[str, Samples], data: "Packed") -> dict[str, Any]:
    """The facts that all methods' samples share. Raises: ValueError naming the methods and the fact that differs."""
    first_name, first = next(iter(samples.items()))
    for name, other in samples.items():
        for fact in FACTS:
            if other.facts[fact] != first.facts[fact]:
                raise ValueError(
                    f"samples cannot be compared: {fact} is {first.facts[fact]!r} for {first_name}, "
                    f"{other.facts[fact]!r} for {name}"
                )
        if not (np.array_equal(first.positions, other.positions) and np.array_equal(first.several, other.several)):
            raise ValueError(
                f"samples cannot be compared: {first_name} and {name} hold other images of {first.facts['data']}"
            )
    if first.facts["data"] != data.card["name"]:
        raise ValueError(f"samples are of {first.facts['data']}, the data given are {data.card['name']}")
    return {fact: first.facts[fact] for fact in FACTS}


def entry(name: str, metric: str, unit: str, value: float, count: int, protocol: dict[str, Any]) -> Value:
    """One number, as score.json holds it."""
    return {
        "method": name,
        "metric": metric,
        "unit": unit,
        "value": value,
        "n": count,
        "protocol": protocol | {"n": count},
    }
