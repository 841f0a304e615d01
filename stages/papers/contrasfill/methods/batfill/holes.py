"""The mixture of training holes: the object's mask, its tight box, or a random box of half the side."""

import torch
from torch import Tensor


def to_box(mask: Tensor) -> Tensor:
    """The tight box around a mask's pixels; an empty mask stays empty.

    Shapes: mask [B 1 R R] -> [B 1 R R], both 0 or 1.
    """
    hit = mask > 0
    rows, columns = hit.any(3, keepdim=True), hit.any(2, keepdim=True)
    return (_between(rows, 2) & _between(columns, 3)).to(mask.dtype)


def _between(hit: Tensor, dim: int) -> Tensor:
    before = hit.to(torch.uint8).cummax(dim).values
    after = hit.flip(dim).to(torch.uint8).cummax(dim).values.flip(dim)
    return (before & after).bool()


def random_box(place: Tensor, side: int) -> Tensor:
    """A box of half the side, its corner uniform over the places where it fits.

    Shapes: place [B 2] in [0, 1) -> [B 1 R R], 0 or 1.
    """
    half = side // 2
    corner = (place * (side - half + 1)).long()
    line = torch.arange(side, device=place.device)
    inside = (line >= corner[..., None]) & (line < corner[..., None] + half)
    return (inside[:, 0, :, None] & inside[:, 1, None, :])[:, None].to(place.dtype)


def mix_holes(mask: Tensor, draw: Tensor, box_share: float, random_share: float) -> Tensor:
    """Each row's training hole: random box with chance `random_share`, object box with `box_share`, else the object.

    Source: contrasfill §6.3 (ours): box and object half and half, a random half-size box at 10 %.
    Shapes: mask [B 1 R R], draw [B 3] in [0, 1) -> [B 1 R R].
    """
    kind = draw[:, :1, None, None]
    chosen = torch.where(kind < random_share + box_share, to_box(mask), mask)
    return torch.where(kind < random_share, random_box(draw[:, 1:], mask.shape[-1]).to(mask.dtype), chosen)
