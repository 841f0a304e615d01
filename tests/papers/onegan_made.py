"""What OneGAN's tests train on: blocks from the parameters, and tiny packs of one disc on a speckled ground."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from benchmarks.trainings import Training
from stages.data.prepared.packed import Extra, Index, Row, write_packed
from stages.engine.weights import write_weights
from stages.engine.world import World
from stages.papers.onegan.methods.gan.block import Block
from stages.papers.onegan.methods.gan.method import OneGAN
from tests.contract.prepared import block_of

SIDE, WIDE = 32, 38
TRAIN, TEST, TILES = 8, 4, 6
CLASSES = 4
GROUPS = ("common", "nets", "gan")
MODULE = "stages.papers.onegan.methods.gan.method"


def layers_of(data: str = "bird_boxes", run: str = "main", profile: str = "smoke") -> tuple[str, ...]:
    """The layers of a training, in the graph's order."""
    last = (f"nets.drawn.{data}.{profile}", f"runs.{profile}.{data}.{run}")
    return Training("", MODULE, GROUPS, data, (f"gan.variant.{run}",), last).layers(profile)


@cache
def keys_of(data: str, run: str, profile: str) -> dict[str, Any]:
    """The keys of a training's block as the runner merges them."""
    return block_of(f"{MODULE.rpartition('.')[0]}.block", *layers_of(data, run, profile)).model_dump()


def gan_block(data: str = "bird_boxes", run: str = "main", profile: str = "smoke", **changes: Any) -> Block:
    """The block of a training, with some keys replaced."""
    return Block.model_validate(keys_of(data, run, profile) | changes, strict=False)


def scene(number: int, side: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Picture, ground and mask: a disc of its class's colour. Shapes: uint8 [S S 3] twice, uint8 0/1 [S S]."""
    draw = np.random.default_rng(number)
    places = (np.arange(side) + 0.5) / side - 0.5
    mask = (places[:, None] ** 2 + places[None] ** 2 < 0.07 + 0.005 * (number % 5)).astype(np.uint8)
    ground = draw.integers(60, 120, (side, side, 3)).astype(np.uint8)
    colour = np.array([[220, 40, 40], [40, 220, 40], [40, 40, 220], [220, 220, 40]][number % CLASSES], np.uint8)
    return np.where(mask[..., None] > 0, colour, ground).astype(np.uint8), ground, mask


def boxes_pack(folder: Path, name: str = "bird_boxes", side: int = SIDE, test: int = TEST) -> Path:
    """A pack as the prepared set has it; the first test photo has no mask."""
    wider = side * WIDE // SIDE
    folder.mkdir(parents=True)
    splits = ["test"] * test + ["train"] * TRAIN
    keys = [f"{split}/{number:02d}.png" for number, split in enumerate(splits)]

    def rows():
        for number, key in enumerate(keys):
            image, ground, mask = scene(number, side)
            wide, known = scene(number, wider)[0], mask if number else None
            held = {"wide": wide, "cover": mask, "background": ground, "exact": mask}
            yield Row(key, image, known, key, "", held)

    labels = np.arange(len(keys)) % CLASSES
    masked = np.ones(len(keys), np.int64)
    masked[0] = 0
    edges = dict(zip(("box_left", "box_top", "box_right", "box_bottom"), (0.2, 0.2, 0.8, 0.8), strict=True))
    measures = {edge: np.full(len(keys), share) for edge, share in edges.items()} | {"scale": np.full(len(keys), 2.0)}
    index = Index(
        splits, ("test",), {"label": labels, "colour": labels, "masked": masked},
        {"label": [f"class {number}" for number in range(CLASSES)]},
        {"classes": [f"class {number}" for number in range(CLASSES)]}, measures,
    )  # fmt: skip
    picture, map_ = Extra((side, side, 3), "|u1"), Extra((side, side), "|u1")
    arrays = {"wide": Extra((wider, wider, 3), "|u1"), "cover": map_, "background": picture, "exact": map_}
    write_packed(folder, name, side, True, rows(), lambda found: index, extras=arrays, blank_masks=True)
    return folder


def tiles_pack(folder: Path, name: str = "bird_boxes", side: int = SIDE) -> Path:
    """A pack of clean ground."""
    folder.mkdir(parents=True)
    keys = [f"train/{number:02d}.png#00" for number in range(TILES)]
    facts = {"count": TILES, "median_side_px": 40.0, "photos_without_tile": 2, "scale": 0.6}
    index = Index(["train"] * TILES, ("train",), {"side_px": np.full(TILES, 40)}, {}, facts)
    rows = (Row(key, scene(100 + number, side)[1], None, key, "") for number, key in enumerate(keys))
    write_packed(folder, f"tiles_{name}", side, False, rows, lambda found: index)
    return folder


def inputs_of(folder: Path, name: str = "bird_boxes", side: int = SIDE, test: int = TEST) -> dict[str, Path]:
    """What a training is given."""
    data, tiles = folder / name, folder / f"tiles_{name}"
    return {"data": boxes_pack(data, name, side, test), "tiles": tiles_pack(tiles, name, side)}


def trained(folder: Path, data: str = "bird_boxes", seed: int = 0, **changes: Any) -> Path:
    """A model folder with fresh weights."""
    folder.mkdir(parents=True)
    block = gan_block(data, **changes)
    method = OneGAN(block, World.single(), seed)
    write_weights(method.nets, method.memory, folder)
    facts = {"paper": "onegan", "method": "gan", "seed": seed, "data": data, "block": block.model_dump(mode="json")}
    (folder / "model.json").write_text(json.dumps(facts))
    return folder


def drawn_batch(block: Block, seed: int = 0) -> dict[str, Tensor]:
    """A batch of noise as the source gives it."""
    draw = torch.Generator().manual_seed(seed)
    shape = (block.batch, 3, block.size_px, block.size_px)
    images = {name: torch.rand(shape, generator=draw) * 2 - 1 for name in ("image", "background_image")}
    return images | {"box": torch.tensor([[0.2, 0.2, 0.8, 0.8]]).expand(block.batch, 4)}
