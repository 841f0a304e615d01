"""How masks of the reconstruction path agree with those that people or networks drew, beside masks of no effort.

Source: spec §5.1, claims O2 to O4; settled 18, 19.
"""

from typing import Any

import numpy as np

from stages.data.prepared.packed import Packed
from stages.metrics.overlap import masks_to_overlap
from stages.papers.onegan.quality_keys import QualityBlock
from stages.papers.onegan.rebuilding import Reconstructed
from stages.papers.onegan.scores import Scores

THRESHOLD = 0.5
GREY = (0.1, 0.9)
NAMES = {"IoU": "iou", "Dice": "dice", "pixel_accuracy": "accuracy", "IoU_both": "both", "IoU_best_polarity": "either"}
COMPARED = ("IoU_detection", "better_than_detection")
Listed = list[dict[str, Any]]


def measure_rebuilt(found: Reconstructed, rows: Scores) -> None:
    """Adds how near reconstructions are, and how decided their masks: the share of pixels outside [.1, .9]."""
    outside = ((found.masks < GREY[0]) | (found.masks > GREY[1])).mean(axis=(1, 2))
    said = {"split": "test", "path": "reconstruction by the codes' means"}
    for metric, unit, values in (
        ("L1", "1", found.l1), ("PSNR", "dB", found.psnr), ("decided", "1", outside),
        ("mask_mean", "1", found.masks.mean(axis=(1, 2))),
    ):  # fmt: skip
        rows.add("onegan", metric, unit, values.mean(), len(values), said)


def measure_masks(block: QualityBlock, data: Packed, found: Reconstructed, rows: Scores) -> Listed:
    """Adds all scores of the masks and of the simple ones; gives the photos of lowest IoU.

    A drawn set has exact masks, and what a detection would have made of them; another set has one mask a photo.
    Raises: ValueError as `masks_to_overlap`.
    """
    test = data.positions("test")
    masked = data.column("masked")[test] == 1
    places, masks = test[masked], found.masks[masked] > THRESHOLD
    if not len(places):
        rows.absent |= dict.fromkeys([*NAMES, *COMPARED], "no test photo has a mask")
        return []
    drawn = bool(data.card["facts"]["drawn"])
    given = np.asarray(data.needed_masks()[places]) > 0
    truth = np.asarray(data.array("exact")[places]) > 0 if drawn else given
    said = {"split": "test", "threshold": THRESHOLD, "without_mask": int((~masked).sum()),
            "truth": "drawn, exact" if drawn else "the set's masks"}  # fmt: skip
    simple = {"all_ones": np.ones_like(truth), "box": centred(truth, float(data.card["facts"]["crop_factor"]))}
    for method, others in {"onegan": masks, **simple}.items():
        add_overlap(rows, method, others, truth, said)
    some = np.arange(min(block.references, len(places))) * len(places) // min(block.references, len(places))
    grouped = np.stack([two_colours(data.images[place], block.restarts, block.seed) for place in places[some]])
    add_overlap(rows, "kmeans", grouped, truth[some], said | {"photos": "evenly spaced", "starts": block.restarts})
    own = masks_to_overlap(masks, truth).iou
    detected = None
    if drawn and not np.array_equal(given, truth):
        detected = masks_to_overlap(given, truth).iou
        add_overlap(rows, "detection", given, truth, said)
        to_detection = masks_to_overlap(masks, given).iou
        rows.add("onegan", "IoU_detection", "1", to_detection.mean(), len(own), said | {"truth": "a drawn detection"})
        rows.add("onegan", "better_than_detection", "1", (own > detected).mean(), len(own), said)
    else:
        why = "this set has no exact masks beside detections" if not drawn else "its masks are the exact ones"
        rows.absent |= dict.fromkeys(COMPARED, why)
    keys = [data.keys[place] for place in places]
    order = sorted(range(len(keys)), key=lambda place: (own[place], keys[place]))[: block.lowest]
    return [
        {"key": keys[at], "iou": float(own[at]), "detection_iou": None if detected is None else float(detected[at])}
        for at in order
    ]


def add_overlap(rows: Scores, method: str, masks: np.ndarray, truth: np.ndarray, said: dict[str, Any]) -> None:
    """The means over photos of every score of these masks."""
    found = masks_to_overlap(masks, truth)
    for metric, name in NAMES.items():
        values = getattr(found, name)
        rows.add(method, metric, "1", values.mean(), len(values), said)


def centred(like: np.ndarray, crop_factor: float) -> np.ndarray:
    """A centred square of side S / crop_factor: where the dataset's box is, had it been square and not clipped.

    Source: spec §5.1 (2/3 of the side at a factor of 1.5). Shapes: [N S S] -> bool [N S S].
    """
    side = like.shape[1]
    offset = np.abs(np.arange(side) - (side - 1) / 2) <= side / crop_factor / 2
    return np.broadcast_to(offset[:, None] & offset[None, :], like.shape)


def two_colours(image: np.ndarray, restarts: int, seed: int) -> np.ndarray:
    """k-means with k = 2 on colour and position, standardised; the object is the group with less of the picture's rim.

    Source: spec §5.1; the scale, without which most splits are by position, and which group is the object are ours
    (gap G22). Shapes: uint8 [S S 3] -> bool [S S].
    """
    from sklearn.cluster import KMeans
    from threadpoolctl import threadpool_limits

    side = len(image)
    place = np.stack(np.meshgrid(*[np.linspace(0, 1, side)] * 2, indexing="ij"), -1)
    points = np.concatenate([image / 255.0, place], -1).reshape(-1, 5)
    spread = points.std(axis=0)
    points = points / np.where(spread > 0, spread, 1)
    with threadpool_limits(1):
        # The stubs know n_init="auto" alone.
        groups = KMeans(2, n_init=restarts, random_state=seed).fit_predict(points)  # pyright: ignore[reportArgumentType]
    group = groups.reshape(side, side)
    rim = np.concatenate([group[0], group[-1], group[1:-1, 0], group[1:-1, -1]])
    return group == int(rim.mean() < 0.5)
