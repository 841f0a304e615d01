"""torchvision's Mask R-CNN from a folder that `teach --what detector` left."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np

from stages.data.instances import ImageDetections
from stages.data.raw import RawFolder
from stages.teachers.detectors.alike import BATCHES_AHEAD, run_alike
from stages.teachers.detectors.found import Block, Files, in_batches, to_detections

if TYPE_CHECKING:
    from torchvision.models.detection.roi_heads import RoIHeads


class TorchvisionDetector:
    """Masks are where the network's mask probability is at least one half."""

    def __init__(self, folder: Path, threshold: float, batch: int, device: str):
        from stages.teachers.detectors.network import load

        net, taught = load(folder)
        cast("RoIHeads", net.roi_heads).score_thresh = threshold
        digest = hashlib.sha256((folder / "weights.safetensors").read_bytes()).hexdigest()
        model = taught["architecture"]
        self.facts = {"source": "torchvision", "model": model, "digest": digest, "threshold": threshold}
        self.net, self.classes, self.threshold, self.batch = net.to(device), taught["classes"], threshold, batch

    def find(self, files: Files) -> Iterator[tuple[str, ImageDetections]]:
        from stages.teachers.detectors.network import input_size

        for photos in in_batches(files, BATCHES_AHEAD * self.batch):
            images = [image for _, image in photos]
            found = run_alike(images, [input_size(self.net, image) for image in images], self.batch, self._detect)
            yield from zip((key for key, _ in photos), found, strict=True)

    def _detect(self, images: list[np.ndarray]) -> Iterator[ImageDetections]:
        from stages.teachers.detectors.network import detect

        for image, found in zip(images, detect(self.net, images), strict=True):
            names = [self.classes[label] for label in found["labels"].tolist()]
            masks = (found["masks"][:, 0] >= 0.5).cpu().numpy()
            scores, boxes = found["scores"].cpu().numpy(), found["boxes"].cpu().numpy()
            yield to_detections(image, names, scores, boxes, masks, self.threshold)


def open_detector(block: Block, raw: RawFolder, folder: Path | None, device: str) -> TorchvisionDetector:
    """Raises: FileNotFoundError, ValueError where the folder holds no detector that loads."""
    if folder is None:
        raise ValueError("source torchvision needs --in detector=..., the folder that teach --what detector left")
    return TorchvisionDetector(folder, block.threshold, block.batch, device)
