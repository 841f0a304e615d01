"""The Fréchet distance on standardised features, with the number that it has to be read beside."""

from typing import NamedTuple

from torch import Tensor

from stages.metrics.frechet import features_to_distance

DEAD = 0.05  # of the mean deviation: what varies less says nothing and, divided by it, would say everything


class Scale(NamedTuple):
    """Mean and standard deviation [D] of the features that are kept, bool [D]."""

    mean: Tensor
    deviation: Tensor
    kept: Tensor


def features_to_scale(target: Tensor) -> Scale:
    """Mean and unbiased sd of each feature over the target split; those whose sd is below 5 % of the mean sd are dead.

    Source: settled 4 (a feature that hardly varies took the distance to 5e11).
    Shapes: [N D] -> [D] three times, float64.
    Raises: ValueError for fewer than two images, or where no feature varies.
    """
    if target.ndim != 2 or len(target) < 2:
        raise ValueError(f"a standard deviation needs at least two features [N, D], got shape {tuple(target.shape)}")
    target = target.double()
    deviation = target.std(dim=0)
    kept = (deviation > 0) & (deviation >= DEAD * deviation.mean())
    if not bool(kept.any()):
        raise ValueError("expected features that vary over the target split, got none: look at the images and network")
    return Scale(target.mean(dim=0), deviation, kept)


def standardise(features: Tensor, scale: Scale) -> Tensor:
    """(f - mean) / sd of the kept features. Shapes: [N D] -> float64 [N K]."""
    centred = (features.double() - scale.mean)[:, scale.kept]
    return centred / scale.deviation[scale.kept]


class Target:
    """What sets of images are compared with: the Fréchet distance of each from it, standardised by it or plain."""

    def __init__(self, features: Tensor, standardised: bool):
        """Shapes: [T D], T at least 4. Raises: ValueError as `features_to_scale` where it is standardised."""
        self.scale = features_to_scale(features) if standardised else None
        self.features = self._ready(features)
        self.count, self.kept = self.features.shape

    def _ready(self, features: Tensor) -> Tensor:
        return features.double() if self.scale is None else standardise(features, self.scale)

    def distance(self, features: Tensor) -> float:
        """How near a set is. Shapes: [N D]. Units: variances, or squared units, of features."""
        return features_to_distance(self._ready(features), self.features)

    def halves(self) -> float:
        """How near the target is to itself: its images of even number against those of odd number.

        Being half as many, they lie further apart than two whole sets would.    Source: settled 4.
        """
        return features_to_distance(self.features[::2], self.features[1::2])
