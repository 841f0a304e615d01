"""How much of an image's content a translation kept, by which places of it look alike."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from stages.losses.self_similarity import similarity_maps


def maps_to_content_distance(source: Sequence[Tensor], made: Sequence[Tensor]) -> Tensor:
    """Mean over places and layers of 1 - cos(S_source,p, S_made,p), S_p = cosines of p's centred features with all.

    0 for equal images; blind to a constant added to a channel and to a common positive scale.

    Source: spec 6.5, F/LSeSim's idea without its masking; layers relu3_1 and relu4_1 of a frozen VGG.
    Shapes: a layer's features [B C H W] twice -> float64 [B].
    Raises: ValueError for layers of different shapes, or none.
    """
    shapes = [tuple(layer.shape) for layer in source], [tuple(layer.shape) for layer in made]
    if shapes[0] != shapes[1] or not shapes[0]:
        raise ValueError(f"content distance: expected layers of the same shapes, at least one, came {shapes}")
    totals = []
    with torch.no_grad():
        for left, right in zip(source, made, strict=True):
            places = torch.arange(left.shape[2] * left.shape[3], device=left.device)
            window = max(left.shape[2:])
            rows = [
                # One image at a time: its maps are as many numbers as there are pairs of places.
                F.cosine_similarity(*(similarity_maps(one[None], places, window, True) for one in pair), dim=2).mean()
                for pair in zip(left, right, strict=True)
            ]
            totals.append(1 - torch.stack(rows).double().cpu())
    return torch.stack(totals).mean(0)
