"""Whether a generator collapsed, with what the detector looked at and what happens to the parts' extents.

Source: supp §F.3 (claim C4); spec §7; limits ours (gap G21).
"""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from pydantic import Field

from stages.block import Block as Base

if TYPE_CHECKING:
    from torch import Tensor

    from stages.papers.ganseg.methods.gan.method import Gan

Progress = Callable[[int, int, str], None]


class Block(Base):
    """`images` are generated, `batch` at once; a heat-map's pixel counts where it is above `heat`."""

    profile: Literal["smoke", "demo", "lite", "paper"]
    images: int = Field(gt=1)
    batch: int = Field(gt=0)
    heat: float = Field(gt=0, lt=1)


def measure(block: Block, inputs: dict[str, Path], out: Path, device: str, progress: Progress) -> None:
    """Write score.json for the one input `model`: rules that fired, their numbers, and the mechanism's.

    The mechanism: `scale_largest` is the largest τ over parts and samples before its floor, which is 0 for two points
    under the variance of radii; `heat_pixels` the mean number of pixels of a part's heat-map above the limit, at the
    first level.
    """
    from stages.data.files import read_json, write_json
    from stages.engine.world import World
    from stages.papers.ganseg.detectors import collapse
    from stages.papers.ganseg.methods.gan.method import trained_model

    facts = read_json(inputs["model"] / "model.json")
    method = trained_model(inputs["model"], World.single(device))
    masks, images, points = [], [], []
    for start in range(0, block.images, block.batch):
        made = generate(method, facts["seed"], np.arange(start, min(start + block.batch, block.images)))
        masks.append(made["mask"].float().cpu().numpy())
        images.append(made["image"].float().cpu().numpy())
        points.append(made["points"].cpu())
        progress(start + len(made["mask"]), block.images, "generated images")
    finding = collapse(np.concatenate(masks), np.concatenate(images))
    content: dict[str, Any] = {
        "paper": "ganseg", "profile": block.profile, "data": facts["data"], "seed": facts["seed"],
        "points_per_part": method.block.points_per_part, "parts": method.block.parts, "images": block.images,
        "scale": method.block.scale, "steps": method.block.iterations, "size_px": method.block.size_px,
        "fired": list(finding.fired), "values": dict(finding.values),
        "mechanism": mechanism(method, points, block.heat) | {"heat_limit": block.heat},
    }  # fmt: skip
    write_json(out / "score.json", content)


def generate(method: "Gan", seed: int, numbers: np.ndarray) -> "dict[str, Tensor]":
    """The record of the images with these numbers."""
    import torch

    from stages.engine.rowchance import RowChance

    chance = RowChance(seed, [f"collapse/{number}" for number in numbers])
    return method.produce({"position": torch.from_numpy(numbers)}, chance)


def mechanism(method: "Gan", points: "list[Tensor]", limit: float) -> dict[str, float]:
    """Extents before their floor in float64, and how many pixels of the first level a part's heat-map reaches."""
    import torch

    from stages.papers.ganseg.grid import grid
    from stages.papers.ganseg.heatmap import heatmaps
    from stages.papers.ganseg.points import centers, part_scale, spread

    block, placed = method.block, torch.cat(points).double()
    extents = spread(placed, block.scale)
    side = block.feature_sizes[0]
    places = grid(side, 0, block.grid, placed)
    heat = heatmaps(centers(placed), part_scale(placed, block.scale), places, block.kernel)
    return {
        "scale_largest": float(extents.max()),
        "scale_median": float(extents.median()),
        "heat_pixels": float((heat > limit).sum((2, 3)).double().mean()),
        "heat_side_px": float(side),
    }
