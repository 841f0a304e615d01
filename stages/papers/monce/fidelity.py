"""How near sets of pictures come to the target's test split, by a Fréchet and the sliced Wasserstein distance."""

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import torch

from stages.data.prepared.packed import Packed
from stages.metrics.features import images_to_batches, images_to_features
from stages.metrics.frechet import features_to_statistics, statistics_to_warning
from stages.metrics.rows import Rows
from stages.metrics.scorer import Scorer
from stages.metrics.standardised import Target
from stages.metrics.wasserstein import images_to_wasserstein
from stages.nets.encoders.load import load_encoder, read_facts
from stages.papers.monce.measured import even_subset

PUBLISHED = "FID"


class Nearness:
    """The target's test pictures, ready to be compared with others.

    FID is torch-fidelity's, on plain features; of a taught scorer they are standardised by the target.
    Source: spec §6.1, §6.4; settled 4, 23.
    """

    def __init__(self, scorer: Scorer, target: np.ndarray, split: str, batch: int, seed: int, device: str) -> None:
        """Shapes: target uint8 [T S S 3]. `seed` draws the pieces and directions of the sliced distance."""
        self.scorer, self.images, self.batch, self.seed, self.device = scorer, target, batch, seed, device
        self.features = self.look(target)
        self.target = Target(self.features, standardised=scorer.fidelity_name != PUBLISHED)
        self.protocol: dict[str, Any] = scorer.fidelity_protocol | {
            "reals": len(target), "real_split": split, "dtype": "float64, torch-fidelity", "eight_bits": "rounded",
            "dimension": self.features.shape[1], "features_kept": self.target.kept,
            "standardised": "no" if self.target.scale is None else "by the target split",
        }  # fmt: skip
        self.sliced = {"real_split": split, "draws": seed, "pieces": "128 of 7 x 7 px a level", "directions": "4 x 128"}

    def look(self, images: np.ndarray) -> torch.Tensor:
        """The scorer's features. Shapes: uint8 [N S S 3] -> float32 [N D]."""
        return images_to_features(self.scorer.encode, images, self.batch, self.device)

    def measure(self, images: np.ndarray, method: str, seed: int, rows: Rows) -> float:
        """Adds both distances of a set of pictures; gives the Fréchet distance."""
        features = self.look(images)
        distance = self.target.distance(features)
        warning = statistics_to_warning(features_to_statistics(features), features_to_statistics(self.features))
        protocol = self.protocol | ({"warning": warning} if warning else {})
        rows.add(method, seed, self.scorer.fidelity_name, "1", distance, len(images), protocol)
        self.add_sliced(images, self.images, method, seed, rows)
        return distance

    def measure_halves(self, rows: Rows) -> None:
        """Adds what two halves of the target reach, which no translation can be expected to pass by much."""
        count = len(self.images) // 2
        protocol = self.protocol | {"reals": len(self.images) - count, "halves": "items of even and of odd number"}
        rows.add("halves", 0, self.scorer.fidelity_name, "1", self.target.halves(), count, protocol)
        self.add_sliced(self.images[::2], self.images[1::2], "halves", 0, rows)

    def add_sliced(self, made: np.ndarray, real: np.ndarray, method: str, seed: int, rows: Rows) -> None:
        """SWD x 1000 of equally many of both, evenly spaced where one set is larger."""
        count = min(len(made), len(real))
        first, second = (images[even_subset(len(images), count)] for images in (made, real))
        found = images_to_wasserstein(first, second, self.seed)
        levels = {"levels_px": list(found.sides_px), "levels": list(found.levels)}
        rows.add(method, seed, "SWD", "1/1000", found.mean, count, self.sliced | levels)


class Recognition:
    """The taught scorer as the judge of what a picture shows; a network that was not taught on the set is none.

    The target's classes are those that more of its training pictures than of the source's are taken for: the scorer
    numbers the kinds of scenes of all sets, and of each domain apart.
    """

    def __init__(self, folder: Path, data: Packed, source: str, target: str, batch: int, device: str) -> None:
        """`source` and `target` are the letters of the domains."""
        self.batch, self.device = batch, device
        taught = read_facts(folder).get("taught_on", ())
        self.encoder, self.classes = None, frozenset[int]()
        if data.card["name"] in {part["set"] for part in taught}:
            self.encoder = load_encoder(folder).to(device)
            counts = [Counter(self._classes(data.images[data.positions(f"train{one}")])) for one in (source, target)]
            self.classes = frozenset(number for number, count in counts[1].items() if count > counts[0][number])

    def look(self, images: np.ndarray) -> np.ndarray | None:
        """The class of each picture; None without a judge. Shapes: uint8 [N S S 3] -> int64 [N]."""
        return None if self.encoder is None else np.array(self._classes(images), np.int64)

    def _classes(self, images: np.ndarray) -> list[int]:
        assert self.encoder is not None
        found: list[int] = []
        with torch.no_grad():
            for part in images_to_batches(images, self.batch):
                found += self.encoder.net(self.encoder.view(part.to(self.device))).argmax(1).tolist()
        return found
