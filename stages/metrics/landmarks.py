"""How well the centroids of discovered parts tell where annotated landmarks are."""

from typing import Literal

import numpy as np

from stages.metrics.regression import flat, least_squares

EYES = (0, 1)  # the landmarks whose distance is the unit
SCOPS_FRAME = 256  # SCOPS rounds landmarks to whole pixels of this frame


def landmark_error(
    train_points: np.ndarray,
    train_landmarks: np.ndarray,
    test_points: np.ndarray,
    test_landmarks: np.ndarray,
    protocol: Literal["ganseg", "scops"],
    frame_px: int | None = None,
) -> float:
    """Mean distance of regressed from true landmarks over the distance of the eyes, a mean over photos and landmarks.

    ganseg: Ŷ = X β, neither a bias nor standardised, so that a shift common to all photos is not given away.
    scops:  X and Y standardised by the training photos, which amounts to a bias; with `frame_px` (the side of the
            frame that the landmarks are in) both are scaled to 256 px first and true landmarks rounded to pixels.
    Photos whose eyes coincide are left out, where landmarks are rounded those whose eyes then do.
    Source: code (GANSeg; SCOPS), spec §5.2. Shapes: points [n K 2], landmarks [n L 2], (x, y), L > 1.
    Units: a share of the distance of the eyes; times 100 gives the paper's %.
    Raises: ValueError for another protocol, landmarks that are missing, or no photo with two eyes.
    """
    if protocol not in ("ganseg", "scops"):
        raise ValueError(f"protocol: expected ganseg or scops, came {protocol!r}")
    factor = SCOPS_FRAME / frame_px if protocol == "scops" and frame_px is not None else None
    sides = []
    for points, landmarks in ((train_points, train_landmarks), (test_points, test_landmarks)):
        x, y = flat(points), np.asarray(landmarks, np.float64)
        if factor is not None:
            x, y = x * factor, np.rint(y * factor)
        if not np.isfinite(y).all():
            raise ValueError(f"expected every landmark of {len(y)} photos, came some that are missing")
        kept = np.linalg.norm(y[:, EYES[0]] - y[:, EYES[1]], axis=1) > 0
        if not kept.any():
            raise ValueError(f"expected photos with two eyes apart, came none among {len(y)}")
        sides.append((x[kept], y[kept]))
    (x, y), (x_test, y_test) = sides
    found = _standardised(x, flat(y), x_test) if protocol == "scops" else x_test @ least_squares(x, flat(y))
    distance = np.linalg.norm(found.reshape(y_test.shape) - y_test, axis=2)
    eyes = np.linalg.norm(y_test[:, EYES[0]] - y_test[:, EYES[1]], axis=1)
    return float((distance / eyes[:, None]).mean())


def _standardised(x: np.ndarray, y: np.ndarray, x_test: np.ndarray) -> np.ndarray:
    """The scops fit; a feature that never changes keeps its unit."""
    (x_mean, x_scale), (y_mean, y_scale) = ((part.mean(0), part.std(0)) for part in (x, y))
    x_scale, y_scale = (np.where(scale > 0, scale, 1.0) for scale in (x_scale, y_scale))
    beta = least_squares((x - x_mean) / x_scale, (y - y_mean) / y_scale)
    return ((x_test - x_mean) / x_scale) @ beta * y_scale + y_mean
