"""A made-up store for MoNCE's measures: tiny packs, a scorer that knows dark from bright, judges that read colours."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from stages.data.prepared.packed import Extra, Index, Row, write_packed
from stages.engine.weights import write_weights
from stages.engine.world import World
from stages.nets.encoders.load import save_encoder
from stages.nets.encoders.small import DemoClassifier
from stages.nets.segmenter import Segmenter
from stages.papers.monce.methods.contrast.method import Contrast
from stages.papers.monce.methods.spade.method import Paired
from tests.papers.monce_blocks import fresh_vgg, monce_block

SIDE, COUNT = 32, 8
VIEW = {"size_px": SIDE, "crop": [0, 0, 256, 256], "shrink": "pool", "mean": [0.5] * 3, "std": [0.5] * 3}


def picture(number: int, bright: bool) -> np.ndarray:
    """Noise around one level, with a square. Shapes: -> uint8 [S S 3]."""
    draw = np.random.default_rng([number, bright])
    image = draw.integers(150, 220, (SIDE, SIDE, 3)) if bright else draw.integers(20, 90, (SIDE, SIDE, 3))
    image[8:20, 8 + number : 20 + number] += 30
    return image.astype(np.uint8)


def truth_of(number: int) -> np.ndarray:
    """1 under the square, 0 around it, a column of which nobody knows."""
    truth = np.zeros((SIDE, SIDE), np.uint8)
    truth[8:20, 8 + number : 20 + number] = 1
    truth[:, :2] = 255
    return truth


def packed(folder: Path, name: str, splits: dict[str, bool], facts: dict, extras: dict[str, Any]) -> Path:
    """A pack of eight pictures a split, bright or dark; `extras`: array -> (row of a number, shape, type)."""
    folder.mkdir(parents=True)
    keys = [f"{split}/{number:02d}" for split in sorted(splits) for number in range(COUNT)]

    def rows():
        for key in keys:
            split, number = key.split("/")
            held = {kind: make(int(number)) for kind, (make, _, _) in extras.items()}
            yield Row(key, picture(int(number), splits[split]), None, key, "", held)

    index = Index([key.partition("/")[0] for key in keys], tuple(sorted(splits)), facts=facts)
    shapes = {kind: Extra(shape, dtype) for kind, (_, shape, dtype) in extras.items()}
    write_packed(folder, name, SIDE, False, rows(), lambda found: index, extras=shapes)
    return folder


def animals(folder: Path, alike: bool = False) -> Path:
    """Domain A is dark and domain B bright, or as dark as A where the sets are to be alike."""
    splits = {"trainA": False, "trainB": True, "testA": False, "testB": not alike}
    return packed(folder, "horses", splits, {}, {"truth": (truth_of, (SIDE, SIDE), "|u1")})


def scenes(folder: Path) -> Path:
    """Pairs with labels: class 1 under the square, 0 around it, 2 is unknown."""
    labels = {"labels": (lambda number: np.where(truth_of(number) == 255, 2, truth_of(number)), (SIDE, SIDE), "|u1")}
    return packed(folder, "rooms", {"train": False, "test": False}, {"classes": [1, 2]}, labels)


def dark_or_bright(folder: Path, dataset: str = "horses") -> Path:
    """A taught scorer whose class 1 is bright and class 0 dark."""
    folder.mkdir(parents=True)
    torch.manual_seed(0)
    net = DemoClassifier(4, 2)
    with torch.no_grad():
        for parameter in net.layers.parameters():
            parameter.abs_()
        net.head.weight.copy_(torch.tensor([[-1.0], [1.0]]).expand(2, 16))
        net.head.bias.zero_()
    facts = {"architecture": "demo_classifier", "arguments": {"width": 4, "classes": 2}, "view": VIEW}
    save_encoder(folder, net, facts | {"taught_on": [{"set": dataset, "column": "scene", "images": 16}], "classes": 2})
    return folder


class Reads(nn.Module):
    """Takes the red channel for a class: class k is level 20 k."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.levels = nn.Parameter(torch.arange(classes, dtype=torch.float32) * 20)

    def forward(self, x: Tensor) -> Tensor:
        level = (x[:, :1] + 1) * 127.5
        return -(level - self.levels[None, :, None, None]).abs()


def reader(classes: int) -> Segmenter:
    """A judge that reads classes off the red channel."""
    facts = {"mean": [0.5] * 3, "std": [0.5] * 3, "arguments": {"classes": classes}}
    return Segmenter(Reads(classes), "reader", "digest", facts)


def painted(labels: np.ndarray) -> np.ndarray:
    """The picture in which the reader finds these labels, void as class 0. Shapes: [H W] -> uint8 [H W 3]."""
    red = np.where(labels == 255, 0, labels * 20).astype(np.uint8)
    return np.stack([red, np.zeros_like(red), np.zeros_like(red)], -1)


def trained(folder: Path, method: str = "contrast", seed: int = 0, **changes: Any) -> Path:
    """A model folder with fresh weights."""
    folder.mkdir(parents=True)
    if method == "contrast":
        data, block = "horses", monce_block("contrast", "horses", "monce", **changes)
        made: Any = Contrast(block, World.single(), seed, training=True)
    else:
        data, block = "rooms", monce_block("spade", "rooms", "monce", **({"classes": 3} | changes))
        made = Paired(block, World.single(), seed, training=True)
    write_weights(made.nets, made.memory, folder)
    facts = {"paper": "monce", "method": method, "seed": seed, "data": data, "block": block.model_dump(mode="json")}
    (folder / "model.json").write_text(json.dumps(facts))
    return folder


def left_out(folder: Path, reason: str = "enabled: false in this profile") -> Path:
    """A stage that was not run."""
    folder.mkdir(parents=True)
    (folder / "not_run.json").write_text(json.dumps({"stage": folder.name, "reason": reason}))
    return folder


def store(folder: Path, alike: bool = False) -> dict[str, Path]:
    """Inputs of the unpaired measure: one model that was run."""
    return {
        "data": animals(folder / "horses", alike), "scorer": dark_or_bright(folder / "scorer"),
        "features": fresh_vgg(folder / "vgg"), "model_monce": trained(folder / "monce"),
    }  # fmt: skip
