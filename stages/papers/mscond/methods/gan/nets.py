"""The discriminator's branches of Table 1: a shared block, a head for logits, a head for projections."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import cast

import torch.nn.functional as F
from torch import Tensor, nn

from stages.engine.chance import initialised
from stages.nets.stylegan.equal import GAIN, EqualConv
from stages.nets.stylegan.stylegan2 import Discriminator, channels_at
from stages.papers.mscond.methods.gan.block import HeadKeys


def pointwise(inputs: int, outputs: int, gain: float, bias: bool = True) -> EqualConv:
    """An equalised 1x1 convolution; the gain of a rectifier stands before it, since c relu(x) = relu(c x)."""
    return EqualConv(inputs, outputs, 1, bias=bias, activated=False, gain=gain)


class SharedBlock(nn.Module):
    """Three 1x1 convolutions with a residual connection.

    y = (skip(x) + r(second(r(first(x))))) / sqrt(2), r(x) = sqrt(2) relu(x), as StyleGAN2's block; the division is
    folded into the last weights.

    Source: supp §1 (gap G6).
    Shapes: x [B channels H W] -> the same.
    """

    def __init__(self, channels: int):
        super().__init__()
        self.first = pointwise(channels, channels, GAIN)
        self.second = pointwise(channels, channels, 1.0)
        self.skip = pointwise(channels, channels, math.sqrt(0.5), bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.skip(x) + F.relu(self.second(F.relu(self.first(x))))


class SharedChain(nn.Module):
    """The other reading: y = x + f(f(f(x))), f a 1x1 convolution and sqrt(2) relu.

    Source: supp §1 (gap G6).
    Shapes: as `SharedBlock`.
    """

    def __init__(self, channels: int):
        super().__init__()
        self.layers = nn.ModuleList(pointwise(channels, channels, GAIN) for _ in range(3))

    def forward(self, x: Tensor) -> Tensor:
        y = x
        for layer in self.layers:
            y = F.relu(layer(y))
        return x + y


class Projection(nn.Module):
    """Conv, rectifier, conv, all 1x1; with one layer the last alone.

    Source: supp §1; hidden width ours (gap G7).
    Shapes: x [B channels H W] -> [B embedding H W].
    """

    def __init__(self, channels: int, hidden: int, embedding: int, layers: int):
        super().__init__()
        self.hidden = pointwise(channels, hidden, GAIN) if layers == 2 else None
        self.last = pointwise(hidden if layers == 2 else channels, embedding, 1.0)

    def forward(self, x: Tensor) -> Tensor:
        return self.last(x if self.hidden is None else F.relu(self.hidden(x)))


class LocalHead(nn.Module):
    """A branch at one height.  Source: supp Tab. 1.  Shapes: x [B channels H W] -> logits [B 1 H W]."""

    def __init__(self, channels: int, keys: HeadKeys, projecting: bool):
        super().__init__()
        self.shared = SharedBlock(channels) if keys.shared == "resblk" else SharedChain(channels)
        self.logit = pointwise(channels, 1, 1.0)
        self.projection = None
        if projecting:
            self.projection = Projection(channels, keys.projection_hidden, keys.embedding, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.logit(self.shared(x))

    def project(self, x: Tensor) -> Tensor:
        """[B channels H W] -> [B embedding H W]."""
        return cast(Projection, self.projection)(self.shared(x))


class Branches(nn.Module):
    """The branches at some heights and, where they project, the projection of the global feature.

    Source: supp Tab. 1.
    Shapes: maps [B channels H H] by height, dense [B channels] -> logits [B 1 H H] of the local heights, or with
        `projecting` projections [B embedding H H] of all, height 1 too.
    """

    def __init__(self, keys: HeadKeys, heights: Sequence[int], projecting: bool):
        super().__init__()
        width = {height: channels_at(height, keys.channel_base, keys.channel_limit) for height in (4, *heights)}
        self.local = nn.ModuleDict({str(side): LocalHead(width[side], keys, projecting) for side in heights})
        self.whole = None
        if projecting:
            self.whole = Projection(width[4], keys.projection_hidden, keys.embedding, keys.global_layers)

    def forward(self, maps: Mapping[int, Tensor], dense: Tensor, projecting: bool = False) -> dict[int, Tensor]:
        if not projecting:
            return {int(side): head(maps[int(side)]) for side, head in self.local.items()}
        found = {1: cast(Projection, self.whole)(dense[:, :, None, None])}
        heads = cast(Mapping[str, LocalHead], self.local)
        return found | {int(side): head.project(maps[int(side)]) for side, head in heads.items()}


class TableDiscriminator(Discriminator):
    """The literal Table 1: no group deviation and no 3x3 convolution at 4x4.  Source: supp Tab. 1 (gap G5)."""

    def __init__(self, planes: int, size: int, base: int, limit: int, group: int):
        super().__init__(planes, size, base, limit, group)
        del self.last

    def ends(
        self, x: Tensor, parts: int, order: Tensor | None, gather: Callable[[Tensor], Tensor] | None, own: slice
    ) -> Tensor:
        """The map itself."""
        return x


def branches_of(keys: HeadKeys, seed: int) -> dict[str, nn.Module]:
    """The nets beside the discriminator: `branches` where there are any, and the heads of `probe`, which only watch."""
    made: dict[str, nn.Module] = {}
    if keys.local or keys.contrastive:
        with initialised(seed, "mscond/branches"):
            made["branches"] = Branches(keys, keys.local, keys.contrastive)
    if keys.probe:
        with initialised(seed, "mscond/probe"):
            made["probe"] = Branches(keys, keys.probe, False)
    return made
