"""Segmentation scores of made and real pictures, by a judge that never saw either.

Source: supp §1 (DRN-D-105 for Cityscapes, UPerNet-101 for ADE20K; claim M7); spec §6.2, §6.3 for the sizes.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from stages.data.image import resize_bilinear, to_tensor
from stages.metrics.confusion import (
    Confusion,
    confusion_to_ade20k,
    confusion_to_cityscapes,
    labels_to_confusion,
    merge,
)
from stages.metrics.rows import Rows
from stages.nets.segmenter import VOID, Segmenter
from stages.nets.upernet import UPerNet

Pair = tuple[np.ndarray, np.ndarray]  # a picture uint8 [H W 3] and its true labels uint8 [h w]
# (width, height) at which streets are judged; what is not named here is judged at the labels' own size.
SIZES = {"half": (512, 256), "negcut": (256, 128)}


def to_nearest(labels: np.ndarray, width: int, height: int) -> np.ndarray:
    """Labels of another size, by the nearest pixel. Shapes: uint8 [H W] -> uint8 [height width]."""
    return np.array(Image.fromarray(labels).resize((width, height), Image.Resampling.NEAREST))


def at_size(pairs: Iterable[Pair], protocol: str) -> Iterator[Pair]:
    """Pictures stretched to their labels' size, bilinear; where a protocol has a size, labels to it, by the nearest."""
    for image, labels in pairs:
        if protocol in SIZES:
            labels = to_nearest(labels, *SIZES[protocol])
        yield (image if image.shape[:2] == labels.shape else resize_bilinear(image, *labels.shape)), labels


def of_one_size(pairs: Iterable[Pair], batch: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Batches of neighbours whose pictures and labels have the same sizes. Shapes: uint8 [B H W 3], [B h w]."""
    held: list[Pair] = []
    for pair in pairs:
        if held and (len(held) == batch or any(a.shape != b.shape for a, b in zip(held[0], pair, strict=True))):
            yield np.stack([image for image, _ in held]), np.stack([labels for _, labels in held])
            held = []
        held.append(pair)
    if held:
        yield np.stack([image for image, _ in held]), np.stack([labels for _, labels in held])


def probabilities(judge: Segmenter, images: Tensor) -> Tensor:
    """UPerNet's mean over five sizes, as its authors test; else one look. Shapes: [B 3 H W] -> [B classes H W]."""
    if isinstance(judge.net, UPerNet):
        return judge.net.over_scales(judge.normalised(images))
    return judge(images).exp()


def confusion_of(judge: Segmenter, pairs: Iterable[Pair], batch: int, device: str) -> tuple[Confusion, int]:
    """What the judge takes each true class for, over all pictures, and how many there are.

    Where labels have another size than the picture, the judge's probabilities are stretched to them, bilinear.
    """
    classes, found, count = judge.facts["arguments"]["classes"], [], 0
    with torch.no_grad():
        for images, labels in of_one_size(pairs, batch):
            seen = probabilities(judge, to_tensor(images).to(device))
            if seen.shape[2:] != labels.shape[1:]:
                seen = F.interpolate(seen, labels.shape[1:], mode="bilinear", align_corners=False)
            found.append(labels_to_confusion(seen.argmax(1).cpu().numpy(), labels, classes, VOID))
            count += len(images)
    return merge(found), count


def add_street(rows: Rows, method: str, seed: int, confusion: Confusion, count: int, protocol: dict[str, Any]) -> None:
    """Cityscapes' scores in percent; void pixels are left out, and, in one more row, errors.

    mAP is what the evaluation's log calls the class-mean IoU.
    """
    scores = confusion_to_cityscapes(confusion)
    for metric, value, void in (
        ("mAP", scores.mean_iou, "ignored"), ("pixAcc", scores.pixel_accuracy, "ignored"),
        ("classAcc", scores.class_accuracy, "ignored"),
        ("pixAcc_void_as_error", scores.pixel_accuracy_void_as_error, "error"),
    ):  # fmt: skip
        rows.add(method, seed, metric, "%", value, count, protocol | {"void": void})


def add_rooms(rows: Rows, method: str, seed: int, confusion: Confusion, count: int, protocol: dict[str, Any]) -> None:
    """ADE20K's scores in percent; unknown pixels are left out."""
    scores = confusion_to_ade20k(confusion)
    for metric, value in (("mIoU", scores.mean_iou), ("Acc", scores.accuracy)):
        rows.add(method, seed, metric, "%", value, count, protocol | {"void": "ignored"})


class Judged:
    """A judge, the true labels of the test items, and how its scores are written."""

    def __init__(
        self,
        judge: Segmenter,
        add: Callable[[Rows, str, int, Confusion, int, dict[str, Any]], None],
        truth: Callable[[], Iterator[np.ndarray]],
        protocol: str,
        batch: int,
        device: str,
    ) -> None:
        """`truth` gives each item's labels in order, 255 = void; `protocol` is the name of the sizes."""
        self.judge, self.add, self.truth, self.name = judge.to(device), add, truth, protocol
        self.batch, self.device = batch, device
        self.protocol = {"judge": judge.name, "judge_sha256": judge.digest, "sizes": protocol}

    def measure(self, images: Iterable[np.ndarray], method: str, seed: int, rows: Rows) -> None:
        """Adds the scores of pictures that stand in the order of the truth."""
        pairs = zip(images, self.truth(), strict=True)
        sized = at_size(pairs, self.name) if self.name in (*SIZES, "full") else pairs
        rows_of = confusion_of(self.judge, sized, self.batch, self.device)
        self.add(rows, method, seed, *rows_of, self.protocol)
