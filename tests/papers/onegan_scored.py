"""A made-up store for OneGAN's measures: discs on flat grounds, a fresh scorer and model, stand-ins for both."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from stages.data.prepared.packed import Extra, Index, Packed, Row, write_packed
from stages.nets.encoders.load import save_encoder
from stages.nets.encoders.small import DemoClassifier
from stages.papers.onegan.quality_keys import QualityBlock
from stages.papers.onegan.scores import Scores
from tests.papers.onegan_made import CLASSES, SIDE, tiles_pack, trained

TRAIN, TEST = 16, 8
VIEW = {"size_px": SIDE, "crop": [0, 0, 256, 256], "shrink": "pool", "mean": [0.5] * 3, "std": [0.5] * 3}
COLOURS = np.array([[220, 40, 40], [40, 220, 40], [40, 40, 220], [220, 220, 40]])
QUALITY: dict[str, Any] = {
    "profile": "demo", "batch": 5, "seed": 0, "images_per_child": 2, "images_per_reference": 1, "splits": 2,
    "references": 4, "poses": 2, "probe_penalty": 1.0, "probe_iterations": 200, "permutations": 3, "restarts": 1,
    "swap_sources": 3, "swap_targets": 2, "lowest": 2,
}  # fmt: skip


def quality_block(**changes: Any) -> QualityBlock:
    """Keys of the measure, with some replaced."""
    return QualityBlock(**(QUALITY | changes))


def scene(number: int) -> tuple[np.ndarray, np.ndarray]:
    """A disc of its class's colour off the middle of a dark ground, and where it is. Shapes: uint8 [S S 3], [S S]."""
    places = np.arange(SIDE) + 0.5
    middle = SIDE / 2 + number % 3 - 1
    mask = ((places[:, None] - middle) ** 2 + (places[None] - middle) ** 2 < (7 + number % 4) ** 2).astype(np.uint8)
    draw = np.random.default_rng(number)
    image = np.where(mask[..., None] > 0, COLOURS[number % CLASSES], 60) + draw.integers(-8, 9, (SIDE, SIDE, 3))
    return image.astype(np.uint8), mask


def pack(folder: Path, name: str = "bird_boxes", detected: bool = False, drawn: bool = True, **columns: Any) -> Packed:
    """Test photos first; the first of them has no mask. `detected`: masks are the exact ones moved by two pixels."""
    folder.mkdir(parents=True)
    splits = ["test"] * TEST + ["train"] * TRAIN
    keys = [f"{split}/{number:02d}.png" for number, split in enumerate(splits)]

    def rows():
        for number, key in enumerate(keys):
            image, exact = scene(number)
            given = np.roll(exact, 2, 1) if detected else exact
            yield Row(key, image, given if number else None, key, "", {"exact": exact} if drawn else {})

    numbers = np.arange(len(keys))
    held = {"label": numbers % CLASSES, "colour": numbers % CLASSES % 2, "masked": (numbers > 0).astype(np.int64)}
    facts = {"classes": [f"class {number}" for number in range(CLASSES)], "drawn": drawn, "crop_factor": 1.6}
    index = Index(splits, ("test",), held | columns, {}, facts)
    extras = {"exact": Extra((SIDE, SIDE), "|u1")} if drawn else {}
    write_packed(folder, name, SIDE, True, rows(), lambda found: index, extras=extras, blank_masks=True)
    return Packed.open(folder)


def fresh_scorer(folder: Path) -> Path:
    """An untaught classifier, whose features tell colours apart all the same."""
    folder.mkdir(parents=True)
    torch.manual_seed(0)
    facts = {"architecture": "demo_classifier", "arguments": {"width": 4, "classes": CLASSES}, "view": VIEW}
    save_encoder(folder, DemoClassifier(4, CLASSES), facts | {"taught_on": [], "classes": CLASSES})
    return folder


def store(folder: Path, **changes: Any) -> dict[str, Path]:
    """Inputs of the measure; `changes` of the pack."""
    pack(folder / "data", **changes)
    return {
        "data": folder / "data", "tiles": tiles_pack(folder / "tiles"), "scorer": fresh_scorer(folder / "scorer"),
        "model": trained(folder / "model"),
    }  # fmt: skip


def scores() -> Scores:
    """Empty ones."""
    return Scores("bird_boxes", 0)


def numbers(found: Scores, method: str = "onegan") -> dict[str, float]:
    """Values by measure."""
    return {row["metric"]: row["value"] for row in found.rows.values if row["method"] == method}


def said(found: Scores, metric: str, method: str = "onegan") -> dict[str, Any]:
    """The row of a measure."""
    return next(row for row in found.rows.values if (row["method"], row["metric"]) == (method, metric))


def layers(image: Tensor, mask: Tensor | None = None) -> SimpleNamespace:
    """What a path makes, of a picture and a mask."""
    return SimpleNamespace(image=image, background=image, foreground=image, mask=image[:, :1] if mask is None else mask)
