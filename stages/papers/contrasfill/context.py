"""What ignoring the context costs (figure 11): fidelity, the step at the hole's edge, colours on both sides of it."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from pydantic import Field

from stages.block import Block as Base
from stages.papers.contrasfill.measuring import Reals, fidelity
from stages.papers.contrasfill.sampled import Value, check_alike, entry, positions_to_holes, read_samples

if TYPE_CHECKING:
    from stages.data.prepared.packed import Packed

Progress = Callable[[int, int, str], None]
REAL = "real_evaluation"


class Block(Base):
    """Width of the rings on both sides of the edge, in pixels; images at once."""

    ring_px: int = Field(gt=0)
    batch: int = Field(gt=0)


def measure(block: Block, inputs: dict[str, Path], out: Path, device: str, progress: Progress) -> None:
    """Measure every `sample_<method>`, one sample for each evaluation image.

    Source: supp §5, Fig. 11; spec §8.7.
    """
    from stages.data.files import write_json
    from stages.data.prepared.packed import Packed
    from stages.metrics.scorer import load_scorer

    data = Packed.open(inputs["data"])
    samples = {
        name.removeprefix("sample_"): read_samples(path) for name, path in inputs.items() if name.startswith("sample_")
    }
    shared = check_alike(samples, data)
    common = {key: shared[key] for key in ("hole", "split", "size_px")}
    scorer = load_scorer(inputs["scorer"], device)
    reals = Reals(data, shared["split"], scorer, block.batch, device)
    positions = next(iter(samples.values())).positions
    edges = Edges(data, positions, shared["hole"], block.ring_px)
    values: list[Value] = edges.of_reals(common)
    for done, (name, held) in enumerate(sorted(samples.items()), start=1):
        values += fidelity(name, held, reals, scorer, common)
        values += edges.of_samples(name, held.single, common)
        progress(done, len(samples), name)
    values += reals.against_themselves(scorer, common)
    for value in values:
        value["dataset"] = shared["data"]
    write_json(out / "score.json", {"paper": "contrasfill", **shared, "methods": sorted(samples), "values": values})


class Edges:
    """The steps and ring distances of the dataset's own images, against which samples are measured.

    Raises: ValueError where no hole has an edge.
    """

    def __init__(self, data: "Packed", positions: np.ndarray, hole: str, ring_px: int) -> None:
        holes = positions_to_holes(data, positions, hole)
        self.rows = np.flatnonzero([0 < hole.mean() < 1 for hole in holes])
        if not len(self.rows):
            raise ValueError(f"{data.folder}: every hole is the whole picture, so that none has an edge")
        self.holes, self.ring_px = holes[self.rows], ring_px
        self.units = {"seam": "levels", "ring_colour": "CIE 1976 difference"}
        self.reals = self.scores(data.images[positions[self.rows]])

    def scores(self, images: np.ndarray) -> dict[str, np.ndarray]:
        """Each image's step across the edge and ring distance. Shapes: uint8 [n R R 3] -> float64 [n] each."""
        from stages.metrics.edge import hole_to_edge_steps, hole_to_ring_distance

        both = list(zip(images, self.holes, strict=True))
        return {
            "seam": np.array([hole_to_edge_steps(image, hole) for image, hole in both]),
            "ring_colour": np.array([hole_to_ring_distance(image, hole, self.ring_px) for image, hole in both]),
        }

    def of_samples(self, name: str, single: np.ndarray, common: dict) -> list[Value]:
        """Samples minus the real image of the same hole, averaged."""
        made = self.scores(single[self.rows])
        said = self.said(common, "sample minus the real image, then images")
        return [
            entry(name, metric, self.units[metric], float((made[metric] - real).mean()), len(real), said)
            for metric, real in self.reals.items()
        ]

    def of_reals(self, common: dict) -> list[Value]:
        """The real images' own scores, which samples are compared with."""
        said = self.said(common, "images")
        return [
            entry(REAL, f"{metric}_real", self.units[metric], float(real.mean()), len(real), said)
            for metric, real in self.reals.items()
        ]

    def said(self, common: dict, mean: str) -> dict:
        """The protocol beside the numbers."""
        return common | {"per_image": 1, "mean": mean, "ring_px": self.ring_px}
