"""detectron2's model zoo, where that library is installed (envs/detectron2.yaml)."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from stages.data.detections import ImageDetections
from stages.data.raw import RawFolder
from stages.teachers.detectors.arrays import read_arrays
from stages.teachers.detectors.found import Block, Files, in_batches, to_detections


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
        state = read_weights(weights, sha256)
        config = get_cfg()
        config.merge_from_file(model_zoo.get_config_file(name))
        config.MODEL.ROI_HEADS.SCORE_THRESH_TEST = threshold
        config.MODEL.DEVICE = device
        config.MODEL.WEIGHTS = ""
        self.net = build_model(config)
        load_arrays(self.net, state, weights)
        self.net.eval()
        sides = [config.INPUT.MIN_SIZE_TEST, config.INPUT.MIN_SIZE_TEST]
        self.shrink = ResizeShortestEdge(sides, config.INPUT.MAX_SIZE_TEST)
        self.reverse = config.INPUT.FORMAT == "BGR"
        self.classes = MetadataCatalog.get(config.DATASETS.TRAIN[0]).thing_classes
        self.threshold, self.batch = threshold, batch
        self.facts = {"source": "detectron2", "model": name, "digest": sha256, "threshold": threshold}

    def find(self, files: Files) -> Iterator[tuple[str, ImageDetections]]:
        import torch

        for batch in in_batches(files, self.batch):
            with torch.no_grad():
                results = self.net([self.to_input(image) for _, image in batch])
            for (key, image), result in zip(batch, results, strict=True):
                found = result["instances"].to("cpu")
                names = [self.classes[label] for label in found.pred_classes.tolist()]
                boxes, masks = found.pred_boxes.tensor.numpy(), found.pred_masks.numpy()
                yield key, to_detections(image, names, found.scores.numpy(), boxes, masks, self.threshold)

    def to_input(self, image: np.ndarray) -> dict:
        """The library's input: the resized image as float [3 H' W'] in its channel order, and the size to answer in."""
        import torch

        pixels = image[:, :, ::-1] if self.reverse else image
        small = self.shrink.get_transform(pixels).apply_image(pixels)
        planes = torch.from_numpy(np.ascontiguousarray(small.transpose(2, 0, 1), dtype=np.float32))
        return {"image": planes, "height": image.shape[0], "width": image.shape[1]}


def read_weights(path: Path, sha256: str) -> dict[str, np.ndarray]:
    """The arrays of a .pkl or .safetensors file.

    Raises: FileNotFoundError without it; ValueError for another digest or content.
    """
    if not path.is_file():
        raise FileNotFoundError(f"detectron2_file: expected the weights of detectron2_config at {path}; put them there")
    with path.open("rb") as stream:
        found = hashlib.file_digest(stream, "sha256").hexdigest()
    if found != sha256:
        raise ValueError(f"detectron2_sha256: {path} should have sha256 {sha256!r}, it has {found}")
    if path.suffix == ".safetensors":
        from safetensors.numpy import load_file

        return load_file(path)
    return read_arrays(path)


def load_arrays(net, state: dict[str, np.ndarray], path: Path) -> None:
    """Fills the network; the file may hold more than the network, not less.

    Raises: ValueError naming what is missing or has another shape.
    """
    import torch

    expected = net.state_dict()
    shapes = {name: tuple(value.shape) for name, value in state.items()}
    wrong = sorted(name for name, value in expected.items() if shapes.get(name) != tuple(value.shape))
    if wrong:
        raise ValueError(f"{path}: {len(wrong)} of its tensors are missing or of another shape, first {wrong[0]}")
    net.load_state_dict({name: torch.from_numpy(np.array(state[name])) for name in expected})


def open_detector(block: Block, raw: RawFolder, folder: Path | None, device: str) -> Detectron2Detector:
    """Raises: ModuleNotFoundError without the library; FileNotFoundError, ValueError for its weights."""
    model = (block.detectron2_config, Path(block.detectron2_file), block.detectron2_sha256)
    return Detectron2Detector(*model, block.threshold, block.batch, device)
