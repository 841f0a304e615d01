"""StyleGAN2's residual discriminator, for images alone or beside their hole masks, and its channel rule."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor, nn

from stages.nets.stylegan import chains
from stages.nets.stylegan.equal import EqualConv, EqualLinear
from stages.nets.stylegan.resample import down2


def channels_at(side: int, base: int, limit: int) -> int:
    """min(limit, floor(base / side)).  Source: StyleGAN2 config F, CoModGAN (code)."""
    return min(limit, base // side)


def sides_from(size: int, last: int) -> list[int]:
    """size, size/2, ..., last.  Raises: ValueError if size is not last times a power of two."""
    if size < last or size % last or (size // last) & (size // last - 1):
        raise ValueError(f"side: expected {last} times a power of two, came {size}")
    return [size >> i for i in range((size // last).bit_length())]


def beside_mask(image: Tensor, mask: Tensor) -> Tensor:
    """[(1 - M) - 0.5, image] in the image's memory layout; the mask's single plane would make the first layers mix two.

    Source: CoModGAN (code).
    Shapes: image [B C H W], mask [B 1 H W] (1 = hole) -> [B 1+C H W].
    """
    layout = torch.channels_last if image.is_contiguous(memory_format=torch.channels_last) else torch.contiguous_format
    return torch.cat([0.5 - mask, image], dim=1).contiguous(memory_format=layout)


class ResidualDown(nn.Module):
    """Two 3x3 convolutions, the second halving the side, added to a filtered 1x1 shortcut.

    y = (conv_down(conv(x)) + conv1x1(down2(x))) / sqrt(2), the division folded into the last weights.

    Source: StyleGAN2 (code).
    Shapes: x [B inputs H W] -> [B outputs H/2 W/2].
    """

    compiled = False

    def __init__(self, inputs: int, outputs: int):
        super().__init__()
        self.first = EqualConv(inputs, inputs, 3)
        self.second = EqualConv(inputs, outputs, 3, down=True, gain=1.0)
        self.skip = EqualConv(inputs, outputs, 1, bias=False, activated=False, gain=math.sqrt(0.5))

    def forward(self, x: Tensor) -> Tensor:
        halved = chains.HALVED if self.compiled else down2
        return self.second(self.first(x)) + self.skip(halved(x))


def minibatch_deviation(
    x: Tensor,
    group: int,
    parts: int = 1,
    order: Tensor | None = None,
    gather: Callable[[Tensor], Tensor] | None = None,
    own: slice = slice(None),
) -> Tensor:
    """Append one plane with the mean standard deviation over each sample's group.

    x stacks `parts` batches that never mix; each is a global batch or, with `gather` (local rows -> global rows) and
    `own` (global rows -> local rows), this process's rows of one. Member j of group m is row order[j M + m],
    M = rows / group: `order` stands for shuffling the batch before the discriminator; groups then do not follow codes.

    Source: StyleGAN2 (code); the shuffle: spec §4.5.
    Shapes: x [parts B, C H W] -> [parts B, C+1 H W]; order [B of the global batch].
    Raises: ValueError if the global batch is not a multiple of the group.
    """
    local = x.shape[0] // parts
    rows = (x if x.dtype == torch.float64 else x.float()).reshape(parts, local, -1).transpose(0, 1)
    rows = rows if gather is None else gather(rows.contiguous())
    count = rows.shape[0]
    group = min(group, count)
    if count % group:
        raise ValueError(f"deviation group: expected a divisor of the batch of {count}, came {group}")
    shuffled = rows if order is None else rows[order]
    groups = shuffled.reshape(group, count // group, parts, -1)
    deviation = (groups.var(0, unbiased=False) + 1e-8).sqrt().mean(2)
    values = deviation.repeat(group, 1)
    if order is not None:
        values = torch.empty_like(values).index_copy(0, order, values)
    values = values[own].t().reshape(-1, 1, 1, 1)
    return torch.cat([x, values.to(x.dtype).expand(-1, 1, *x.shape[2:])], dim=1)


class Seen(NamedTuple):
    """What a discriminator makes of images on the way to its logits.

    Shapes: maps [B channels side side] by side, from the first layer's down to 4; dense [B channels]; logit [B 1].
    """

    maps: dict[int, Tensor]
    dense: Tensor
    logit: Tensor


class Discriminator(nn.Module):
    """Realness logit of an image.

    1x1 conv -> residual halvings down to 4x4 -> group deviation -> 3x3 conv -> dense -> logit.

    Source: supp §1 through StyleGAN2 config F, residual (code); masks as in CoModGAN (code; gap G24).
    Shapes: seen [B planes R R], an image in [-1, 1] with 3 planes or with its mask (`beside_mask`) 4 -> logit [B 1],
        with `whole` all that it makes on the way.
    """

    def __init__(self, planes: int, size: int, base: int, limit: int, group: int):
        super().__init__()
        width = [channels_at(side, base, limit) for side in sides_from(size, 4)]
        self.size, self.group = size, group
        self.from_image = EqualConv(planes, width[0], 1)
        self.blocks = nn.Sequential(*(ResidualDown(a, b) for a, b in pairwise(width)))
        self.last = EqualConv(width[-1] + 1, width[-1], 3)
        self.dense = EqualLinear(width[-1] * 16, width[-1], activated=True)
        self.logit = EqualLinear(width[-1], 1)

    def forward(
        self,
        seen: Tensor,
        parts: int = 1,
        order: Tensor | None = None,
        gather: Callable[[Tensor], Tensor] | None = None,
        own: slice = slice(None),
        whole: bool = False,
    ) -> Tensor | Seen:
        """`parts`, `order`, `gather` and `own` as in `minibatch_deviation`."""
        if seen.shape[-1] != self.size:
            raise ValueError(f"discriminator: expected side {self.size}, came {seen.shape[-1]}")
        x = self.from_image(seen)
        maps = {self.size: x}
        for block in self.blocks:
            x = block(x)
            maps[x.shape[-1]] = x
        dense = self.dense(self.ends(x, parts, order, gather, own).flatten(1))
        logit = self.logit(dense)
        return Seen(maps, dense, logit) if whole else logit

    def ends(
        self, x: Tensor, parts: int, order: Tensor | None, gather: Callable[[Tensor], Tensor] | None, own: slice
    ) -> Tensor:
        """What stands between the last block and the dense layer: [B channels 4 4] -> the same."""
        return self.last(minibatch_deviation(x, self.group, parts, order, gather, own))
