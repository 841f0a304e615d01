"""Keys that MoNCE's methods share, and how their learning rates fall. No torch here."""

from collections.abc import Callable
from typing import Literal

from pydantic import Field

from stages.block import Block as Base
from stages.engine.plan import Descent, TrainBlock
from stages.losses.weighting import Weighting


class RunBlock(Base):
    """The profile, which is said beside all that is made, and the side of the pictures.

    Units: size_px in pixels.
    """

    profile: Literal["smoke", "demo", "lite", "paper"]
    size_px: int = Field(ge=32)


class OptimiserBlock(TrainBlock):
    """Keys of every training.

    `epochs` is how the sources count: an epoch is a share of the iterations, and the rate changes with it. `flip`
    mirrors training pictures.
    """

    epochs: int = Field(gt=0)
    batch: int = Field(gt=0)
    flip: bool
    betas: tuple[float, float]
    epsilon: float = Field(gt=0)


class UnpairedBlock(RunBlock, OptimiserBlock):
    """Keys of all methods that translate one set of photos into another.

    `direction` says which domain of the prepared set is the source. `width` and `blocks` are the generator's,
    `judge_width` and `judge_levels` the discriminator's; `layer0` says whether layer 0 of the generator is the picture
    with its mirrored border or without it.
    """

    direction: Literal["a_to_b", "b_to_a"]
    width: int = Field(gt=0)
    blocks: int = Field(ge=5)
    judge_width: int = Field(gt=0)
    judge_levels: int = Field(gt=0)
    layer0: Literal["padded", "unpadded"]
    init_gain: float = Field(gt=0)
    learning_rate: float = Field(gt=0)
    weight_adversarial: float = Field(ge=0)


class WeightingBlock(Base):
    """Keys of the contrastive loss and of what it gives the negatives for weights.

    `weighting` is uniform (PatchNCE), weight (WeightNCE) or monce; `favour` says which negatives weigh more.
    `selection` re-weights only a share of each anchor's negatives, which the paper leaves to future work (§4). An
    `embedding` of 0 takes the features as they are.
    Units: positions per picture and layer; embedding in units of both layers of the head.
    """

    positions: int = Field(gt=0)
    embedding: int = Field(ge=0)
    temperature: float = Field(gt=0)
    weighting: Literal["uniform", "weight", "monce"]
    favour: Literal["hard", "easy"]
    beta: float = Field(gt=0)
    negative_weight: float = Field(gt=0)
    transport_iterations: int = Field(gt=0)
    transport_gradient: Literal["unroll", "implicit", "detach"]
    transport_cost: Literal["linear", "exp"]
    transport_entropy: float = Field(gt=0)
    transport_domain: Literal["auto", "plain", "log"]
    compat: Literal["exact", "released"]
    selection: Literal["none", "threshold", "topk", "hard_topk"]
    selection_share: float = Field(ge=0, le=1)
    selection_softness: float = Field(gt=0)
    selection_threshold: float

    def weights(self) -> Weighting:
        """The choices as the losses take them."""
        return Weighting(
            mode=self.weighting, direction=self.favour, beta=self.beta, iterations=self.transport_iterations,
            gradient=self.transport_gradient, domain=self.transport_domain, ot_cost=self.transport_cost,
            ot_eps=self.transport_entropy, compat=self.compat, patches=self.positions, selection=self.selection,
            threshold=self.selection_threshold, share=self.selection_share, eta=self.selection_softness,
        )  # fmt: skip


def epoch_of(step: int, iterations: int, epochs: int) -> int:
    """The epoch, from 0, that a step belongs to: step x epochs // iterations."""
    return step * epochs // iterations


def falls_after_half(iterations: int, epochs: int) -> Callable[[int], float]:
    """1 for half of the epochs, then in a straight line down.

    1 - max(0, e - h) / (n - h + 1) with e = 1 … n the epoch and h = n // 2, so the last one has 1 / (n - h + 1).
    Source: code (CUT).
    """
    half = epochs // 2

    def factor(step: int) -> float:
        epoch = epoch_of(step, iterations, epochs) + 1
        return 1.0 - max(0, epoch - half) / (epochs - half + 1)

    return factor


def falls_from_half(iterations: int, epochs: int) -> Callable[[int], float]:
    """As `falls_after_half`, but the first epoch of the second half still has the whole rate.

    1 - max(0, e - 1 - h) / (n - h).    Source: code (SPADE).
    """
    half = epochs // 2

    def factor(step: int) -> float:
        return 1.0 - max(0, epoch_of(step, iterations, epochs) - half) / (epochs - half)

    return factor


def adam(block: OptimiserBlock, nets: tuple[str, ...], rate: float, factor: Callable[[int], float]) -> Descent:
    """Adam over some nets with a falling rate.  Source: supp §2."""
    return Descent(kind="adam", nets=nets, learning_rate=rate, betas=block.betas, eps=block.epsilon, schedule=factor)
