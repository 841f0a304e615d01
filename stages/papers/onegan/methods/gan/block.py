"""The keys of OneGAN's training."""

from typing import Literal

from pydantic import Field, model_validator

from stages.engine.plan import TrainBlock
from stages.papers.onegan.common import NetsBlock

Path = Literal["generate", "rebuild", "mix"]
PATHS: tuple[Path, ...] = ("generate", "rebuild", "mix")


class PathsBlock(NetsBlock):
    """Keys of what the paths compute.

    `recon_code` gives reconstruction a drawn code (gaussian), the tables' code of the likeliest class (class), or their
    mean code (softmax); `background_input` shows the background encoder the picture without the masked object, or the
    whole one.
    """

    recon_code: Literal["gaussian", "class", "softmax"]
    background_input: Literal["masked", "raw"]


class Block(PathsBlock, TrainBlock):
    """Keys of the one training: from phase_starts[0] on reconstruction joins generation, from phase_starts[1] on mixup.

    `patch_labels` calls every patch of a photo foreground (image), or those that meet its box (box). `mask_paths` are
    the paths whose masks are regularised. `guard_low` and `guard_high` bound a path's mean mask; outside of them for
    `guard_share` of a phase's steps the training stops.
    Units: phase_starts in steps.
    """

    enabled: bool
    train_splits: tuple[str, ...]
    flip: bool
    batch: int = Field(gt=0)
    phase_starts: tuple[int, int]
    learning_rate: float = Field(gt=0)
    betas: tuple[float, float]
    epsilon: float = Field(gt=0)
    patch_labels: Literal["image", "box"]
    mask_paths: tuple[Path, ...]
    weight_adversarial: float = Field(ge=0)
    weight_background_real: float = Field(ge=0)
    weight_background_kind: float = Field(ge=0)
    weight_info: float = Field(ge=0)
    weight_class: float = Field(ge=0)
    weight_latent: float = Field(ge=0)
    weight_bypass: float = Field(ge=0)
    weight_align: float = Field(ge=0)
    weight_rebuild: float = Field(ge=0)
    weight_rebuild_background: float = Field(ge=0)
    weight_features: float = Field(ge=0)
    weight_divergence: float = Field(ge=0)
    regularise_codes: float = Field(ge=0)
    regularise_mask: float = Field(ge=0)
    guard_low: float = Field(ge=0, lt=0.5)
    guard_high: float = Field(gt=0.5, le=1)
    guard_share: float = Field(gt=0, le=1)

    @model_validator(mode="after")
    def check_phases(self) -> "Block":
        """Raises: ValueError for phases out of order, or one without a step."""
        first, second = self.phase_starts
        if not 0 < first < second < self.iterations:
            raise ValueError(
                f"phase_starts: expected 0 < first < second < iterations, so that every phase has a step, came {first},"
                f" {second} and {self.iterations} iterations"
            )
        return self

    def active(self, step: int) -> tuple[Path, ...]:
        """The paths of a step: generation, later reconstruction, later mixup.  Source: main (order of tasks)."""
        return PATHS[: 1 + sum(step >= start for start in self.phase_starts)]

    def phase_steps(self, step: int) -> tuple[int, int]:
        """(first step, number of steps) of the phase that a step belongs to."""
        borders = (0, *self.phase_starts, self.iterations)
        phase = len(self.active(step)) - 1
        return borders[phase], borders[phase + 1] - borders[phase]
