"""Model folders as trainings leave them, by the smoke profile's own blocks, with weights that nobody taught."""

import importlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from stages.data.files import write_json
from stages.engine.weights import write_weights
from stages.engine.world import World
from stages.graph import find
from stages.nets.encoders.load import save_encoder
from stages.nets.encoders.small import DemoClassifier
from stages.retrace.evidence import current
from stages.runner import receipt
from stages.runner.digest import listing
from stages.runner.plan import Plan, modules_of
from tests.house.resolved import stages_in
from tests.papers.monce_made import VIEW, animals

# A stage of each kind of model that can be used, and of one that cannot.
MODELS = {
    "contrasfill": "contrasfill_train_face@0", "comodgan": "contrasfill_baseline_face@comodgan-0",
    "collagegan": "contrasfill_baseline_face@collagegan-0", "batfill": "contrasfill_batfill_face@0",
    "segmenter": "ganseg_segmenter@celeba_wild-main", "contrast": "monce_contrast@horses-monce",
    "cycle": "monce_cycle@horses", "lsesim": "monce_lsesim@horses", "onegan": "onegan_gan@bird_boxes-0",
    "mscond": "mscond_gan@s1_16_on-0", "insgen": "mscond_insgen@0", "projectedgan": "mscond_projectedgan@0",
    "spade": "monce_spade@rooms-patch",
}  # fmt: skip
FILLS, TRANSLATES, SAMPLES = ("contrasfill", "comodgan", "collagegan", "batfill"), ("contrast", "cycle", "lsesim"), (
    "mscond", "insgen", "projectedgan")  # fmt: skip


def put_receipt(folder: Path, name: str) -> None:
    """The receipt that the stage of this name would leave in the smoke profile; inputs are not looked at."""
    (stage,) = find(stages_in("smoke"), [name])
    given = current.arguments(stage)
    plan = Plan(given, modules_of(given.verb, given.choices))
    content = plan.receipt(lambda path: {"path": path.as_posix(), "sha256": "0" * 64, "receipt": None})
    packages: dict[str, Any] = {"others": {}, "altered": []}
    content |= {"device": "cpu", "packages": packages, "outputs": listing(folder)}
    (folder / "receipt.json").write_bytes(receipt.encode(content))


def put_model(folder: Path, kind: str) -> Path:
    """A model of this kind, as its training would leave it but for what it learned."""
    (stage,) = find(stages_in("smoke"), [MODELS[kind]])
    given = current.arguments(stage)
    targets = modules_of(given.verb, given.choices)
    module = importlib.import_module(targets[0])
    block = Plan(given, targets).block(module)
    method = module.for_sampling(block, World.single())
    folder.mkdir(parents=True)
    write_weights(method.nets, method.memory, folder)
    data = {"contrasfill": "face", "ganseg": "celeba_wild", "monce": "horses", "onegan": "bird_boxes",
            "mscond": "city_scenes"}[given.choices["paper"]]  # fmt: skip
    facts = {"paper": given.choices["paper"], "method": given.choices["method"], "seed": 0, "data": data}
    write_json(folder / "model.json", {**facts, "block": block.model_dump(mode="json")})
    put_receipt(folder, MODELS[kind])
    return folder


def put_extractor(folder: Path) -> Path:
    """A scorer that nobody taught."""
    folder.mkdir(parents=True)
    facts = {"architecture": "demo_classifier", "arguments": {"classes": 4, "width": 4}, "classes": 4, "view": VIEW}
    torch.manual_seed(0)
    save_encoder(folder, DemoClassifier(4, 4), facts)
    put_receipt(folder, "teach_scorer")
    return folder


def put_set(folder: Path) -> Path:
    """A prepared set of 32 px with the split testA."""
    animals(folder)
    put_receipt(folder, "prepare_horses")
    return folder


def photo(number: int, width: int = 64, height: int = 48) -> np.ndarray:
    """Noise with a square. Shapes: -> uint8 [H W 3]."""
    image = np.random.default_rng(number).integers(0, 120, (height, width, 3)).astype(np.uint8)
    image[10:30, 12:32] += 100
    return image


def hole(width: int = 64, height: int = 48) -> np.ndarray:
    """The square. Shapes: -> uint8 [H W], 0 or 255."""
    mask = np.zeros((height, width), np.uint8)
    mask[10:30, 12:32] = 255
    return mask


def put_photos(folder: Path, count: int = 3) -> Path:
    """Photos and, beside the folder, their masks."""
    for number in range(count):
        for place, pixels in ((folder, photo(number)), (folder.with_name("masks"), hole())):
            place.mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels).save(place / f"{number}.png")
    return folder


def said(folder: Path) -> dict[str, Any]:
    """What use.json says."""
    return json.loads((folder / "use.json").read_text(encoding="utf-8"))
