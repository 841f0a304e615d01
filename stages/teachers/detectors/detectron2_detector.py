"""detectron2's model zoo, where that library is installed (envs/detectron2.yaml)."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from stages.data.instances import ImageDetections
from stages.data.raw import RawFolder
from stages.teachers.detectors.alike import BATCHES_AHEAD, run_alike
from stages.teachers.detectors.found import Block, Files, in_batches, to_detections

if TYPE_CHECKING:
    from torch import nn


class Detectron2Detector:
    """A model by its zoo name, such as COCO-InstanceSegmentation/mask_rcnn_X_101_32x8d_FPN_3x.yaml.

    Image sizes, channel order and class names come from the library's own configuration and metadata.
    """

    def __init__(self, name: str, weights: Path, sha256: str, threshold: float, batch: int, device: str):
        try:
            # It is on no registry and has an environment of its own, so the checker never finds it.
            from detectron2 import model_zoo  # pyright: ignore[reportMissingImports]
            from detectron2.config import get_cfg  # pyright: ignore[reportMissingImports]
            from detectron2.data import MetadataCatalog  # pyright: ignore[reportMissingImports]
            from detectron2.data.transforms import ResizeShortestEdge  # pyright: ignore[reportMissingImports]
            from detectron2.modeling import build_model  # pyright: ignore[reportMissingImports]
        except ModuleNotFoundError as error:
            raise ModuleNotFoundError(
                f"source detectron2 needs {error.name}; run this stage in the environment of envs/detectron2.yaml "
                "(snakemake --sdm conda), or set source to torchvision or precomputed"
            ) from error
        config = get_cfg()
        config.merge_from_file(model_zoo.get_config_file(name))
        config.MODEL.ROI_HEADS.SCORE_THRESH_TEST = threshold
        config.MODEL.DEVICE = device
        config.MODEL.WEIGHTS = ""
        self.net = build_model(config)
        digest = fill(self.net, name, weights, sha256)
        self.net.eval()
        sides = [config.INPUT.MIN_SIZE_TEST, config.INPUT.MIN_SIZE_TEST]
        self.shrink = ResizeShortestEdge(sides, config.INPUT.MAX_SIZE_TEST)
        self.reverse = config.INPUT.FORMAT == "BGR"
        self.classes = MetadataCatalog.get(config.DATASETS.TRAIN[0]).thing_classes
        self.threshold, self.batch = threshold, batch
        self.facts = {"source": "detectron2", "model": name, "digest": digest, "threshold": threshold}

    def find(self, files: Files) -> Iterator[tuple[str, ImageDetections]]:
        for photos in in_batches(files, BATCHES_AHEAD * self.batch):
            inputs = [self.to_input(image) for _, image in photos]
            given = [(image, input_) for (_, image), input_ in zip(photos, inputs, strict=True)]
            shapes = [tuple(input_["image"].shape) for input_ in inputs]
            yield from zip((key for key, _ in photos), run_alike(given, shapes, self.batch, self._detect), strict=True)

    def _detect(self, given: list[tuple[np.ndarray, dict]]) -> Iterator[ImageDetections]:
        import torch

        with torch.no_grad():
            results = self.net([input_ for _, input_ in given])
        for (image, _), result in zip(given, results, strict=True):
            found = result["instances"].to("cpu")
            names = [self.classes[label] for label in found.pred_classes.tolist()]
            boxes, masks = found.pred_boxes.tensor.numpy(), found.pred_masks.numpy()
            yield to_detections(image, names, found.scores.numpy(), boxes, masks, self.threshold)

    def to_input(self, image: np.ndarray) -> dict:
        """The library's input: the resized image as float [3 H' W'] in its channel order, and the size to answer in."""
        import torch

        pixels = image[:, :, ::-1] if self.reverse else image
        small = self.shrink.get_transform(pixels).apply_image(pixels)
        planes = torch.from_numpy(np.ascontiguousarray(small.transpose(2, 0, 1), dtype=np.float32))
        return {"image": planes, "height": image.shape[0], "width": image.shape[1]}


def fill(net: "nn.Module", model: str, weights: Path, sha256: str) -> str:
    """Fills the network from the user's file, which may hold more than it, not less; gives the file's sha256.

    Raises: FileNotFoundError without it; ValueError for another digest or content.
    """
    from stages.teachers.weights import open_file

    given = open_file("detectron2_file", str(weights), sha256)
    given.fill(net, f"detectron2's {model}", beside=lambda name: True)
    return given.sha256


def open_detector(block: Block, raw: RawFolder, folder: Path | None, device: str) -> Detectron2Detector:
    """Raises: ModuleNotFoundError without the library; FileNotFoundError, ValueError for its weights."""
    model = (block.detectron2_config, Path(block.detectron2_file), block.detectron2_sha256)
    return Detectron2Detector(*model, block.threshold, block.batch, device)
