"""Contrastive losses over explicit sets of positives and negatives."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from stages.losses.precision import full_precision, no_autocast

EPSILON = 1e-8  # keeps the direction of a zero feature finite


def cosines(features: Tensor) -> Tensor:
    """cos(f_A, f_B) for all pairs, in float32 (float64 stays).

    Source: main Eq 2 (exponent of the similarity).
    Shapes: [B D] -> [B B].
    """
    features = features if features.dtype == torch.float64 else features.float()
    with torch.autocast(features.device.type, enabled=False):
        unit = F.normalize(features, dim=1, eps=EPSILON)
        return unit @ unit.t()


def require_sets(positives: Tensor, negatives: Tensor) -> None:
    """Raises: ValueError if some image has no positive or no negative, or an image is in both of its sets."""
    if positives.shape != negatives.shape or positives.shape[0] != positives.shape[1]:
        raise ValueError(f"sets: expected two square masks, came {tuple(positives.shape)} and {tuple(negatives.shape)}")
    for name, mask in (("positive", positives), ("negative", negatives)):
        lonely = (~mask.any(1)).nonzero().flatten().tolist()
        if lonely:
            raise ValueError(f"contrastive sets: images {lonely} have no {name}; use the whole global batch")
    if (positives & negatives).any() or positives.diagonal().any() or negatives.diagonal().any():
        raise ValueError("contrastive sets: an image is its own partner, or positive and negative at once")


def info_nce(similarity: Tensor, positives: Tensor, negatives: Tensor, temperature: float, denominator: str) -> Tensor:
    """Mean over ordered positive pairs (A, B) of -log( f(A,B) / (f(A,B) + rest(A,B)) ).

    f = exp(similarity / temperature).

    pair:   rest = sum of f over A's negatives.
    supcon: rest = the same plus f over A's other positives.

    Source: main Eq 3 and 4, supp §3 (denominator: gap G4, temperature: gap G3).
    Shapes: similarity [B B], positives and negatives bool [B B] (row = anchor) -> scalar.
    Raises: ValueError for an unknown denominator or sets of another size than the similarity.
    """
    if similarity.shape != positives.shape or similarity.shape != negatives.shape:
        raise ValueError(
            f"info_nce: expected sets of shape {tuple(similarity.shape)}, came {tuple(positives.shape)} and "
            f"{tuple(negatives.shape)}; features of all processes have to be gathered first"
        )
    scores = similarity / temperature
    if denominator == "pair":
        rest = scores.masked_fill(~negatives, -torch.inf).logsumexp(1, keepdim=True)
        losses = F.softplus(rest - scores)
    elif denominator == "supcon":
        losses = scores.masked_fill(~(positives | negatives), -torch.inf).logsumexp(1, keepdim=True) - scores
    else:
        raise ValueError(f"denominator: expected pair or supcon, came {denominator!r}")
    return losses[positives].mean()


def positive_against(
    query: Tensor, positive: Tensor, keys: Tensor, excluded: Tensor | None, temperature: float
) -> Tensor:
    """-log( exp(q.p / t) / (exp(q.p / t) + sum_j exp(q.k_j / t)) ) of each query, always in float32 (float64 stays).

    j runs over the keys that are not excluded from the query; without any the loss is 0.

    Source: MoCo, eq. 1; InsGen (code); MsConD spec 4.4.
    Shapes: query and positive [Q C], keys [K C], all of length 1; excluded bool [Q K] or None for none -> [Q].
    Raises: ValueError if `excluded` is not [Q K].
    """
    if excluded is not None and excluded.shape != (len(query), len(keys)):
        raise ValueError(
            f"positive_against: expected exclusions of shape {(len(query), len(keys))}, came {tuple(excluded.shape)}"
        )
    with no_autocast(query):
        query, positive, keys = full_precision(query), full_precision(positive), full_precision(keys)
        scores = query @ keys.t() / temperature
        if excluded is not None:
            scores = scores.masked_fill(excluded, -torch.inf)
        return F.softplus(scores.logsumexp(1) - (query * positive).sum(1) / temperature)
