"""What finds the objects of a scene: `open_detector(folder, device).detect(images)`, whatever the folder holds."""

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np

from stages.data.files import read_json
from stages.teachers.detectors.blob import Blobs, Box

if TYPE_CHECKING:
    from torchvision.models.detection import MaskRCNN

BLOB = "blob"


class Detection(NamedTuple):
    """One object: COCO's name of its category, its box (x1 y1 x2 y2) in pixels of the image, a score in (0, 1]."""

    category: str
    box: Box
    score: float


class ScenesDetector(Protocol):
    """`facts` stand beside every number that rests on it: source, architecture, digest, and what else it was told."""

    facts: dict[str, Any]

    def detect(self, images: np.ndarray) -> list[list[Detection]]:
        """The objects of each image, the best score first. Shapes: uint8 [n H W 3]."""
        ...


class BlobDetector:
    """Blobs of a category's hues. A blob is there or not, so its score is 1; the largest comes first."""

    def __init__(self, told: dict[str, Any], digest: str):
        self.blobs = Blobs(told["bands"], told["saturation"], told["value"], told["area_px"])
        self.facts = {"source": BLOB, "architecture": BLOB, "digest": digest, **told}

    def detect(self, images: np.ndarray) -> list[list[Detection]]:
        return [[Detection(name, box, 1.0) for name, box in self.blobs.find(image)] for image in images]


class NetworkDetector:
    """torchvision's Mask R-CNN without its masks: boxes after its own suppression within a category, threshold 0.05."""

    def __init__(self, net: "MaskRCNN", taught: dict[str, Any], digest: str, device: str):
        # Without this part torchvision makes no masks, which nobody asks for.
        net.roi_heads.mask_predictor = None  # pyright: ignore[reportArgumentType]
        self.net, self.classes = net.to(device), taught["classes"]
        self.facts = {"source": taught["source"], "architecture": taught["architecture"], "digest": digest}

    def detect(self, images: np.ndarray) -> list[list[Detection]]:
        from stages.teachers.detectors import network

        return [self._named(found) for found in network.detect(self.net, list(images))]

    def _named(self, found: dict[str, Any]) -> list[Detection]:
        numbers = zip(found["labels"].tolist(), found["boxes"].tolist(), found["scores"].tolist(), strict=True)
        named = [Detection(self.classes[label], (b[0], b[1], b[2], b[3]), score) for label, b, score in numbers]
        return sorted(named, key=lambda one: -one.score)


def open_detector(folder: Path, device: str = "cpu") -> ScenesDetector:
    """The detector of a folder that `teach --what scenes_detector` left.

    Raises: FileNotFoundError for a folder that is no detector; ValueError for weights that do not fit.
    """
    path = folder / "detector.json"
    if not path.is_file():
        raise FileNotFoundError(f"{folder} has no detector.json; teach --what scenes_detector leaves it there")
    facts = read_json(path)
    if facts["source"] == BLOB:
        return BlobDetector(facts["told"], hashlib.sha256(path.read_bytes()).hexdigest())
    from stages.teachers.detectors import network

    net, taught = network.load(folder)
    return NetworkDetector(
        net, taught, hashlib.sha256((folder / "weights.safetensors").read_bytes()).hexdigest(), device
    )
