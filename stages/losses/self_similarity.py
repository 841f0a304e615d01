"""Spatially correlative losses: each place's similarities to the places around it, compared between two images."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from stages.losses.precision import full_precision, no_autocast

SOFTENING = 10.0  # F/LSeSim (code): the inner product that tanh takes as 1
KEPT = 4  # F/LSeSim (code): of a map of n places, those at least as high as the (n // 4 + 1)-th highest are compared


def similarity_maps(features: Tensor, places: Tensor, window: int, normed: bool) -> Tensor:
    """How similar each asked place is to all others, or to those of a window around it.

    S_p = tanh(<f_p, f> / 10), f = centred features / sqrt(C);  normed: S_p = <f_p, f>, f = centred features / |f|

    The mean over the image is taken out of every channel first. The window is shifted to lie inside the image; an image
    that is not larger than it on both sides is taken whole.

    Source: F/LSeSim (code; spec 4.8).
    Shapes: [B C H W], places int64 [P], row-major -> [B P n], n = H W or window^2.
    """
    batch, channels, height, width = features.shape
    features = full_precision(features)
    with no_autocast(features):
        flat = (features - features.mean((2, 3), keepdim=True)).flatten(2)
        flat = F.normalize(flat, dim=1) if normed else flat / channels**0.5
        maps = flat[:, :, places].transpose(1, 2) @ flat
        if window < height and window < width:
            around = window_places(places, height, width, window)
            maps = maps.gather(2, around.expand(batch, -1, -1))
        return maps if normed else torch.tanh(maps / SOFTENING)


def window_places(places: Tensor, height: int, width: int, window: int) -> Tensor:
    """The places of the window around each place, row by row. Shapes: [P] -> int64 [P window^2]."""
    top = (places // width - window // 2).clamp(0, height - window)
    left = (places % width - window // 2).clamp(0, width - window)
    step = torch.arange(window, device=places.device)
    rows, columns = top[:, None] + step, left[:, None] + step
    return (rows[:, :, None] * width + columns[:, None, :]).flatten(1)


def map_loss(source: Tensor, made: Tensor, normed: bool) -> Tensor:
    """mean_{B,P} SmoothL1(1, c), c = cosine of the two maps where the made one is among its highest quarter.

    Elsewhere both count as zero. With normed maps it is |1 - c|.

    Source: F/LSeSim (code; spec 4.8).
    Shapes: maps [B P n] twice -> scalar.
    """
    least = made.sort(2, descending=True).values[:, :, made.shape[2] // KEPT, None]
    low = made < least
    cosine = F.cosine_similarity(source.masked_fill(low, 0.0), made.masked_fill(low, 0.0), dim=2)
    goal = torch.ones_like(cosine)
    return F.l1_loss(cosine, goal) if normed else F.smooth_l1_loss(cosine, goal)


def self_similarity_loss(
    source: Sequence[Tensor], made: Sequence[Tensor], places: Sequence[Tensor], window: int, normed: bool
) -> Tensor:
    """FSeSim: map_loss at the same places of both images, a mean over layers; no gradient into the source.

    Source: F/LSeSim (code; spec 4.8): frozen features, window 64, not normed.
    Shapes: a layer's features [B C H W] twice and its places [P] -> scalar.
    Raises: ValueError for lists of different lengths, or none.
    """
    losses = [
        map_loss(similarity_maps(one.detach(), at, window, normed), similarity_maps(two, at, window, normed), normed)
        for one, two, at in layers_of(source, made, places)
    ]
    return torch.stack(losses).mean()


def contrastive_map_loss(source: Tensor, positive: Tensor, other: Tensor, temperature: float) -> Tensor:
    """LSeSim's own step: each map of the source has to find its place's map in the augmented pair.

    Cross entropy over the 3 P logits [S_src . S_pos, S_src . S_oth, S_pos . S_oth] / tau of unit maps, target = own
    place.

    Source: F/LSeSim (code; spec 4.8): window 32, temperature 0.07, other = a real target image.
    Shapes: maps [B P n] three times -> scalar.
    """
    source, positive, other = (F.normalize(full_precision(maps), dim=2) for maps in (source, positive, other))
    with no_autocast(source):
        pairs = ((source, positive), (source, other), (positive, other))
        logits = torch.cat([one @ two.transpose(1, 2) for one, two in pairs], 2) / temperature
    own = logits.diagonal(dim1=1, dim2=2)
    return (logits.logsumexp(2) - own).mean()


def layers_of(*parts: Sequence[Tensor]) -> zip[tuple[Tensor, ...]]:
    """The parts of each layer together. Raises: ValueError for lists of different lengths, or none."""
    lengths = {len(part) for part in parts}
    if len(lengths) != 1 or 0 in lengths:
        raise ValueError(f"expected lists of as many layers each, at least one, came {[len(part) for part in parts]}")
    return zip(*parts, strict=True)
