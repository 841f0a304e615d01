"""KFFA, the known factor feature angle: how far apart samples of one hole lie in the known factor's feature space."""

import torch
from torch import Tensor

from stages.metrics.pairs import count_to_pairs, pairs_to_means


def features_to_angle(left: Tensor, right: Tensor) -> Tensor:
    """The angle between feature vectors.

    angle(a, b) = arccos(cos(a, b)) = 2 atan2(|â − b̂|, |â + b̂|), with â = a / |a|. The second is the one computed: it is
    exactly 0 for equal and 180 for opposite vectors and needs no clipping where rounding lifts a cosine above 1.

    Source: supp §5, Table 1 (the name); the formula is ours (gap G11).
    Shapes: [..., D], [..., D] → [...].
    Units: degrees, in [0, 180].
    Raises: ValueError for a vector that is zero or not finite, which has no direction.
    """
    left, right = left.double(), right.double()
    lengths = left.norm(dim=-1, keepdim=True), right.norm(dim=-1, keepdim=True)
    for length in lengths:
        if not bool((torch.isfinite(length) & (length > 0)).all()):
            raise ValueError(
                "an angle needs finite feature vectors that are not zero; the encoder gave one that is not"
            )
    left, right = left / lengths[0], right / lengths[1]
    half = torch.atan2((left - right).norm(dim=-1), (left + right).norm(dim=-1))
    return torch.rad2deg(2 * half)


def features_to_pair_angles(features: Tensor) -> Tensor:
    """The angles of all pairs of samples of each image.

    Shapes: [N, samples, D] → [N, pairs].
    Units: degrees.
    """
    if features.ndim != 3:
        raise ValueError(f"expected features [images, samples, dimensions], got shape {tuple(features.shape)}")
    pairs = count_to_pairs(features.shape[1])
    return features_to_angle(features[:, pairs[:, 0]], features[:, pairs[:, 1]])


def features_to_known_factor_angle(features: Tensor) -> float:
    """KFFA: the mean over pairs of samples, then over images. Higher is more diverse.

    Source: supp §5, Table 1; protocol gap G11.
    Shapes: [N, samples, D] → scalar.
    Units: degrees.
    """
    return float(pairs_to_means(features_to_pair_angles(features)).mean())
