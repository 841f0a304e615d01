"""What a trained segmenter finds on real photos: landmark error, summed joint error, foreground overlap.

Source: spec §5.2 (CelebA), §5.3 (Taichi), §5.4 (foreground).
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from stages.papers.ganseg.detectors import Looked

if TYPE_CHECKING:
    from stages.data.prepared.packed import Packed

Predict = Callable[[np.ndarray], np.ndarray]
Progress = Callable[[int, int, str], None]
Value = dict[str, Any]
LEAST_SHARE = 0.01


def evaluate(
    predict: Predict, packed: "Packed", facts: Mapping[str, Any], out: Path, batch: int, progress: Progress
) -> None:
    """Segment the test split, measure it as its dataset is measured, and write score.json and labels.npy.

    `predict` gives softmax over background (first) and parts, at which the detector of triviality looks too. labels.npy
    holds hard labels of the test split in the order of keys, 0 = background. `facts` say which generator taught the
    segmenter, and from which weights it began.

    Shapes: predict uint8 [B, S, S, 3] → float32 [B, K + 1, S, S]; labels uint8 [n, S, S].
    Raises: FloatingPointError for a prediction that is not finite; ValueError for a set without a measure.
    """
    from stages.data.files import write_json

    name = packed.card["name"]
    if name not in MEASURES:
        raise ValueError(f"{packed.folder}: expected one of the sets {', '.join(MEASURES)}, came {name!r}")
    test = np.asarray(packed.positions("test"))
    looked = Looked()
    found = segment(predict, packed, test, batch, progress, looked)
    protocol = {key: facts[key] for key in ("backbone_init", "scale", "kernel", "grid", "arch", "size_px")}
    protocol |= {"split": "test"}
    values = []
    measure = MEASURES[name]
    if measure is not None:
        known = np.asarray(packed.positions("reg_train"))
        fitted = segment(predict, packed, known, batch, progress)
        landmarks = packed.array("landmarks")
        sides = (fitted.centroids, np.asarray(landmarks[known]), found.centroids, np.asarray(landmarks[test]))
        regression = protocol | {"fitted_on": f"{len(known)} of reg_train"}
        values += measure(sides, regression)
    if packed.masks is not None:
        values += overlap_values(found.labels, packed, test, protocol)
    values.append(entry("foreground", "1", float((found.labels > 0).mean()), len(test), protocol))
    used = parts_used(found.labels, facts["parts"])
    said = protocol | {"counted": f"parts with at least {LEAST_SHARE:.0%} of all foreground"}
    values.append(entry("parts_used", "1", used, len(test), said))
    trivial = looked.finding()
    triviality = {"fired": list(trivial.fired), "values": dict(trivial.values)}
    np.save(out / "labels.npy", found.labels)
    write_json(
        out / "score.json", {"paper": "ganseg", **facts, "data": name, "values": values, "triviality": triviality}
    )


class Found:
    """Hard labels uint8 [n, S, S] and part centroids float64 [n, K, 2] as (x, y)."""

    def __init__(self, labels: np.ndarray, centroids: np.ndarray) -> None:
        self.labels, self.centroids = labels, centroids


def parts_used(labels: np.ndarray, parts: int) -> float:
    """The share of the K parts that hold a hundredth of all foreground pixels or more.

    Source: ours (claim C11; gap G21). Shapes: labels [n S S], 0 = background.
    """
    counts = np.bincount(labels.reshape(-1), minlength=parts + 1)[1:]
    return float((counts >= LEAST_SHARE * max(counts.sum(), 1)).mean())


def segment(
    predict: Predict,
    packed: "Packed",
    positions: np.ndarray,
    batch: int,
    progress: Progress,
    looked: Looked | None = None,
) -> Found:
    """Hard labels and centroids of the parts' probabilities, a batch at a time; `looked` sees the masks.

    Raises: FloatingPointError naming the first photo of the batch that is not finite.
    """
    from stages.metrics.centroids import maps_to_centroids

    labels, centroids = [], []
    for start in range(0, len(positions), batch):
        chosen = positions[start : start + batch]
        maps = predict(np.asarray(packed.images[chosen]))
        if not np.isfinite(maps).all():
            raise FloatingPointError(f"the segmenter's answer to {packed.keys[chosen[0]]} or its batch is not finite")
        if looked is not None:
            truth = None if packed.masks is None else np.asarray(packed.masks[chosen])
            looked.add(np.roll(maps, -1, axis=1), truth)
        labels.append(maps.argmax(axis=1).astype(np.uint8))
        centroids.append(maps_to_centroids(maps[:, 1:]))
        progress(start + len(chosen), len(positions), "photos segmented")
    return Found(np.concatenate(labels), np.concatenate(centroids))


def landmark_values(sides: tuple[np.ndarray, ...], protocol: dict[str, Any]) -> list[Value]:
    """CelebA-wild: linear regression from 2 K centroids to five landmarks, error over the distance of the eyes.

    Source: spec §5.2; the SCOPS protocol (with bias) stands beside it, since it gives other numbers (gap G22).
    """
    from stages.metrics.landmarks import landmark_error

    both = []
    measures: tuple[tuple[str, Literal["ganseg", "scops"], str], ...] = (
        ("landmark_error", "ganseg", "no bias, not standardised"),
        ("landmark_error_scops", "scops", "standardised on reg_train, hence a bias; landmarks rounded at 256 px"),
    )
    for metric, kind, said in measures:
        value = 100 * landmark_error(*sides, protocol=kind, frame_px=protocol["size_px"])
        both.append(entry(metric, "%", value, len(sides[2]), protocol | {"regression": said, "over": "eye distance"}))
    return both


def joint_values(sides: tuple[np.ndarray, ...], protocol: dict[str, Any]) -> list[Value]:
    """Taichi: the sum over 36 joint coordinates of the mean absolute error. Source: spec §5.3."""
    from stages.metrics.joints import summed_joint_error

    said = protocol | {"regression": "36 separate fits with intercept", "missing": "left out of fits and scores"}
    return [entry("mae", "256-px units, sum of 36", summed_joint_error(*sides), len(sides[2]), said)]


def overlap_values(labels: np.ndarray, packed: "Packed", test: np.ndarray, protocol: dict[str, Any]) -> list[Value]:
    """Foreground IoU by image, then the mean; beside it what needs no network: all foreground, and the best disc.

    The disc is centred; its radius maximises the mean IoU on the training split, where that split has masks.
    Source: spec §5.4; baselines ours (gap G22).
    """
    from stages.metrics.overlap import best_disc, disc_mask, masks_to_iou

    truth = np.asarray(packed.needed_masks()[test])
    ignored = open_unlabelled(packed)
    left_out = None if ignored is None else np.asarray(ignored[test])

    def score(metric: str, predicted: np.ndarray, said: str) -> Value:
        value = float(np.mean(masks_to_iou(predicted, truth, left_out)))
        return entry(metric, "1", value, len(test), protocol | {"mean": "by image", "predicted": said})

    values = [
        score("iou", labels > 0, "every part is foreground"),
        score("iou_all", np.ones_like(labels, bool), "the whole photo"),
    ]
    train = np.asarray(packed.positions("train"))
    train = train[np.asarray(packed.column("masked"))[train] > 0]
    if len(train):
        disc = best_disc(
            np.asarray(packed.needed_masks()[train]), None if ignored is None else np.asarray(ignored[train])
        )
        shape = np.broadcast_to(disc_mask(labels.shape[1], disc.radius_px), labels.shape)
        said = f"centred disc of radius {disc.radius_px:g} px, best on {len(train)} training masks"
        values.append(score("iou_disc", shape, said))
    return values


def open_unlabelled(packed: "Packed") -> np.ndarray | None:
    """Where pixels are left out of scores; None for a pack without that array."""
    try:
        return packed.array("unlabelled")
    except FileNotFoundError:
        return None


def entry(metric: str, unit: str, value: float, count: int, protocol: dict[str, Any]) -> Value:
    """One number, as score.json holds it."""
    return {"metric": metric, "unit": unit, "value": float(value), "n": count, "protocol": protocol | {"n": count}}


# What is regressed from the parts' centroids, by set; None where the set has no landmarks.
MEASURES = {
    "celeba_wild": landmark_values,
    "taichi": joint_values,
    "cub_masks": None,
    "flowers": None,
    "folder": None,
}
