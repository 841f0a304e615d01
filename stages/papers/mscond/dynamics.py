"""What a discriminator says while it learns: statistics of its logits by tick, height and what it looks at.

They are sums in the method's memory, so that a resumed training goes on with them; a table is made of them at the end.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from stages.engine.world import World

MEMORY = "dynamics"
FILE = "dynamics.parquet"
DOMAINS = ("real", "fake", "held_out")
# Of an image at one height: its logits' number, sum, sum of squares, number above 0, mean, square of it, and 1; then
# the least and the largest.
SUMS, FIELDS = 7, 9
TYPES = {"domain": "str", "source": "str", "images": "int", "height": "int", "n": "int"}

Head = tuple[str, int]  # own or probe, height


def fresh(ticks: int, heads: int) -> Tensor:
    """Sums of nothing: float64 [ticks heads 3 FIELDS]."""
    made = torch.zeros(ticks, heads, len(DOMAINS), FIELDS, dtype=torch.float64)
    made[..., SUMS], made[..., SUMS + 1] = math.inf, -math.inf
    return made


@torch.no_grad()
def note(sums: Tensor, tick: int, domain: str, logits: Sequence[Tensor], world: World) -> None:
    """Adds the logits of all processes' images, one tensor for each head, to a tick's sums, in place.

    Source: main (figure 2: mean and deviation of the logits); the other statistics ours (gap G25).
    Shapes: sums as `fresh`, logits [b 1 l l] each.
    """
    rows = world.gather(torch.stack([image_sums(each) for each in logits], 1))
    held = sums[tick, :, DOMAINS.index(domain)]
    held[:, :SUMS] += rows[..., :SUMS].sum(0)
    held[:, SUMS] = torch.minimum(held[:, SUMS], rows[..., SUMS].amin(0))
    held[:, SUMS + 1] = torch.maximum(held[:, SUMS + 1], rows[..., SUMS + 1].amax(0))


def image_sums(logits: Tensor) -> Tensor:
    """What is kept of each image.  Shapes: [b 1 l l] -> float64 [b FIELDS]."""
    flat = logits.detach().double().flatten(1)
    mean, one = flat.mean(1), flat.new_ones(len(flat))
    columns = [one * flat.shape[1], flat.sum(1), flat.square().sum(1), (flat > 0).double().sum(1), mean, mean.square()]
    return torch.stack([*columns, one, flat.amin(1), flat.amax(1)], 1)


def write(sums: Tensor, heads: Sequence[Head], tick_images: int, total_images: int, out: Path) -> None:
    """Writes dynamics.parquet: a line for each tick, head and domain that was looked at.

    `images`: how many the discriminator had been trained on when the tick ended; `std`: over images and places;
    `std_image`: of the images' means over places.
    """
    from stages.data.files import write_table

    lines: list[dict[str, Any]] = []
    for tick, by_head in enumerate(sums.tolist()):
        images = min((tick + 1) * tick_images, total_images)
        for (source, height), by_domain in zip(heads, by_head, strict=True):
            for domain, held in zip(DOMAINS, by_domain, strict=True):
                if held[0]:
                    place = {"images": images, "height": height, "domain": domain, "source": source}
                    lines.append(place | statistics(held))
    columns = {name: [line[name] for line in lines] for name in lines[0]}
    write_table(out / FILE, columns, {name: TYPES.get(name, "float") for name in columns})


def statistics(held: Sequence[float]) -> dict[str, Any]:
    """Statistics of the sums of one tick, head and domain; deviations are those of the population."""
    n, total, squares, positive, means, mean_squares, images, minimum, maximum = held
    mean, image_mean = total / n, means / images
    return {
        "n": int(n), "mean": mean, "std": math.sqrt(max(squares / n - mean**2, 0.0)), "minimum": minimum,
        "maximum": maximum, "share_positive": positive / n,
        "std_image": math.sqrt(max(mean_squares / images - image_mean**2, 0.0)),
    }  # fmt: skip
