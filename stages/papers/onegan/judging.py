"""What the scorer sees in real and made pictures, and the linear judge of classes taught on it."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from stages.data.image import from_tensor
from stages.data.prepared.packed import Packed
from stages.metrics.features import images_to_features
from stages.metrics.probe import Probe, fit_probe
from stages.metrics.scorer import load_scorer
from stages.papers.onegan.quality_keys import QualityBlock
from stages.papers.onegan.scores import Scores

UNLABELLED = "no test photo has a label"


class Looks:
    """The scorer's features of a whole pack, and p(y|x) by logistic regression on those of its training crops.

    Source: settled 17: a judge that the model never met; its accuracy on real test crops stands beside what it judges.
    """

    def __init__(self, folder: Path, data: Packed, block: QualityBlock, device: str) -> None:
        self.scorer, self.batch, self.device = load_scorer(folder, device), block.batch, device
        self.data, self.labels = data, data.column("label")
        self.features = self.pictures(data.images)
        self.test = data.positions("test")
        train = data.positions("train")
        train = train[self.labels[train] >= 0]
        self.probe: Probe = fit_probe(
            self.features[train].numpy(), self.labels[train], block.probe_penalty, block.probe_iterations
        )
        facts = data.card["facts"]
        self.protocol: dict[str, Any] = self.scorer.fidelity_protocol | {
            "crop": f"{facts['crop_factor']:g} x the box's longer side, clipped", "size_px": data.card["size_px"],
            "resize": "bilinear, antialiased, stretched", "dimension": self.features.shape[1], "eight_bits": "rounded",
        }  # fmt: skip
        self.judge: dict[str, Any] = self.protocol | {
            "judge": f"logistic regression, penalty {block.probe_penalty:g}", "classes": len(self.probe.labels),
            "taught_on": f"{len(train)} real training crops", "converged": self.probe.converged,
        }  # fmt: skip

    def pictures(self, images: np.ndarray) -> Tensor:
        """Features of 8-bit pictures. Shapes: uint8 [N S S 3] -> float32 [N D]."""
        return images_to_features(self.scorer.encode, images, self.batch, self.device)

    def made(self, batches: Iterable[Tensor]) -> Tensor:
        """Features of pictures in [-1, 1], rounded to 8 bits first. Shapes: [<= batch 3 S S] each -> float32 [N D]."""
        return torch.cat([self.pictures(from_tensor(images)) for images in batches])

    def probabilities(self, features: Tensor) -> np.ndarray:
        """p(y|x) by the judge. Shapes: [N D] -> float64 [N K]."""
        return self.probe.probabilities(features.numpy())

    def measure(self, rows: Scores) -> None:
        """Adds the judge's accuracy on real test crops, with what always saying the commonest class would reach."""
        places = self.test[self.labels[self.test] >= 0]
        if not len(places):
            rows.absent["probe_accuracy"] = UNLABELLED
            return
        truth = self.labels[places]
        right = self.probe.look(self.features[places].numpy()) == truth
        commonest = float(np.unique(truth, return_counts=True)[1].max() / len(truth))
        said = self.judge | {"split": "test", "chance": commonest}
        rows.add("real", "probe_accuracy", "1", right.mean(), len(right), said)
