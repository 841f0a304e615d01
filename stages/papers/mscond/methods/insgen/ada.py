"""Adaptive discriminator augmentation: the pipe of geometry and colour, and its strength, which follows the logits."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from stages.engine.chance import Chance
from stages.engine.world import World
from stages.losses.precision import full_precision, no_autocast
from stages.papers.mscond.colours import brightness, coloured, contrast, hue, luma_flip, saturation
from stages.papers.mscond.matrices import product
from stages.papers.mscond.methods.insgen.block import AdaKeys
from stages.papers.mscond.methods.insgen.warp import rotated, scaled, translated, warped


class Draws:
    """The draws of one pass of the pipe: what is changed in each image with probability p, and how much."""

    def __init__(self, chance: Chance, name: str, rows: int, p: float) -> None:
        self.chance, self.name, self.rows, self.p = chance, name, rows, p

    def hit(self, what: str, value: Tensor, unchanged: float, p: float | None = None) -> Tensor:
        """`value` where the change is made, else what leaves the image as it is."""
        coin = self.chance.uniform(f"{self.name}/{what}/whether", self.rows) < (self.p if p is None else p)
        return torch.where(coin, value, torch.full_like(value, unchanged))

    def uniform(self, what: str) -> Tensor:
        """Shapes: [rows] in [0, 1)."""
        return self.chance.uniform(f"{self.name}/{what}", self.rows)

    def normal(self, what: str) -> Tensor:
        """Shapes: [rows], standard normal."""
        return self.chance.normal(f"{self.name}/{what}", self.rows)

    def even(self, what: str) -> Tensor:
        """Shapes: [rows] in [-1, 1)."""
        return 2 * self.uniform(what) - 1


def geometry(draws: Draws, keys: AdaKeys, size: int) -> Tensor:
    """The map from places of the result to places of the image, of changes that follow each other in this order:

    mirror, quarter turns, whole pixels, scale, turn, scale of one side against the other, turn, any shift. Each of the
    two turns is made with probability 1 - sqrt(1 - p), so that one of them is with p.

    Source: ADA appendix B; StyleGAN2-ADA (code), spec 3.6.
    Shapes: -> [rows 3 3] on the CPU.
    """

    def turn(what: str) -> Tensor:
        once = 1 - math.sqrt(max(1 - draws.p, 0.0))
        return rotated(-draws.hit(what, math.pi * draws.even(what), 0.0, once))

    def shift(what: str, draw: Callable[[str], Tensor], whole: bool) -> Tensor:
        x, y = (keys.ada_shift * size * draw(f"{what}/{axis}") for axis in ("x", "y"))
        x, y = (draws.hit(what, value.round() if whole else value, 0.0) for value in (x, y))
        return translated(-x, -y)

    mirror = draws.hit("mirror", 1 - 2 * (2 * draws.uniform("mirror")).floor(), 1.0)
    quarters = draws.hit("quarters", (4 * draws.uniform("quarters")).floor(), 0.0)
    size_by = draws.hit("scale", (keys.ada_scale * draws.normal("scale")).exp2(), 1.0)
    side_by = draws.hit("stretch", (keys.ada_scale * draws.normal("stretch")).exp2(), 1.0)
    return product(
        scaled(mirror, torch.ones_like(mirror)),
        rotated(-math.pi / 2 * quarters),
        shift("pixels", draws.even, whole=True),
        scaled(1 / size_by, 1 / size_by),
        turn("turn_before"),
        scaled(1 / side_by, side_by),
        turn("turn_after"),
        shift("shift", draws.normal, whole=False),
    )


def colours(draws: Draws, keys: AdaKeys) -> Tensor:
    """Brightness, contrast, luma flip, hue and saturation, in this order.

    Source: ADA appendix B; StyleGAN2-ADA (code), spec 3.6.
    Shapes: -> [rows 4 4] on the CPU.
    """
    changes = [
        brightness(draws.hit("brightness", keys.ada_brightness * draws.normal("brightness"), 0.0)),
        contrast(draws.hit("contrast", (keys.ada_contrast * draws.normal("contrast")).exp2(), 1.0)),
        luma_flip(draws.hit("luma", (2 * draws.uniform("luma")).floor(), 0.0)),
        hue(draws.hit("hue", math.pi * draws.even("hue"), 0.0)),
        saturation(draws.hit("saturation", (keys.ada_saturation * draws.normal("saturation")).exp2(), 1.0)),
    ]
    return product(*reversed(changes))


def augmented(images: Tensor, p: float, keys: AdaKeys, chance: Chance, name: str) -> Tensor:
    """Images through the pipe, always in float32 (float64 stays), with first and second derivatives.

    Source: ADA (bgc: geometry and colour), spec 3.6.
    Shapes: [B 3 S S] in [-1, 1] -> [B 3 S S].
    """
    draws = Draws(chance, name, len(images), p)
    with no_autocast(images):
        turned = warped(full_precision(images), geometry(draws, keys, images.shape[-1]))
        return coloured(turned, colours(draws, keys))


class Strength:
    """The probability p of every change, which follows how sure the discriminator is of real images.

    r = mean sign D(x) over the last `ada_every` steps of all processes;
    p <- max(0, p + sign(r - target) batch every / speed) at every `ada_every`-th step.

    Kept in the method's memory as "ada/strength" and "ada/signs" (their sum and count); `p` is what this step has.
    Source: StyleGAN2-ADA (code), spec 3.6; target and speed: gap G21.
    """

    def __init__(self, memory: dict[str, Tensor], keys: AdaKeys, batch: int) -> None:
        self.memory, self.keys, self.batch = memory, keys, batch
        memory["ada/strength"] = torch.zeros((), dtype=torch.float64)
        memory["ada/signs"] = torch.zeros(2, dtype=torch.float64)
        self.p = 0.0

    @torch.no_grad()
    def saw(self, real: Tensor, world: World) -> None:
        """Counts the signs of logits of real images.  Shapes: any."""
        signs = real.detach().double().sign()
        self.memory["ada/signs"] += world.total(torch.stack([signs.sum(), torch.ones_like(signs).sum()]))

    @torch.no_grad()
    def follow(self, step: int) -> None:
        """Before a step: moves p where it is time to, by what was seen since the last time, and reads it."""
        signs = self.memory["ada/signs"]
        if step % self.keys.ada_every == 0:
            excess = signs[0] - self.keys.ada_target * signs[1]
            pace = self.batch * self.keys.ada_every / self.keys.ada_speed_images
            self.memory["ada/strength"].add_(excess.sign() * pace).clamp_(min=0)
            signs.zero_()
        self.p = float(self.memory["ada/strength"])
