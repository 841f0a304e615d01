"""Moving averages of networks."""

import copy
from collections.abc import Mapping

import torch
from torch import nn


def keep_share(batch: int, images_seen: int, half_life_images: float, ramp: float) -> float:
    """Share of the old average that one step keeps.

    beta = 0.5^(batch / h),  h = half_life, or min(half_life, images_seen * ramp) with a ramp.
    Source: code (stylegan2: ema_kimg, ema_rampup; images are counted before the step).
    """
    half_life = min(half_life_images, images_seen * ramp) if ramp > 0 else half_life_images
    return 0.5 ** (batch / half_life) if half_life > 0 else 0.0


class Averages:
    """Averaged copies: parameters are averaged, buffers copied (a mean of integer counters means nothing)."""

    def __init__(self, nets: Mapping[str, nn.Module], names: tuple[str, ...]) -> None:
        unknown = sorted(set(names) - set(nets))
        if unknown:
            raise ValueError(f"average names {unknown}, which are no nets of the method (it has {sorted(nets)})")
        self.nets = {name: nets[name] for name in names}
        self.copies = {name: copy.deepcopy(net).eval().requires_grad_(False) for name, net in self.nets.items()}

    @torch.no_grad()
    def update(self, keep: float) -> None:
        """average = keep * average + (1 - keep) * now."""
        for name, net in self.nets.items():
            for average, now in zip(self.copies[name].parameters(), net.parameters(), strict=True):
                average.lerp_(now, 1 - keep)
            for average, now in zip(self.copies[name].buffers(), net.buffers(), strict=True):
                average.copy_(now)
