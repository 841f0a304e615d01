"""How much of an image's structure a translation kept: its edges, and what lies outside of its objects."""

import numpy as np

LUMA = np.array([0.299, 0.587, 0.114])  # ITU-R BT.601
DEVIATION_PX, RADIUS_PX = 1.5, 5  # SSIM's window: a Gaussian cut to 11 x 11 px
STABLE = (0.01**2, 0.03**2)  # SSIM's constants for values whose range is 1


def images_to_edges(images: np.ndarray) -> np.ndarray:
    """The length of the gradient of the luma by Sobel's filters; a step from black to white gives 1.

    Shapes: uint8 [N H W 3] -> float64 [N H W].
    """
    from scipy.ndimage import correlate1d

    luma = images.astype(np.float64) @ LUMA / 255

    def slope(along: int, across: int) -> np.ndarray:
        steps = correlate1d(luma, [-1.0, 0.0, 1.0], axis=along, mode="nearest")
        return correlate1d(steps, [0.25, 0.5, 0.25], axis=across, mode="nearest")

    return np.hypot(slope(2, 1), slope(1, 2))


def maps_to_ssim(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Structural similarity of maps whose range is 1: the mean over places whose window lies inside.

    SSIM = (2 m m' + c1) (2 cov + c2) / ((m^2 + m'^2 + c1) (var + var' + c2)), moments weighted by the window

    Source: Wang et al. 2004, eq. 13, with its constants. Shapes: [N H W] twice -> float64 [N].
    Raises: ValueError for maps of different shapes or smaller than the window.
    """
    from scipy.ndimage import gaussian_filter

    if left.shape != right.shape or left.ndim != 3 or min(left.shape[1:]) < 2 * RADIUS_PX + 1:
        side = 2 * RADIUS_PX + 1
        raise ValueError(f"SSIM: expected maps of one shape, {side} px or more, came {left.shape} and {right.shape}")

    def mean(values: np.ndarray) -> np.ndarray:
        return gaussian_filter(values, (0, DEVIATION_PX, DEVIATION_PX), radius=(0, RADIUS_PX, RADIUS_PX))

    first, second = mean(left), mean(right)
    spread = mean(left**2) - first**2 + mean(right**2) - second**2
    shared = mean(left * right) - first * second
    ssim = (2 * first * second + STABLE[0]) * (2 * shared + STABLE[1])
    ssim /= (first**2 + second**2 + STABLE[0]) * (spread + STABLE[1])
    return ssim[:, RADIUS_PX:-RADIUS_PX, RADIUS_PX:-RADIUS_PX].mean(axis=(1, 2))


def images_to_edge_distance(source: np.ndarray, made: np.ndarray) -> np.ndarray:
    """1 - SSIM of the two images' edges. Source: spec 6.5. Shapes: uint8 [N H W 3] twice -> float64 [N], 0 = equal."""
    return 1 - maps_to_ssim(images_to_edges(source), images_to_edges(made))


def images_to_background_distance(source: np.ndarray, made: np.ndarray, objects: np.ndarray) -> np.ndarray:
    """The mean absolute difference of the pixels outside of the objects.

    Source: spec 6.5. Shapes: uint8 [N H W 3] twice, objects [N H W] with 0 = background -> float64 [N].
    Units: 8-bit levels, mean over channels.
    Raises: ValueError for shapes that differ or an image without background.
    """
    outside = np.asarray(objects) == 0
    if source.shape != made.shape or source.shape[:3] != outside.shape:
        raise ValueError(f"expected images and masks of one shape, came {source.shape}, {made.shape}, {outside.shape}")
    area = outside.sum(axis=(1, 2))
    if not area.all():
        raise ValueError(f"image {int(np.argmin(area > 0))} has no pixel outside of its objects")
    steps = np.abs(source.astype(np.float64) - made.astype(np.float64)).mean(axis=3)
    return (steps * outside).sum(axis=(1, 2)) / area
