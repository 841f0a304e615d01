"""A made-up store for MsConD's measures: grey scenes with cars and people, a fresh scorer, blobs, a model."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from stages.data.image import to_tensor
from stages.data.prepared.packed import Index, Packed, Row, write_packed
from stages.engine.session import Session
from stages.engine.world import World
from stages.nets.encoders.load import save_encoder
from stages.nets.encoders.small import DemoClassifier
from stages.nets.stylegan.generator import Generator
from stages.papers.mscond import quality, reference
from stages.papers.mscond.trained import Trained
from stages.teachers import scenes_detector

SIDE, TRAIN, HELD = 16, 40, 4
RED, VIOLET = (220, 30, 20), (150, 40, 210)
BANDS = {"car": ((340.0, 16.0),), "person": ((255.0, 305.0),)}
VIEW = {"size_px": SIDE, "crop": [0, 0, 256, 256], "shrink": "pool", "mean": [0.5] * 3, "std": [0.5] * 3}
DETECTED: dict[str, Any] = {
    "profile": "demo", "categories": ("car", "person"), "threshold": 0.7, "minimum_side_px": 2.0,
    "objects_per_image": 2, "detector_batch": 7,
}  # fmt: skip
MEASURED: dict[str, Any] = DETECTED | {"batch": 8, "objects_count": 12, "crop_px": 16, "seed": 0}


def scene(number: int) -> np.ndarray:
    """Grey noise with one car, or two in every third, and a person in every fourth; no two cars have one paint.

    Shapes: uint8 [S S 3].
    """
    draw = np.random.default_rng(number)
    image = np.repeat(draw.integers(90, 130, (SIDE, SIDE, 1)), 3, 2).astype(np.uint8)
    for place in range(1 + (number % 3 == 0)):
        left, wide = draw.integers(0, 9), draw.integers(4, 7)
        for upper in (8 * place + 1, 8 * place + 3):
            image[upper : upper + 2, left : left + wide] = np.array(RED) * draw.uniform(0.5, 1.0)
    if number % 4 == 0:
        image[6:9, 13:16] = VIOLET
    return image


def cars_in(numbers: Any) -> int:
    """How many cars are painted into scenes."""
    return sum(1 + (number % 3 == 0) for number in numbers)


def pack(folder: Path, name: str = "city_scenes", scenes: int = TRAIN) -> Packed:
    """Held-out scenes first; scene 100 + i is held out, scene i the i-th of train."""
    folder.mkdir(parents=True)
    splits = ["held_out"] * HELD + ["train"] * scenes
    images = [scene(100 + number) for number in range(HELD)] + [scene(number) for number in range(scenes)]
    rows = (Row(f"{number:03d}.png", image, None, f"{number:03d}.png", "") for number, image in enumerate(images))
    index = Index(splits, ("train",), facts={"crop": "center", "filter": "lanczos", "held_out": HELD})
    write_packed(folder, name, SIDE, False, rows, lambda keys: index)
    return Packed.open(folder)


def scorer(folder: Path, seed: int = 0) -> Path:
    """An untaught classifier."""
    folder.mkdir(parents=True)
    torch.manual_seed(seed)
    facts = {"architecture": "demo_classifier", "arguments": {"width": 4, "classes": 3}, "view": VIEW}
    save_encoder(folder, DemoClassifier(4, 3), facts | {"taught_on": [], "classes": 3})
    return folder


def detector(folder: Path, bands: dict[str, Any] = BANDS) -> Path:
    """Blobs of these hues."""
    folder.mkdir(parents=True)
    told = {"source": "blob", "file": "", "sha256": "", "saturation": 0.6, "value": 0.25, "area_px": 8}
    session = Session(World.single(), folder, folder, lambda: False, print)
    scenes_detector.teach(scenes_detector.Block.model_validate(told | {"bands": bands}), {}, session)
    return folder


def left_out(folder: Path) -> Path:
    """A stage that this profile does not run."""
    folder.mkdir(parents=True)
    (folder / "not_run.json").write_text(json.dumps({"stage": "any", "reason": "enabled: false in this profile"}))
    return folder


def model(data: str = "city_scenes") -> Trained:
    """Makes scene 1000 + n of latents that hold n; see `made`."""
    facts: dict[str, Any] = {"paper": "mscond", "method": "gan", "data": data, "seed": 0}
    facts["block"] = {"size_px": SIDE, "scales": "1-16", "contrastive": True}
    return Trained(SimpleNamespace(inputs=2), torch.zeros(2), SimpleNamespace(), facts)  # pyright: ignore[reportArgumentType]


def fresh_model(noise: str) -> Trained:
    """An untaught generator of 8 px that takes 5 numbers, whose noise shows where it has any."""
    torch.manual_seed(0)
    generator = Generator(8, 64, 8, 6, mapping_layers=2, mapping_rate=0.01, inputs=5)
    for name, parameter in generator.named_parameters():
        if name.endswith(".strength"):
            parameter.data.fill_(0.0 if noise == "none" else 0.5)
    block = SimpleNamespace(noise=noise)
    return Trained(generator.eval(), torch.zeros(6), block, {})  # pyright: ignore[reportArgumentType]


def numbered(chance: Any, count: int, width: int) -> Tensor:
    """Latents that hold their own numbers."""
    assert (count, width) == (len(chance.rows), 2)
    return torch.tensor([[float(row.removeprefix("latent/")), 0.0] for row in chance.rows])


def made(trained: Trained, latents: Tensor, psi: float, noise_chance: Any) -> Tensor:
    """Scenes 1000 + n."""
    return to_tensor(np.stack([scene(1000 + int(latent)) for latent in latents[:, 0]]))


def reference_block(**changes: Any) -> reference.Block:
    """Keys of the reference, with some replaced."""
    return reference.Block.model_validate(MEASURED | {"objects_images": 1000} | changes)


def quality_block(**changes: Any) -> quality.Block:
    """Keys of the measure, with some replaced."""
    return quality.Block.model_validate(MEASURED | {"run": "s1_16_on", "fakes": 21} | changes)


def store(folder: Path, scenes: int = TRAIN) -> dict[str, Path]:
    """Inputs of the reference."""
    pack(folder / "data", scenes=scenes)
    return {
        "data": folder / "data", "scorer": scorer(folder / "scorer"), "detector": detector(folder / "detector"),
    }  # fmt: skip


def row_of(score: dict[str, Any], method: str, metric: str) -> dict[str, Any]:
    """The one row of a metric. Raises: ValueError where there is none, or more."""
    (row,) = [row for row in score["values"] if (row["method"], row["metric"]) == (method, metric)]
    return row
