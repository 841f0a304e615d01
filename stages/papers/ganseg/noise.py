"""The draws of an image."""

import torch

from stages.engine.chance import Chance
from stages.papers.ganseg.common import GeneratorBlock
from stages.papers.ganseg.record import Noise


def draw_noise(block: GeneratorBlock, name: str, rows: int, chance: Chance, device: torch.device) -> Noise:
    """Three normal codes, and the background's position: uniform in [-1, 1]^2, or only its column.

    Source: supp §B.4 (position; Taichi: vertically centred; other sets: gap G5).
    """
    normal = {part: chance.normal(f"{name}/{part}", rows, block.latent) for part in ("point", "look", "background")}
    position = 2 * chance.uniform(f"{name}/position", rows, 2) - 1
    if block.background_position == "horizontal":
        position[:, 0] = 0
    codes = (normal["point"], normal["look"], normal["background"], position)
    return Noise(*(code.to(device) for code in codes))
