"""What the scorer and the detector see in pictures, and what must be said beside each number."""

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from stages.metrics.crops import Kept, box_to_crop, boxes_to_kept
from stages.metrics.features import images_to_features
from stages.metrics.frechet import Running, Statistics, statistics_to_distance, statistics_to_warning
from stages.metrics.scorer import load_scorer
from stages.papers.mscond.measured import DetectedBlock, MeasureBlock

if TYPE_CHECKING:
    from stages.teachers.detectors.scenes import ScenesDetector


def detected(detector: "ScenesDetector", images: np.ndarray, block: DetectedBlock) -> list[dict[str, Kept]]:
    """The objects of each picture that count, by category. Shapes: uint8 [n S S 3]."""
    height, width = images.shape[1:3]
    found: list[dict[str, Kept]] = []
    for start in range(0, len(images), block.detector_batch):
        for seen in detector.detect(images[start : start + block.detector_batch]):
            kept: dict[str, Kept] = {}
            for category in block.categories:
                own = [one for one in seen if one.category == category]
                boxes, scores = np.array([one.box for one in own]), np.array([one.score for one in own])
                kept[category] = boxes_to_kept(
                    boxes, scores, width, height, block.threshold, block.minimum_side_px, block.objects_per_image
                )
            found.append(kept)
    return found


class Looks:
    """The scorer's features of pictures, and the distance of two sets of them with its protocol."""

    def __init__(self, folder: Path, block: MeasureBlock, device: str) -> None:
        self.scorer, self.batch, self.device = load_scorer(folder, device), block.batch, device
        self.name = self.scorer.fidelity_name
        self.protocol: dict[str, Any] = self.scorer.fidelity_protocol | {
            "eight_bits": "rounded", "covariances": "unbiased", "dtype": "float64, torch-fidelity",
        }  # fmt: skip

    def features(self, images: np.ndarray) -> Tensor:
        """Features of 8-bit pictures. Shapes: uint8 [N S S 3] -> float32 [N D]."""
        return images_to_features(self.scorer.encode, images, self.batch, self.device)

    def distance(self, made: Statistics, real: Statistics) -> tuple[float, dict[str, Any]]:
        """The Fréchet distance, and what is said beside it."""
        warning = statistics_to_warning(made, real)
        said = {"dimension": len(real.mean), "reals": real.count} | ({"warning": warning} if warning else {})
        return statistics_to_distance(made, real), self.protocol | said


class Objects:
    """Crops of each category out of pictures that come in batches: how many there are, and moments of the first N.

    With several `sets`, moments of the next N too, and so on. No crop is kept.
    Source: spec §5.3; equal counts: settled 1.7 (gap G13).
    """

    def __init__(self, block: MeasureBlock, detector: "ScenesDetector", looks: Looks, sets: int = 1) -> None:
        self.block, self.detector, self.looks = block, detector, looks
        self.pictures, self.found = 0, Counter[str]()
        self.moments = {category: [Running() for _ in range(sets)] for category in block.categories}
        self.protocol: dict[str, Any] = {
            "detector": detector.facts["architecture"], "detector_sha256": detector.facts["digest"],
            "threshold": block.threshold, "minimum_side_px": block.minimum_side_px,
            "objects_per_image": block.objects_per_image, "object": "tight box, stretched", "crop_px": block.crop_px,
            "resize": "bilinear, antialiased",
        }  # fmt: skip

    def see(self, batches: Iterable[np.ndarray]) -> dict[str, np.ndarray]:
        """What batches of pictures would add, without adding it.

        Shapes: uint8 [n S S 3] each -> int64 pictures [B], found [B categories], taken [B categories sets], of the
        crops that moments are made of; features of these float32 [sum of taken, D], in that order.
        """
        counts = [[running.count for running in self.moments[category]] for category in self.block.categories]
        pictures, found, taken, features = [], [], [], [np.empty((0, 0), np.float32)]
        for images in batches:
            objects = detected(self.detector, images, self.block)
            pictures.append(len(images))
            found.append([sum(len(kept[category].boxes) for kept in objects) for category in self.block.categories])
            taken.append([])
            for category, counted in zip(self.block.categories, counts, strict=True):
                places = [(number, box) for number, kept in enumerate(objects) for box in kept[category].boxes]
                taken[-1].append([])
                for number, count in enumerate(counted):
                    some = places[: self.block.objects_count - count]
                    places, counted[number] = places[len(some) :], count + len(some)
                    taken[-1][-1].append(len(some))
                    if some:
                        crops = [box_to_crop(images[place], box, self.block.crop_px) for place, box in some]
                        features.append(self.looks.features(np.stack(crops)).numpy())
        held = np.concatenate(features[1:]) if features[1:] else features[0]
        return {"pictures": np.array(pictures, np.int64), "found": np.array(found, np.int64),
                "taken": np.array(taken, np.int64), "features": held}  # fmt: skip

    def take(self, seen: Mapping[str, np.ndarray]) -> None:
        """Adds what `see` saw, batch by batch as it came."""
        self.pictures += int(seen["pictures"].sum())
        features, done = torch.from_numpy(seen["features"]), 0
        for found, taken in zip(seen["found"].tolist(), seen["taken"].tolist(), strict=True):
            for category, count, sets in zip(self.block.categories, found, taken, strict=True):
                self.found[category] += count
                for running, some in zip(self.moments[category], sets, strict=True):
                    if some:
                        running.add(features[done : done + some])
                        done += some

    def full(self, category: str, number: int = 0) -> Statistics | None:
        """Moments of a category's N crops; None where fewer were found."""
        running = self.moments[category][number]
        return running.statistics() if running.count == self.block.objects_count else None
