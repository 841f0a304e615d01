"""Detectors of failed generation: parts that are nowhere or everywhere, and masks that say nothing. Numbers only."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

PRINTED_SIDE = 128  # limits in pixels are meant at this side


@dataclass(frozen=True)
class Finding:
    """Which rules fired, and every number that they looked at."""

    fired: tuple[str, ...]
    values: Mapping[str, float]


def collapse(masks: np.ndarray, images: np.ndarray) -> Finding:
    """Whether generated images are degenerate.

    foreground: mean share of foreground below 1 % or above 99 %;  parts: all part areas below 1 px in at least 90 % of
    the samples;  images: standard deviation of the pixels over the samples, averaged, below 0.02.

    Source: spec §7 (ours).
    Shapes: soft masks [N K+1 S S], background last; images [N 3 S S] in [-1, 1].
    """
    parts = np.asarray(masks[:, :-1], np.float64)
    share = float(parts.sum(1).mean())
    empty = float((parts.sum((2, 3)) < 1).all(1).mean())
    deviation = float(np.asarray(images, np.float64).std(0).mean())
    values = {"foreground": share, "empty_samples": empty, "image_deviation": deviation}
    rules = {"foreground": share < 0.01 or share > 0.99, "parts": empty >= 0.9, "images": deviation < 0.02}
    return Finding(tuple(name for name, fired in rules.items() if fired), values)


def triviality(masks: np.ndarray, truth: np.ndarray | None) -> Finding:
    """Whether masks of real images are trivial, whatever is in them.

    background: its mean share below 2 % or above 98 %;  one_part: one part holds more than 90 % of the foreground on
    average;  still: the centroids' standard deviation over images is below 1 px at 128 px, averaged over the parts and
    axes;  vague: mean entropy above 0.9 log(K + 1);  overlap: IoU with the truth below 0.2, or within 0.02 of the IoU
    of an all-foreground mask. The last is left out where there is no truth.

    Source: spec §6.6 (ours; gap G21).
    Shapes: soft masks [N K+1 S S], background last; truth 0/1 [N S S] or None.
    """
    masks = np.asarray(masks, np.float64)
    parts, side = masks[:, :-1], masks.shape[-1]
    areas = parts.sum((2, 3))
    background = float(masks[:, -1].mean())
    largest = float((areas / np.maximum(areas.sum(1, keepdims=True), 1e-12)).mean(0).max())
    places = np.arange(side)
    rows = (parts.sum(3) * places).sum(2) / np.maximum(areas, 1e-12)
    columns = (parts.sum(2) * places).sum(2) / np.maximum(areas, 1e-12)
    motion = float(np.stack([rows, columns]).std(1).mean()) * PRINTED_SIDE / side
    entropy = float(-(masks * np.log(np.maximum(masks, 1e-12))).sum(1).mean())
    ceiling = float(np.log(masks.shape[1]))
    values = {
        "background": background,
        "largest_part": largest,
        "centroid_deviation_px": motion,
        "entropy": entropy,
        "entropy_ceiling": ceiling,
    }
    rules = {
        "background": background < 0.02 or background > 0.98,
        "one_part": largest > 0.9,
        "still": motion < 1,
        "vague": entropy > 0.9 * ceiling,
    }
    if truth is not None:
        guess = masks.argmax(1) < masks.shape[1] - 1
        overlap, everything = _overlap(guess, truth > 0), _overlap(np.ones_like(guess), truth > 0)
        values |= {"iou": overlap, "iou_all_foreground": everything}
        rules["overlap"] = overlap < 0.2 or abs(overlap - everything) <= 0.02
    return Finding(tuple(name for name, fired in rules.items() if fired), values)


def _overlap(guess: np.ndarray, truth: np.ndarray) -> float:
    both, either = (guess & truth).sum((1, 2)), (guess | truth).sum((1, 2))
    return float((both / (either + 1e-6)).mean())
