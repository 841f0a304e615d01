"""ArcFace: softmax cross entropy with an angle added between a feature and the centre of its own class."""

import torch
from torch import Tensor
from torch.nn import functional as F


def arcface(features: Tensor, centres: Tensor, labels: Tensor, scale: float, margin: float) -> Tensor:
    """Mean over the batch of -log softmax(s * cos(theta_j + m [j = label])) at the label.

    theta_j is the angle between a feature and centre j. Where theta + m would pass pi, cos(theta) - m sin(m) continues
    the target's curve downwards, as in the public code, so that it stays monotone.
    Source: Deng et al. 2019, eq. 3; ContrasFill spec §3.1 (scale 16, margin 0.3 in the demo).
    Shapes: features [B D]; centres [M D]; labels [B] -> scalar.
    Units: margin in radians.
    Raises: ValueError for labels out of range or features of another width.
    """
    if features.shape[1] != centres.shape[1]:
        raise ValueError(f"expected features as wide as the {centres.shape[1]}-d centres, got {features.shape[1]}")
    if labels.min() < 0 or labels.max() >= len(centres):
        raise ValueError(f"expected labels within 0..{len(centres) - 1}, got {int(labels.min())}..{int(labels.max())}")
    cosine = F.linear(F.normalize(features), F.normalize(centres))
    # Kept inside (-1, 1), where the sine has a finite gradient.
    target = cosine.gather(1, labels[:, None]).clamp(-1 + 1e-6, 1 - 1e-6)
    angle_margin = torch.tensor(margin, dtype=features.dtype, device=features.device)
    sine = (1 - target.square()).sqrt()
    turned = target * angle_margin.cos() - sine * angle_margin.sin()
    beyond = target < -angle_margin.cos()
    turned = torch.where(beyond, target - margin * angle_margin.sin(), turned)
    return F.cross_entropy(scale * cosine.scatter(1, labels[:, None], turned), labels)
