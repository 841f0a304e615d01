"""Numbers of figure 7: identity angles along the direction, references from real photos, and attribute drifts."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from stages.data.image import to_tensor
from stages.data.prepared.packed import Packed
from stages.engine.chance import Chance
from stages.engine.world import World
from stages.metrics.angle import features_to_angle
from stages.papers.contrasfill.identity.proxies import ATTRIBUTES


@dataclass(frozen=True)
class Moved:
    """All images along all walks; the middle column is the inversion.

    Shapes: features [N columns D]; seen bool [N], whether attributes could be measured; attributes [N][columns].
    """

    features: np.ndarray
    seen: np.ndarray
    attributes: list[list[dict[str, float] | None]]

    @property
    def middle(self) -> int:
        """The column of the inversions."""
        return self.features.shape[1] // 2

    def angles(self) -> np.ndarray:
        """Mean identity angle to the middle by distance 1 .. offsets, both sides together: degrees [offsets]."""
        features = torch.from_numpy(self.features)
        angle = features_to_angle(features, features[:, self.middle : self.middle + 1].expand_as(features)).numpy()
        right, left = angle[:, self.middle + 1 :], angle[:, : self.middle][:, ::-1]
        return (right + left).mean(0) / 2

    def values(self, name: str) -> np.ndarray:
        """One attribute of the measured faces: [n columns]. Raises: ValueError where no face has part masks."""
        if not self.seen.any():
            raise ValueError("no walked face has eyes, lips and skin among its part masks: raise the key images")
        rows = [row for row, seen in zip(self.attributes, self.seen, strict=True) if seen]
        cells = [cell for row in rows for cell in row if cell is not None]
        if len(cells) < sum(map(len, rows)):
            raise ValueError("a walked face that counts as measured has an image without attributes")
        return np.array([cell[name] for cell in cells]).reshape(len(rows), -1)

    def angle_to_photos(self, encoder: Any, data: Packed, positions: np.ndarray, batch: int, world: World) -> float:
        """Mean identity angle between a photo and its inversion, in degrees: what the inversion itself loses."""
        photos = features_of(encoder, data, positions, batch, world)
        return float(features_to_angle(photos, torch.from_numpy(self.features[:, self.middle])).mean())


def features_of(encoder: Any, data: Packed, positions: np.ndarray, batch: int, world: World) -> torch.Tensor:
    """Features of photos: float32 [N D]."""
    with torch.no_grad():
        parts = [
            encoder.encode(to_tensor(data.images[positions[start : start + batch]]).to(world.device)).float().cpu()
            for start in range(0, len(positions), batch)
        ]
    return torch.cat(parts)


def real_angles(
    encoder: Any, data: Packed, positions: np.ndarray, labels: np.ndarray, block: Any, seed: int, world: World
) -> dict[str, float]:
    """Mean identity angles of photos of the same person and of different people, over random pairs, in degrees.

    Source: spec §7.2. Raises: ValueError where no pair of one kind is drawn.
    """
    features = features_of(encoder, data, positions, block.batch, world)
    draw = Chance(seed, "reference", World.single()).numpy("pairs")
    left, right = draw.integers(len(labels), size=(2, block.reference_pairs))
    same = labels[left] == labels[right]
    # Random pairs are seldom of one person: partners of the first are drawn among that person's own photos.
    order = np.argsort(labels, kind="stable")
    sizes = np.bincount(labels)
    first = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    partner = order[first[labels[left]] + draw.integers(sizes[labels[left]])]
    found = {}
    for name, one, other in (
        ("identity_angle_within", left[partner != left], partner[partner != left]),
        ("identity_angle_between", left[~same], right[~same]),
    ):
        if not len(one):
            raise ValueError(f"{name}: none of {block.reference_pairs} random pairs is of this kind; raise the key")
        found[name] = float(features_to_angle(features[one], features[other]).mean())
    return found


def to_values(method: str, facts: dict[str, Any], moved: Moved, real: dict[str, float]) -> list[dict[str, Any]]:
    """All numbers as score.json holds them.

    drift_<a>: mean |a(end) - a(middle)| over both ends; trend_<a>: mean a(right end) - a(left end);
    spread_<a>: standard deviation of a over the inversions, to read the others against.
    """
    protocol = {"split": facts["split"], "codes": facts["codes"], "direction": "both sides alike, unit length"}
    values: list[tuple[str, str, float, int]] = []
    for number, angle in enumerate(moved.angles(), start=1):
        values.append((f"identity_angle_{number}", "degrees", float(angle), facts["images"]))
    values.append(("identity_angle_end", *values[-1][1:]))
    values += [(name, "degrees", angle, facts["faces"]) for name, angle in real.items()]
    for name in ATTRIBUTES:
        held, middle, count = moved.values(name), moved.middle, int(moved.seen.sum())
        ends = held[:, [0, -1]]
        values += [
            (f"drift_{name}", "1", float(np.abs(ends - held[:, middle : middle + 1]).mean()), count),
            (f"trend_{name}", "1", float((held[:, -1] - held[:, 0]).mean()), count),
            (f"spread_{name}", "1", float(held[:, middle].std()), count),
        ]
    values += [
        ("extreme_offset", "1", float(np.mean(facts["extremes"])), facts["images"]),
        ("limited_images", "1", float(facts["limited"]), facts["images"]),
        ("free_images", "1", float(facts["free_images"]), facts["images"]),
    ]
    return [
        {"method": method, "dataset": facts["data"], "metric": metric, "unit": unit, "value": value, "n": count,
         "protocol": protocol}
        for metric, unit, value, count in values
    ]  # fmt: skip
