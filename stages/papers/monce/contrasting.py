"""The contrastive loss of one pass: positions, embedded features, losses of the anchors, and what is said of them."""

from collections.abc import Sequence

import torch
from torch import Tensor

from stages.engine.chance import Chance
from stages.losses.patch_nce import forces, negative_weights, patch_nce, similarities
from stages.losses.transport import row_error
from stages.nets.patch_head import PatchHead
from stages.papers.monce.common import WeightingBlock

Pair = tuple[Tensor, Tensor]


def head_for(channels: Sequence[int], block: WeightingBlock, gain: float) -> PatchHead:
    """The two-layer head of each layer, or none where `embedding` is 0.  Source: supp §2."""
    return PatchHead(channels, max(block.embedding, 1), gain, mlp=block.embedding > 0)


def draw_positions(features: Sequence[Tensor], count: int, chance: Chance, name: str) -> list[Tensor]:
    """min(count, H W) places of each layer, without repetition, the same for every picture of the batch.

    Source: code (CUT), spec §3.3. Shapes: [B C H W] each -> int64 [N] each.
    """
    sizes = [feature.shape[2] * feature.shape[3] for feature in features]
    drawn = [chance.permutation(f"{name}/{at}", size)[:count] for at, size in enumerate(sizes)]
    return [places.to(feature.device) for places, feature in zip(drawn, features, strict=True)]


def embedded(head: PatchHead, pairs: Sequence[Pair], positions: Sequence[Tensor]) -> list[Pair]:
    """Queries with a graph and keys without one, at the same places. Shapes: [B C H W] pairs -> [B N D] pairs."""
    queries = head([query for query, _ in pairs], positions)
    with torch.no_grad():
        keys = head([key for _, key in pairs], positions)
    return list(zip(queries, keys, strict=True))


def contrast(pairs: Sequence[Pair], block: WeightingBlock) -> list[Tensor]:
    """Each layer's mean loss of its anchors. Shapes: [B N D] pairs -> scalars."""
    queries, keys = [query for query, _ in pairs], [key for _, key in pairs]
    return [loss.mean() for loss in patch_nce(queries, keys, block.weights(), block.temperature, block.negative_weight)]


@torch.no_grad()
def said_of(pairs: Sequence[Pair], block: WeightingBlock) -> dict[str, Tensor]:
    """What the force ledger tells of a pass, means over layers, pictures and anchors; the row error is the largest.

    positive, negative: similarities to the own key and to the others;  unsolved: 1 - p = tau pull = tau push;
    alignment: |x_i - y_i|^2;  uniformity: log mean_{i != j} e^{-2 |x_i - x_j|^2} over queries of one picture;
    row_error: max |sum_j w_ij - 1|.

    Source: supp §3's conjecture, spec §1 (M4), §8.14; alignment and uniformity: Wang & Isola 2020.
    """
    found: dict[str, list[Tensor]] = {}
    for query, key in pairs:
        similarity = similarities(query, key)
        weights = negative_weights(similarity, block.weights(), block.negative_weight)
        count, own = similarity.shape[1], similarity.diagonal(dim1=1, dim2=2)
        values = {
            "positive": own.mean(),
            "unsolved": forces(similarity, weights, block.temperature, block.negative_weight).unsolved.mean(),
            "alignment": (2 - 2 * own).mean(),
        }
        if count > 1:
            among = similarities(query, query)
            others = ~torch.eye(count, dtype=torch.bool, device=among.device)
            kernel = ((among - 1) * 4).exp().mul(others).sum() / (len(among) * count * (count - 1))
            values["negative"] = (similarity.sum((1, 2)) - own.sum(1)).mean() / (count * (count - 1))
            values["uniformity"] = kernel.log()
            values["row_error"] = row_error(weights)
        for name, value in values.items():
            found.setdefault(name, []).append(value.float())
    return {name: torch.stack(held).max() if name == "row_error" else torch.stack(held).mean()
            for name, held in found.items()}  # fmt: skip
