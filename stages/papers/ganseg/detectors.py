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


class Looked:
    """What the detector of triviality has seen of the masks of real images, which come in batches.

    Shapes: soft masks [N K+1 S S], background last; truth 0/1 [N S S], in all batches or in none.
    """

    def __init__(self) -> None:
        self._held: dict[str, list[np.ndarray]] = {}
        self._side = self._classes = 0

    def add(self, masks: np.ndarray, truth: np.ndarray | None) -> None:
        """Keeps a few numbers of each image."""
        masks = np.asarray(masks, np.float64)
        parts, places = masks[:, :-1], np.arange(masks.shape[-1])
        self._classes, self._side = masks.shape[1], masks.shape[-1]
        areas = parts.sum((2, 3))
        found = {
            "background": masks[:, -1].mean((1, 2)),
            "shares": areas / np.maximum(areas.sum(1, keepdims=True), 1e-12),
            "rows": (parts.sum(3) * places).sum(2) / np.maximum(areas, 1e-12),
            "columns": (parts.sum(2) * places).sum(2) / np.maximum(areas, 1e-12),
            "entropy": -(masks * np.log(np.maximum(masks, 1e-12))).sum(1).mean((1, 2)),
        }
        if truth is not None:
            guess = masks.argmax(1) < masks.shape[1] - 1
            found["iou"] = _overlap(guess, truth > 0)
            found["iou_all_foreground"] = _overlap(np.ones_like(guess), truth > 0)
        for name, values in found.items():
            self._held.setdefault(name, []).append(values)

    def finding(self) -> Finding:
        """Whether the masks are trivial, whatever is in the images.

        background: its mean share below 2 % or above 98 %;  one_part: one part holds more than 90 % of the foreground
        on average;  still: the centroids' standard deviation over images is below 1 px at 128 px, averaged over the
        parts and axes;  vague: mean entropy above 0.9 log(K + 1);  overlap: IoU with the truth below 0.2, or within
        0.02 of the IoU of an all-foreground mask. The last is left out where there is no truth.

        Source: spec §6.6 (ours; gap G21).
        """
        held = {name: np.concatenate(values) for name, values in self._held.items()}
        motion = float(np.stack([held["rows"], held["columns"]]).std(1).mean()) * PRINTED_SIDE / self._side
        values = {
            "background": float(held["background"].mean()),
            "largest_part": float(held["shares"].mean(0).max()),
            "centroid_deviation_px": motion,
            "entropy": float(held["entropy"].mean()),
            "entropy_ceiling": float(np.log(self._classes)),
        }
        rules = {
            "background": values["background"] < 0.02 or values["background"] > 0.98,
            "one_part": values["largest_part"] > 0.9,
            "still": motion < 1,
            "vague": values["entropy"] > 0.9 * values["entropy_ceiling"],
        }
        if "iou" in held:
            values |= {name: float(held[name].mean()) for name in ("iou", "iou_all_foreground")}
            near = abs(values["iou"] - values["iou_all_foreground"]) <= 0.02
            rules["overlap"] = values["iou"] < 0.2 or near
        return Finding(tuple(name for name, fired in rules.items() if fired), values)


def triviality(masks: np.ndarray, truth: np.ndarray | None) -> Finding:
    """`Looked`'s finding over one batch. Shapes: as there."""
    looked = Looked()
    looked.add(masks, truth)
    return looked.finding()


def _overlap(guess: np.ndarray, truth: np.ndarray) -> np.ndarray:
    both, either = (guess & truth).sum((1, 2)), (guess | truth).sum((1, 2))
    return both / (either + 1e-6)
