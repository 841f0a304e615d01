"""A folder of results around base results: what a walk along a direction and a change of the known code both leave."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from stages.data.files import read_json, read_table, write_json, write_table

if TYPE_CHECKING:
    from stages.papers.contrasfill.directions.walker import Walker


@dataclass(frozen=True)
class Results:
    """Base results and the kept ones of each image.

    Shapes: base uint8 [N R R 3]; several uint8 [N samples R R 3], zeros where an image is short; positions int64 [N];
    counts int64 [N], how many of `several` are there; realness of the base results [N]; drift [N samples], the
    realness of a result minus its base's, nan where there is none.
    """

    facts: dict[str, Any]
    base: np.ndarray
    several: np.ndarray
    positions: np.ndarray
    counts: np.ndarray
    realness: np.ndarray
    drift: np.ndarray

    @property
    def complete(self) -> np.ndarray:
        """Whether an image has all its results: bool [N]."""
        return self.counts == self.several.shape[1]


def write_results(
    folder: Path, facts: dict[str, Any], walker: "Walker", several: np.ndarray, rows: list[dict[str, Any]]
) -> None:
    """Writes study.json, images.parquet, results.parquet, base.npy and several.npy.

    `rows` holds image, number, step (0 where nothing is walked) and realness of each kept result, in order.
    """
    np.save(folder / "base.npy", walker.pictures)
    np.save(folder / "several.npy", several)
    counts = np.bincount(np.array([row["image"] for row in rows], np.int64), minlength=len(several))
    columns = {"key": walker.keys, "position": np.asarray(walker.positions, np.int64), "realness": walker.realness,
               "results": counts.astype(np.int64)}  # fmt: skip
    write_table(folder / "images.parquet", columns)
    kinds = {"image": "int", "number": "int", "step": "float", "realness": "float"}
    write_table(folder / "results.parquet", {name: [row[name] for row in rows] for name in kinds}, kinds)
    write_json(folder / "study.json", facts)


def read_results(folder: Path) -> Results:
    """Opens such a folder. Raises: ValueError where its parts disagree."""
    images, rows = read_table(folder / "images.parquet"), read_table(folder / "results.parquet")
    base, several = (np.load(folder / f"{name}.npy", mmap_mode="r") for name in ("base", "several"))
    counts, realness = np.asarray(images["results"]), np.asarray(images["realness"])
    if len({len(base), len(several), len(counts)}) != 1 or counts.sum() != len(rows["image"]):
        raise ValueError(f"{folder}: base.npy, several.npy and the tables are of different images; make it anew")
    drift = np.full(several.shape[:2], np.nan)
    image = np.asarray(rows["image"], np.int64)
    place = np.concatenate([np.arange(count) for count in counts]) if len(image) else image
    drift[image, place.astype(np.int64)] = np.asarray(rows["realness"]) - realness[image]
    positions = np.asarray(images["position"])
    return Results(read_json(folder / "study.json"), base, several, positions, counts, realness, drift)


def check_same_images(held: dict[str, Results]) -> None:
    """Raises: ValueError naming the folders whose images or facts differ."""
    first_name, first = next(iter(held.items()))
    for name, other in held.items():
        for fact in ("profile", "data", "seed", "hole", "split", "samples"):
            if other.facts[fact] != first.facts[fact]:
                raise ValueError(
                    f"results cannot be compared: {fact} is {first.facts[fact]!r} for {first_name}, "
                    f"{other.facts[fact]!r} for {name}"
                )
        if not np.array_equal(first.positions, other.positions):
            raise ValueError(f"results cannot be compared: {first_name} and {name} are of other images")
