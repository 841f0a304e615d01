"""Images on disk → features in memory, a batch at a time, the same whatever the batch."""

from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import Tensor

from stages.data.image import to_tensor


def images_to_batches(images: np.ndarray, batch: int) -> Iterator[Tensor]:
    """Cut packed images into network input.

    Shapes: uint8 [N, R, R, 3] → float32 [≤ batch, 3, R, R] in [−1, 1], in order.
    Raises: ValueError for images of another kind, or none.
    """
    if images.dtype != np.uint8 or images.ndim != 4 or images.shape[-1] != 3:
        raise ValueError(f"expected uint8 images [N, R, R, 3], got {images.dtype} {images.shape}")
    if len(images) == 0:
        raise ValueError("expected at least one image, got none: look at the split and the counts of the sample stage")
    for start in range(0, len(images), batch):
        yield to_tensor(images[start : start + batch])


def images_to_features(
    encode: Callable[[Tensor], Tensor], images: np.ndarray, batch: int, device: str = "cpu"
) -> Tensor:
    """The feature vector of each image.

    Shapes: uint8 [N, R, R, 3] → float32 [N, D].
    Raises: FloatingPointError naming the first image with a feature that is not finite.
    """
    with torch.no_grad():
        rows = [encode(part.to(device)).float().cpu() for part in images_to_batches(images, batch)]
    features = torch.cat(rows)
    bad = ~torch.isfinite(features).all(dim=1)
    if bool(bad.any()):
        raise FloatingPointError(
            f"feature of image {int(bad.nonzero()[0])} is not finite ({int(bad.sum())} of {len(bad)} images)"
        )
    return features


def samples_to_features(
    encode: Callable[[Tensor], Tensor], samples: np.ndarray, batch: int, device: str = "cpu"
) -> Tensor:
    """The feature vectors of several samples of each image.

    Shapes: uint8 [N, S, R, R, 3] → float32 [N, S, D].
    """
    if samples.ndim != 5:
        raise ValueError(f"expected samples [N, S, R, R, 3], got shape {samples.shape}")
    flat = samples.reshape(-1, *samples.shape[2:])
    return images_to_features(encode, flat, batch, device).reshape(*samples.shape[:2], -1)
