"""Generated images as the 8-bit pictures that a published protocol measures."""

import numpy as np
from torch import Tensor


def truncate_images(images: Tensor) -> np.ndarray:
    """x in [−1, 1] → (x + 1) / 2, clamped to [0, 1], times 255, cut (not rounded) to 8 bits.

    Source: code (GANSeg), spec §5.1. Shapes: float [B 3 S S] → uint8 [B S S 3].
    """
    levels = images.detach().float().add(1.0).div(2.0).clamp(0.0, 1.0).mul(255.0)
    return np.ascontiguousarray(levels.byte().permute(0, 2, 3, 1).cpu().numpy())
