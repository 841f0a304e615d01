"""What drawn sets hold beside their layout, in demo_truth/: what is in each picture, pictures to teach judges on."""

import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from stages.data.truth import FOLDER, KINDS, map_name
from stages.draw.scenes.chance import generator
from stages.draw.scenes.encode import jpeg, png, spoiled
from stages.draw.scenes.faults import SPOILED
from stages.draw.scenes.supply import RawBlock


class TaughtBlock(RawBlock):
    """A raw set with a split `teach`, drawn from a seed of its own; counts are of good pictures."""

    teach: int
    teach_seed: int

    def rng(self, name: str, split: str, *names: object) -> np.random.Generator:
        """The generator of one drawing of the set `name`."""
        return generator(self.teach_seed if split == "teach" else self.seed, name, *names)


@dataclass
class Truth:
    """Collects what was drawn: one line of JSON a picture, and maps of what is where."""

    out: Path
    lines: list[str] = field(default_factory=list)

    def add(self, picture: str, kind: str, where: np.ndarray | None = None, **facts: object) -> None:
        """Notes one picture; `where` is a map of small numbers. Shapes: uint8 [H W]."""
        self.lines.append(json.dumps({"picture": picture, "kind": kind, **facts}, sort_keys=True))
        if where is not None:
            write(self.out / map_name(picture), png(where.astype(np.uint8)))

    def close(self) -> None:
        """Writes the lines, sorted."""
        write(self.out / FOLDER / KINDS, "".join(f"{line}\n" for line in sorted(self.lines)).encode("ascii"))


def write(path: Path, content: bytes) -> None:
    """Writes one file, and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def picture_bytes(image: np.ndarray, kind: str, quality: int) -> bytes:
    """A jpeg, whole or spoiled as a fault says; a `grey` picture has three equal channels, a `black` one no light."""
    if kind in SPOILED:
        return spoiled(image, kind, quality)
    if kind == "black":
        image = np.zeros_like(image)
    if kind == "grey":
        image = np.repeat(image.mean(axis=2, keepdims=True).astype(np.uint8), 3, axis=2)
    return jpeg(image, quality)
