"""Blocks of MoNCE's methods, drawn packs at smoke size, and frozen networks with fresh weights."""

import importlib
import math
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.trainings import Training
from stages.nets.encoders.load import build, save_encoder
from tests.contract.prepared import block_of

RAW = {
    "horses": "horse2zebra", "seasons": "summer2winter", "street": "cityscapes", "rooms": "ade20k",
    "face_parts": "celebamask_hq", "people": "deepfashion",
}  # fmt: skip
GROUPS = {
    "contrast": ("common", "unpaired", "weighting", "contrast"),
    "cycle": ("common", "unpaired", "cycle"),
    "lsesim": ("common", "unpaired", "lsesim"),
    "spade": ("common", "weighting", "spade"),
}


def layers_of(method: str, data: str, run: str, profile: str) -> tuple[str, ...]:
    """The layers of a training, in the graph's order."""
    between = {
        "contrast": (f"weighting.variant.{run}",),
        "cycle": (),
        "lsesim": (f"lsesim.variant.{run}",),
        "spade": ("weighting.variant.paired", f"weighting.variant.{run}", f"spade.variant.{run}"),
    }[method]
    drawn = (f"spade.drawn.{data}.{profile}",) if method == "spade" else ()
    module, last = f"stages.papers.monce.methods.{method}.method", (*drawn, f"runs.{profile}.{data}.{run}")
    return Training("", module, GROUPS[method], data, between, last).layers(profile)


def monce_block(method: str, data: str, run: str, profile: str = "smoke", **changes: Any) -> Any:
    """The block of a training as the runner makes it, with some keys replaced."""
    block = block_of(f"stages.papers.monce.methods.{method}.block", *layers_of(method, data, run, profile))
    return type(block).model_validate(block.model_dump() | changes, strict=False)


def drawn_pack(data: str, folder: Path, profile: str = "smoke", **changes: Any) -> Path:
    """A set drawn and prepared at a profile's size by its own modules; `changes` are of the prepared set's keys."""
    raw, out = folder / RAW[data], folder / data
    scene, prepared = f"stages.draw.scenes.{RAW[data]}", f"stages.data.sets.{data}"
    for made in (raw, out):
        made.mkdir(parents=True)
    names = [f"raw.{RAW[data]}.base", f"raw.{RAW[data]}.profile.{profile}"]
    names += [f"supply.{RAW[data]}.base", f"supply.{RAW[data]}.profile.{profile}"]
    importlib.import_module(scene).draw(block_of(scene, *names), raw, lambda *words: None)
    own = block_of(prepared, f"{data}.base", f"{data}.profile.{profile}")
    own = type(own).model_validate(own.model_dump() | changes, strict=False)
    importlib.import_module(prepared).prepare(own, {"raw": raw}, out)
    return out


def fresh_vgg(folder: Path, architecture: str = "vgg_small") -> Path:
    """An encoder folder with a VGG that nothing was taught, by default the demo's small one."""
    folder.mkdir(parents=True)
    torch.manual_seed(0)
    arguments = {"classes": 3 if architecture == "vgg_small" else None}
    view = {"size_px": 32, "crop": [0, 0, 256, 256], "shrink": "pool", "mean": [0.5] * 3, "std": [0.5] * 3}
    facts = {"architecture": architecture, "arguments": arguments, "view": view}
    save_encoder(folder, build(architecture, arguments), facts)
    return folder


def plain_loss(query: np.ndarray, key: np.ndarray, block) -> float:
    """One picture and layer: the formulas of the paper as loops over anchors, in float64. Shapes: [N D] twice."""
    unit = [side / np.linalg.norm(side, axis=1, keepdims=True) for side in (query, key)]
    similar = unit[0] @ unit[1].T
    count = len(similar)
    sign = 1 if block.favour == "hard" else -1
    kernel = np.exp(sign * similar / block.beta)
    np.fill_diagonal(kernel, 0)
    if block.weighting == "uniform":
        weights = np.full((count, count), 1 / (count - 1))
    elif block.weighting == "weight":
        weights = kernel / kernel.sum(1, keepdims=True)
    else:
        v = np.ones(count)
        for _ in range(block.transport_iterations):
            u = 1 / (kernel @ v)
            v = 1 / (kernel.T @ u)
        weights = u[:, None] * kernel * v
    losses = []
    for i in range(count):
        own = math.exp(similar[i, i] / block.temperature)
        others = sum(weights[i, j] * math.exp(similar[i, j] / block.temperature) for j in range(count) if j != i)
        losses.append(-math.log(own / (own + block.negative_weight * (count - 1) * others)))
    return float(np.mean(losses))
