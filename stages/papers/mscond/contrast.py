"""The contrastive loss of one scale, and the queue of earlier keys."""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from stages.engine.chance import Chance
from stages.engine.world import World
from stages.losses.nce import positive_against
from stages.losses.precision import full_precision, no_autocast
from stages.papers.mscond.matching import Matching

EPSILON = 1e-12  # of the length of a projection; spec 4.4


class Contrast(NamedTuple):
    """What one scale gives: its loss, what is said of it, and the queue that the next step reads.

    Facts: `positive` and `negative`, mean cosines of queries to their positives and negatives; `unmatched`, the share
    of queries without a positive.
    """

    loss: Tensor
    facts: dict[str, Tensor]
    queue: Tensor | None


def fresh_queue(length: int, width: int, seed: int, name: str) -> Tensor:
    """Normal rows of length 1.  Source: MoCo (code).  Shapes: -> [length width]."""
    draw = Chance(seed, "initial", World.single()).normal(name, length, width)
    return F.normalize(draw, dim=1, eps=EPSILON)


def pushed(queue: Tensor, keys: Tensor) -> Tensor:
    """First in, first out: the oldest rows, which stand in front, make room; of too many keys the last stay.

    Shapes: queue [K C], keys [N C] -> [K C].
    """
    return torch.cat([queue, keys.to(queue)])[len(keys) :]


def cells(maps: Tensor) -> Tensor:
    """Projections of length 1, cell by cell.  Shapes: [B C l l] -> [B L C]."""
    return F.normalize(full_precision(maps).flatten(2).transpose(1, 2), dim=2, eps=EPSILON)


def near_keys(near: Tensor, kept: Tensor, world: World) -> Tensor:
    """Which of some keys are near a query in its own image; key n is cell n % L of image n // L of the whole batch.

    Shapes: near bool [b L L], kept int64 [M] on the CPU -> bool [b L M].
    """
    rows, count, _ = near.shape
    image, cell = kept // count, kept % count
    mine = (image % world.size == world.rank).nonzero().flatten()
    row, place, cell = (one.to(near.device) for one in (image[mine] // world.size, mine, cell[mine]))
    excluded = torch.zeros(rows, count, len(kept), dtype=torch.bool, device=near.device)
    excluded[row, :, place] = near[row, :, cell]
    return excluded


def contrastive(
    query: Tensor,
    key: Tensor,
    matching: Matching,
    *,
    temperature: float,
    keys_kept: int,
    queue: Tensor | None,
    chance: Chance,
    name: str,
    world: World,
) -> Contrast:
    """-log softmax of each matched query cell's positive among its negatives, the mean over all processes' queries.

    Negatives are keys of all images, at most `keys_kept` drawn once for all queries, without those that are near the
    query in its own image, and the whole queue. Keys have no gradient.

    Source: spec 4.4 (gap G1).
    Shapes: query and key [b C l l], queue [K C] or None; `name` is the draw's. The loss is scaled so that its mean over
    processes is the mean over their queries; so are the facts. Without any matched query it is 0.
    """
    with no_autocast(query):
        queries, keys = cells(query), cells(key.detach())
        everyone = world.gather(keys).flatten(0, 1)
        kept = chance.permutation(name, len(everyone))[:keys_kept]
        against = everyone[kept.to(keys.device)]
        excluded = near_keys(matching.near.to(keys.device), kept, world).flatten(0, 1)
        if queue is not None:
            against = torch.cat([against, queue.to(against)])
            excluded = F.pad(excluded, (0, len(queue)))
        positive = keys.gather(1, matching.positive.to(keys.device)[:, :, None].expand_as(keys))
        found = matching.found.to(keys.device).flatten().to(queries.dtype)
        weight = found * world.size / world.total(found.sum()).clamp(min=1)
        flat, positive = queries.flatten(0, 1), positive.flatten(0, 1)
        losses = positive_against(flat, positive, against, excluded, temperature)
        facts = _facts(flat.detach(), positive, against, ~excluded, weight)
    facts["unmatched"] = 1 - found.mean()
    return Contrast((losses * weight).sum(), facts, None if queue is None else pushed(queue, everyone))


@torch.no_grad()
def _facts(query: Tensor, positive: Tensor, keys: Tensor, negative: Tensor, weight: Tensor) -> dict[str, Tensor]:
    cosines = (query @ keys.t() * negative).sum(1) / negative.sum(1).clamp(min=1)
    return {"positive": ((query * positive).sum(1) * weight).sum(), "negative": (cosines * weight).sum()}
