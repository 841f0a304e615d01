"""The instance segmenter of `detect`: a narrow Mask R-CNN taught on drawn photos, or torchvision's from a file."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from pydantic import Field
from torch import Tensor, nn

from stages.data.detection_records import read_records
from stages.data.files import write_json
from stages.data.image import ImageError, decode_upright, resize_mask
from stages.data.instances import ImageDetections
from stages.data.lsun import LsunImages
from stages.data.raw import RawFolder
from stages.engine.chance import Chance, initialised
from stages.engine.loop import train
from stages.engine.plan import Descent, Phase, TrainBlock
from stages.engine.session import Session
from stages.engine.world import World
from stages.teachers.detectors import network, published


class Block(TrainBlock):
    """Keys of `teacher.detector`; source "none" leaves a folder that says so. Units: pixels of the shrunk image.

    `classes` are COCO names, background first; `images` of each raw set are learned from, the rest are never seen.
    """

    source: Literal["none", "taught", "file"]
    file: str
    sha256: str
    seed: int
    batch: int = Field(gt=0)
    learning_rate: float = Field(gt=0)
    betas: tuple[float, float]
    eps: float
    weight_decay: float
    clip_norm: float
    classes: tuple[str, ...]
    width: int = Field(gt=0)
    anchors_px: tuple[int, int, int]
    proposals: int = Field(gt=0)
    min_side_px: int = Field(gt=0)
    max_side_px: int = Field(gt=0)
    images: int = Field(gt=0)
    precomputed_file: str


class Examples:
    """Batches of example numbers; each epoch has its own permutation, a function of the seed."""

    def __init__(self, count: int, batch: int, seed: int, world: World):
        self.count, self.size, self.seed, self.world = count, batch, seed, world

    def batch(self, step: int) -> dict[str, Tensor]:
        numbers = step * self.size + np.arange(self.world.rank, self.size, self.world.size)
        return {"example": torch.stack([self._order(int(n) // self.count)[int(n) % self.count] for n in numbers])}

    def _order(self, epoch: int) -> Tensor:
        return Chance(self.seed, epoch, self.world).permutation("examples", self.count)


class DetectorMethod:
    """The four or five losses of Mask R-CNN, as torchvision weighs them (all 1).

    Source: He et al. 2017; torchvision's implementation. Its samplers draw from torch's generator, seeded here by step.
    """

    average: tuple[str, ...] = ()

    def __init__(self, block: Block, net: nn.Module, examples: list[tuple[Tensor, dict[str, Tensor]]]):
        self.block, self.examples = block, examples
        self.nets = {"net": net}
        self.frozen: dict[str, nn.Module] = {}
        self.memory: dict[str, Tensor] = {}
        self.descents = {
            "net": Descent("adamw", ("net",), block.learning_rate, betas=block.betas, eps=block.eps,
                           weight_decay=block.weight_decay, clip_norm=block.clip_norm, schedule=self.rate)
        }  # fmt: skip

    def rate(self, step: int) -> float:
        """Falls in a straight line to zero."""
        return 1 - step / self.block.iterations

    def phases(self, step: int) -> list[Phase]:
        return [Phase("detect", "net", ("net",))]

    def losses(self, phase: Phase, batch: dict, shared: dict, chance: Chance, step: int) -> dict[str, Tensor]:
        device = batch["example"].device
        chosen = [self.examples[number] for number in batch["example"].tolist()]
        images = [image.to(device) for image, _ in chosen]
        targets = [{name: value.to(device) for name, value in target.items()} for _, target in chosen]
        with initialised(chance.seed, f"samplers/{step}/{chance.world.rank}"):
            return self.nets["net"](images, targets)


def read_examples(block: Block, folder: Path) -> Iterator[tuple[Tensor, dict[str, Tensor]]]:
    """Shrunk images and exact instances of `images` photos of a raw set, the last by the hash of their keys.

    Raises: FileNotFoundError, ValueError where set or records are not as they should be.
    """
    raw = RawFolder.open(folder)
    records = dict(read_records(raw.path(block.precomputed_file)))
    learned = set(sorted(records, key=lambda key: hashlib.sha256(key.encode()).digest())[-block.images :])
    for key, _, content in LsunImages(raw):
        if key in learned and records[key].instances:
            try:
                image = decode_upright(content)
            except ImageError:
                continue
            if image.shape[:2] == (records[key].height, records[key].width):
                yield to_example(block, image, records[key])


def to_example(block: Block, image: np.ndarray, found: ImageDetections) -> tuple[Tensor, dict[str, Tensor]]:
    """Shapes: image [H W 3] -> [3 h w] and boxes [n 4], labels [n], masks [n h w].

    Raises: ValueError for a class that the block does not name.
    """
    small = network.shrink(image, (block.min_side_px, block.max_side_px))
    boxes, labels, masks = [], [], []
    for instance in found.instances:
        if instance.class_name not in block.classes[1:]:
            raise ValueError(f"key classes: the photos show a {instance.class_name}, named are {block.classes[1:]}")
        mask = resize_mask(instance.mask, *small.shape[:2])
        rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
        if len(rows) and len(columns):
            boxes.append([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1])
            labels.append(block.classes.index(instance.class_name))
            masks.append(mask)
    target = {
        "boxes": torch.tensor(boxes, dtype=torch.float32).reshape(-1, 4),
        "labels": torch.tensor(labels, dtype=torch.int64),
        "masks": torch.from_numpy(np.stack(masks) if masks else np.zeros((0, *small.shape[:2]), np.uint8)),
    }
    return network.to_input(small), target


def teach(block: Block, inputs: dict[str, Path], session: Session) -> None:
    """Writes detector.json and weights.safetensors. Inputs: lsun_bird and lsun_car, raw; a file needs neither.

    Raises: FileNotFoundError, ValueError for inputs or weights that do not fit.
    """
    world, out = session.world, session.out
    if block.source == "none":
        return write_json(out / "not_run.json", {"reason": "the detect stages of this profile use another source"})
    if block.source == "file":
        return published.convert("teacher.detector.file", block.file, block.sha256, out)
    examples = [example for name in ("lsun_bird", "lsun_car") for example in read_examples(block, inputs[name])]
    if not examples:
        raise ValueError("teacher.detector: no photo of lsun_bird and lsun_car has an instance; render them anew")
    arguments = {"classes": len(block.classes), "width": block.width, "anchors_px": list(block.anchors_px),
                 "proposals": block.proposals, "side_px": [block.min_side_px, block.max_side_px]}  # fmt: skip
    with initialised(block.seed, "detector"):
        net = network.build(network.NARROW, arguments)
    source = Examples(len(examples), block.batch, block.seed, world)
    train(DetectorMethod(block, net, examples), source, block, block.seed, session)
    if world.rank == 0:
        (out / "weights.safetensors").unlink()  # the engine's names carry the net's; a detector folder's do not
        facts = {"architecture": network.NARROW, "arguments": arguments, "classes": list(block.classes),
                 "source": "taught", "examples": len(examples)}  # fmt: skip
        network.save(out, net, facts)
