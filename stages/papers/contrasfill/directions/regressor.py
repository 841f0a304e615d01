"""A linear regressor with one output, taught by a contrastive loss; its weight is the direction."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from pydantic import Field
from torch import Tensor, nn

from stages.engine.chance import Chance
from stages.engine.loop import train
from stages.engine.plan import Descent, Phase, TrainBlock
from stages.engine.session import Session
from stages.engine.world import World
from stages.losses.nce import cosines, info_nce

EPSILON = 1e-8  # keeps the standardisation of a constant output finite


class RegressorBlock(TrainBlock):
    """Keys of the regressor.

    `similarity` squared compares standardised outputs by -(t_a - t_b)^2; cosine is the literal reading, which knows of
    one output nothing but its sign (gap G15).
    """

    similarity: Literal["squared", "cosine"]
    temperature: float = Field(gt=0)
    groups_per_batch: int = Field(ge=2)
    members_per_group: int = Field(ge=2)
    learning_rate: float = Field(gt=0)
    betas: tuple[float, float]
    epsilon: float = Field(gt=0)
    held_out_share: float = Field(gt=0, lt=1)
    random_directions: int = Field(gt=0)


class Line(nn.Module):
    """t = v . w, without a bias, which no difference of outputs would see. Shapes: [B D] -> [B]."""

    def __init__(self, start: Tensor):
        super().__init__()
        self.weight = nn.Parameter(start.clone())

    def forward(self, codes: Tensor) -> Tensor:
        return codes @ self.weight


class GroupSource:
    """Batches of a few members of a few groups; a pure function of seed and step.

    Shapes: code [groups_per_batch * members_per_group, D], group int64 of the same length.
    Raises: ValueError where fewer groups than a batch takes have enough members.
    """

    def __init__(self, codes: np.ndarray, labels: np.ndarray, block: RegressorBlock, seed: int, world: World):
        self.codes, self.block, self.seed, self.world = codes, block, seed, world
        self.rows = [rows for rows in rows_by_group(labels) if len(rows) >= block.members_per_group]
        self.size = block.groups_per_batch * block.members_per_group
        if len(self.rows) < block.groups_per_batch:
            raise ValueError(
                f"a batch takes {block.groups_per_batch} groups of {block.members_per_group}, only {len(self.rows)} "
                "groups have so many members: lower groups_per_batch"
            )

    def batch(self, step: int) -> dict[str, Tensor]:
        draw = Chance(self.seed, step, self.world).numpy("groups")
        chosen = draw.choice(len(self.rows), self.block.groups_per_batch, replace=False)
        rows = np.stack([draw.choice(self.rows[g], self.block.members_per_group, replace=False) for g in chosen])
        group = torch.from_numpy(chosen.astype(np.int64)).repeat_interleave(self.block.members_per_group)
        return {"code": torch.from_numpy(self.codes[rows.reshape(-1)]), "group": group}


class Regressor:
    """Outputs of one group are alike, outputs of different groups are not.

    squared: t' = (t - mean) / sd over the batch, similarity -(t'_a - t'_b)^2.

    Source: supp §4.1 (contrastive loss); the similarity of two scalars: ours (gap G15).
    """

    average: tuple[str, ...] = ()

    def __init__(self, block: RegressorBlock, dimensions: int, seed: int):
        self.block = block
        start = Chance(seed, "initial", World.single()).shared_normal("regressor", dimensions) / dimensions**0.5
        self.nets: dict[str, nn.Module] = {"regressor": Line(start)}
        self.frozen: dict[str, nn.Module] = {}
        self.memory: dict[str, Tensor] = {}
        self.descents = {
            "regressor": Descent("adam", ("regressor",), block.learning_rate, betas=block.betas, eps=block.epsilon)
        }

    def phases(self, step: int) -> list[Phase]:
        return [Phase("regressor", "regressor", ("regressor",))]

    def losses(self, phase: Phase, batch: dict, shared: dict, chance: Chance, step: int) -> dict[str, Tensor]:
        output, group = self.nets["regressor"](batch["code"]), batch["group"]
        same = group[:, None] == group
        positives = same & ~torch.eye(len(group), dtype=torch.bool, device=group.device)
        similarity = similarities(output, self.block.similarity)
        return {"regressor/contrastive": info_nce(similarity, positives, ~same, self.block.temperature, "supcon")}

    def produce(self, batch: dict, chance: Chance) -> dict[str, Tensor]:
        return {"output": self.nets["regressor"](batch["code"])}


def similarities(output: Tensor, kind: str) -> Tensor:
    """How alike outputs are, for all pairs. Shapes: [B] -> [B B]."""
    if kind == "cosine":
        return cosines(output[:, None])
    scaled = (output - output.mean()) / (output.std(unbiased=False) + EPSILON)
    return -(scaled[:, None] - scaled).square()


@dataclass(frozen=True)
class Direction:
    """A unit vector in the latent space, and how well its outputs tell unseen groups apart."""

    vector: np.ndarray
    fisher: float
    fisher_random: list[float]
    groups: int
    held_out: int


def find(codes: np.ndarray, labels: np.ndarray, block: RegressorBlock, seed: int, session: Session) -> Direction:
    """Teaches the regressor on all but the held-out groups; leaves weights.safetensors and curve.csv.

    d = v / |v|.    Source: supp §4.1; the hold-out is ours (gap G26).
    Shapes: codes float32 [K D], labels int64 [K].
    Raises: ValueError for a regressor whose weight vanished.
    """
    values = np.unique(labels)
    order = Chance(seed, "held out", session.world).permutation("groups", len(values)).numpy()
    held_out = values[order[: max(1, round(block.held_out_share * len(values)))]]
    learning = ~np.isin(labels, held_out)
    codes = np.ascontiguousarray(codes, np.float32)
    method = Regressor(block, codes.shape[1], seed)
    source = GroupSource(codes[learning], labels[learning], block, seed, session.world)
    train(method, source, block, seed, session)
    vector = method.nets["regressor"].get_parameter("weight").detach().cpu().double().numpy()
    length = np.linalg.norm(vector)
    if not length > 0:
        raise ValueError("the regressor's weight is zero and has no direction; is the learning rate too high?")
    vector = vector / length
    draws = Chance(seed, "initial", World.single()).shared_normal("random", block.random_directions, len(vector))
    others = draws.double().numpy()
    seen = codes[~learning].astype(np.float64), labels[~learning]
    return Direction(
        vector,
        fisher_ratio(seen[0] @ vector, seen[1]),
        [fisher_ratio(seen[0] @ other, seen[1]) for other in others],
        len(values),
        len(held_out),
    )


def fisher_ratio(output: np.ndarray, labels: np.ndarray) -> float:
    """Variance of the groups' means over the mean variance within groups, rows weighing alike; scale does not matter.

    Source: spec §7.1 (diagnostic). Shapes: [K], [K] -> scalar.
    """
    _, group, sizes = np.unique(labels, return_inverse=True, return_counts=True)
    means = np.bincount(group, output) / sizes
    within = float(np.square(output - means[group]).mean())
    between = float(np.square(means[group] - output.mean()).mean())
    return between / max(within, np.finfo(np.float64).tiny)


def rows_by_group(labels: np.ndarray) -> list[np.ndarray]:
    """Row numbers of each label, labels ascending."""
    order = np.argsort(labels, kind="stable")
    starts = np.flatnonzero(np.diff(labels[order])) + 1
    return np.split(order, starts)
