"""What drawn sets of two domains share: folders trainA, trainB, testA, testB, without pairs."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from stages.data.truth import FOLDER
from stages.draw.scenes.canvas import Scene
from stages.draw.scenes.faults import planted_faults
from stages.draw.scenes.supply import Progress
from stages.draw.scenes.taught import TaughtBlock, Truth, picture_bytes, write


class DomainsBlock(TaughtBlock):
    """Drawing numbers; counts are of good pictures of each domain."""

    train: int
    test: int
    image_px: int
    quality: int


def listing(name: str, block: DomainsBlock) -> list[tuple[str, int, str]]:
    """(split with its domain, number, its fault or an empty text); faults stand in trainA and trainB alike."""
    faults = planted_faults(name, block.train, block.faults)
    counts = {"train": block.train + len(faults), "test": block.test, "teach": block.teach}
    return [
        (split + domain, number, faults[number].kind if split == "train" and number in faults else "")
        for split, count in counts.items()
        for domain in "AB"
        for number in range(count)
    ]


def folder_of(base: str, split: str) -> str:
    """Where the pictures of a split lie; those for teaching are no part of the set."""
    return f"{FOLDER}/{split}" if split.startswith("teach") else f"{base}/{split}"


def draw_domains(
    block: DomainsBlock,
    rows: list[tuple[str, int, str]],
    scene_of: Callable[[str, int], Scene],
    file_of: Callable[[str, int], str],
    out: Path,
    progress: Progress | None,
) -> None:
    """Writes all pictures, and the truth: the factors `kind` and `where` of each scene."""
    truth = Truth(out)
    for done, (split, number, kind) in enumerate(rows, 1):
        scene, name = scene_of(split, number), file_of(split, number)
        write(out / name, picture_bytes(scene.image, kind, block.quality))
        truth.add(name, str(scene.factors["kind"]), np.asarray(scene.factors["where"]))
        if progress:
            progress(done, len(rows))
    truth.close()
