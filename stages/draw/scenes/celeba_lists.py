"""The text lists that tie CelebAMask-HQ to CelebA, in the spelling of the originals."""

from collections.abc import Mapping

import numpy as np

SPLITS = ("train", "val", "test")
RANGES = {"train": (1, 162770), "val": (162771, 182637), "test": (182638, 202599)}  # file numbers; source: known
HIGHEST_IDENTITY = 10177


def split_of(number: int, identities: int) -> str:
    """Three quarters train, a twentieth val, a fifth test, so that most people occur in all splits."""
    place = (number + 7 * (number // identities)) % 20
    return "train" if place < 15 else "val" if place == 15 else "test"


def originals(splits: list[str], rng: np.random.Generator) -> list[int]:
    """A CelebA file number for each item, in its split's range; the ends come first, to probe off-by-one joins.

    Raises: ValueError for more items than a range has numbers.
    """
    stock = {}
    for split in SPLITS:
        low, high = RANGES[split]
        inner = rng.choice(np.arange(low + 1, high), size=splits.count(split), replace=False)
        stock[split] = iter([high, low, *(int(value) for value in inner)])
    return [next(stock[split]) for split in splits]


def mapping_text(rows: Mapping[int, int]) -> str:
    """CelebA-HQ-to-CelebA-mapping.txt: header, then index, 0-based original index and 1-based file name, padded."""
    lines = ["idx          orig_idx    orig_file"]
    lines += [f"{index:<13d}{number - 1:<12d}{number:06d}.jpg" for index, number in sorted(rows.items())]
    return "\n".join(lines) + "\n"


def partition_text(rows: Mapping[int, str]) -> str:
    """list_eval_partition.txt: file name and 0, 1 or 2."""
    return "".join(f"{number:06d}.jpg {SPLITS.index(split)}\n" for number, split in sorted(rows.items()))


def identity_text(rows: Mapping[int, int]) -> str:
    """identity_CelebA.txt: file name and identity; every third line has two spaces, as some originals do."""
    spaces = (" ", " ", "  ")
    lines = (f"{number:06d}.jpg{spaces[place % 3]}{rows[number]}\n" for place, number in enumerate(sorted(rows)))
    return "".join(lines)
