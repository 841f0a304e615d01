"""What reconstruction makes of a set of pictures, kept for all who look at it."""

from typing import NamedTuple

import numpy as np

from stages.data.image import from_tensor, to_tensor
from stages.papers.onegan.methods.gan.paths import Model
from stages.papers.onegan.passes import rebuilt

LEAST = 1.0e-10  # of a squared error, 100 dB: a picture rebuilt to the last bit has no PSNR


class Reconstructed(NamedTuple):
    """Soft masks float32 [N S S], painted grounds uint8 [N S S 3], L1 and PSNR (dB) of pictures in [0, 1], [N] each."""

    masks: np.ndarray
    grounds: np.ndarray
    l1: np.ndarray
    psnr: np.ndarray


def rebuild(model: Model, images: np.ndarray, batch: int, device: str) -> Reconstructed:
    """mean |x - x^| / 2, and -10 log10 of mean (x - x^)² / 4, of each picture in [-1, 1].

    Source: spec §5.1. Shapes: uint8 [N S S 3]. Raises: FloatingPointError as `passes.rebuilt`.
    """
    parts: list[list[np.ndarray]] = [[], [], [], []]
    done = 0
    for made in rebuilt(model, images, batch, device):
        error = (to_tensor(images[done : done + len(made.image)]).to(device) - made.image.float()) / 2
        done += len(made.image)
        psnr = -10 * (error**2).mean((1, 2, 3)).clamp(min=LEAST).log10()
        found = (made.mask[:, 0].float(), error.abs().mean((1, 2, 3)), psnr)
        for held, one in zip((parts[0], parts[2], parts[3]), found, strict=True):
            held.append(one.cpu().numpy())
        parts[1].append(from_tensor(made.background))
    return Reconstructed(*(np.concatenate(held) for held in parts))
