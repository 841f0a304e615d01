"""Realness by a trained discriminator, such that a result's score depends on no other result that is judged with it."""

from typing import Protocol

import torch
from torch import Tensor, nn

from stages.nets.stylegan.stylegan2 import minibatch_deviation


class Critic(Protocol):
    """What is used of a discriminator: its layers up to the 4x4 map, and those behind the deviation plane."""

    @property
    def from_image(self) -> nn.Module: ...

    @property
    def blocks(self) -> nn.Module: ...

    @property
    def last(self) -> nn.Module: ...

    @property
    def dense(self) -> nn.Module: ...

    @property
    def logit(self) -> nn.Module: ...


class Judge:
    """Realness sigmoid(D) in (0, 1); every result of image i stands beside the same companions.

    The discriminator looks at the spread of a group of images. It learned with groups of different images, so a result
    judged alone (companions 0, no spread) would look like a collapse to it: here it joins the base results of the next
    images, whose maps are kept.

    Source: supp §4.1 (realness score between 0 and 1); the companions are ours (gap G26).
    Shapes: base [N C R R], what the discriminator sees of the base results (images, with a mask plane or without).
    Raises: ValueError for fewer images than a group needs.
    """

    def __init__(self, net: Critic, base: Tensor, companions: int, batch: int):
        if len(base) <= companions:
            raise ValueError(f"{companions} companions need {companions + 1} images, came {len(base)}: raise images")
        self.net, self.companions, self.count = net, companions, len(base)
        self.maps = torch.cat([self._maps(part) for part in base.split(batch)])

    @torch.no_grad()
    def realness(self, seen: Tensor, which: Tensor) -> Tensor:
        """Realness of results of the images `which`. Shapes: [B C R R], int64 [B] -> [B]."""
        maps = [self._maps(seen)]
        maps += [self.maps[(which + offset) % self.count] for offset in range(1, self.companions + 1)]
        # Row j of the stack's group m is j B + m, which is how the deviation cuts a batch: a result and its companions.
        judged = minibatch_deviation(torch.cat(maps), self.companions + 1)
        rows = self.net.last(judged[: len(seen)])
        return self.net.logit(self.net.dense(rows.flatten(1))).squeeze(1).float().sigmoid()

    @torch.no_grad()
    def _maps(self, seen: Tensor) -> Tensor:
        return self.net.blocks(self.net.from_image(seen))
