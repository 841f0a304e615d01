"""What another child code changes in a reconstruction, inside and outside of the object: O6, O7.

Source: spec §1, §6.3; supp §D.3.
"""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from stages.data.prepared.packed import Packed
from stages.papers.onegan.choosing import photos_for
from stages.papers.onegan.methods.gan.paths import Model
from stages.papers.onegan.passes import Encoded, rebuilt
from stages.papers.onegan.picking import object_colours, targets
from stages.papers.onegan.quality_keys import QualityBlock
from stages.papers.onegan.rebuilding import Reconstructed
from stages.papers.onegan.scores import Scores

METRICS = ("swap_inside", "swap_outside", "swap_ratio", "swap_cosine")
THRESHOLD = 0.5


class Swapped(NamedTuple):
    """Changes of so many pairs: mean |change| inside and outside [n], and the shift of the mean colour inside [n 3]."""

    inside: np.ndarray
    outside: np.ndarray
    shift: np.ndarray


def measure_swaps(
    block: QualityBlock, model: Model, data: Packed, seen: Encoded, found: Reconstructed, device: str, rows: Scores
) -> None:
    """Adds the change inside and outside, their ratio, and how alike a code's shifts of colour are over photos.

    Inside is where the mask of the photo's own reconstruction exceeds 1/2; the ground is painted anew for every code.
    A photo is not given the class that it has. `seen` and `found` are of the test photos, in their order.
    """
    test = data.positions("test")
    chosen = np.searchsorted(test, photos_for(data, block.swap_sources))
    filled = (found.masks[chosen] > THRESHOLD).mean(axis=(1, 2))
    sources = chosen[(filled > 0) & (filled < 1)]
    images = data.images[test]
    picked = targets(seen.shares, object_colours(images, found.masks), block.swap_targets)
    parts = []
    for child in picked.children.tolist():
        others = sources[seen.child[sources] != child]
        if len(others):
            parts.append(swapped(model, images[others], child, block.batch, device))
    said = {
        "split": "test", "sources": len(sources), "left_out": len(chosen) - len(sources), "unit": "of [0, 1]",
        "targets": len(parts), "mask": f"the own reconstruction's, above {THRESHOLD}", "ground": "painted anew",
    }  # fmt: skip
    if not parts:
        rows.absent |= dict.fromkeys(METRICS, "no photo has a mask with an inside and an outside, and another class")
        return
    inside, outside = (np.concatenate([getattr(one, name) for one in parts]) for name in ("inside", "outside"))
    rows.add("onegan", "swap_inside", "1", inside.mean(), len(inside), said)
    rows.add("onegan", "swap_outside", "1", outside.mean(), len(outside), said)
    if outside.any():
        rows.add("onegan", "swap_ratio", "1", inside.mean() / outside.mean(), len(inside), said)
    else:
        rows.absent["swap_ratio"] = "no code changes anything outside of the masks"
    alike = [cosine(one.shift) for one in parts if len(one.shift) > 1]
    if alike:
        rows.add("onegan", "swap_cosine", "1", float(np.mean(alike)), len(inside), said)
    else:
        rows.absent["swap_cosine"] = "no class is given to two photos"


def swapped(model: Model, images: np.ndarray, child: int, batch: int, device: str) -> Swapped:
    """Reconstructions with the table's code of a class against those with the own one.

    Inside: Σ m |x' - x^| / (3 Σ m) / 2, outside with 1 - m; shift: Σ m (x' - x^) / Σ m / 2, in units of [0, 1].
    Shapes: uint8 [n S S 3]; masks of x^ neither empty nor full.
    """
    parts: list[list[np.ndarray]] = [[], [], []]
    pairs = zip(rebuilt(model, images, batch, device), rebuilt(model, images, batch, device, child), strict=True)
    for own, other in pairs:
        change, inside = (other.image - own.image).double() / 2, (own.mask > THRESHOLD).double()
        found = (
            weighed(change.abs(), inside).mean(1),
            weighed(change.abs(), 1 - inside).mean(1),
            weighed(change, inside),
        )
        for held, one in zip(parts, found, strict=True):
            held.append(one.cpu().numpy())
    return Swapped(*(np.concatenate(held) for held in parts))


def weighed(values: Tensor, weights: Tensor) -> Tensor:
    """The mean over places, each with its weight. Shapes: [B 3 S S], [B 1 S S] -> [B 3]."""
    return (values * weights).sum((2, 3)) / weights.sum((2, 3))


def cosine(shifts: np.ndarray) -> float:
    """The mean cosine between the shifts of all pairs of photos; a shift of nothing is at right angles to all.

    Source: spec §1 (O6). Shapes: [n 3], n at least 2.
    """
    unit = torch.nn.functional.normalize(torch.from_numpy(shifts), dim=1).numpy()
    count = len(unit)
    total = unit.sum(axis=0)
    return float((total @ total - (unit**2).sum()) / (count * (count - 1)))
