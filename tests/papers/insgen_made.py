"""What InsGen's tests train: tiny blocks and a tiny pack of coloured noise."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from stages.data.prepared.packed import Index, Row, write_packed
from stages.papers.mscond.methods.insgen.block import Block

SIDE, PHOTOS = 16, 12
MODULE = "stages.papers.mscond.methods.insgen.method"
KEYS: dict[str, Any] = {
    "profile": "smoke", "enabled": True, "size_px": SIDE, "channel_base": 64, "channel_limit": 6, "latent": 5,
    "style": 7, "mapping_layers": 2, "mapping_rate": 0.01, "noise": "random", "batch": 4, "flip": False,
    "learning_rate": 0.004, "betas": (0.0, 0.99), "epsilon": 1e-08, "style_mixing": 0.9, "latent_average_keep": 0.9,
    "iterations": 6, "ema_half_life_images": 20.0, "ema_ramp": 0.0, "precision": "fp32", "channels_last": False,
    "compile": "none",
    "tick_every": 1, "keep_every": 100, "deviation_group": 2, "penalty_gamma": 1.0, "penalty_every": 4,
    "path_weight": 2.0, "path_decay": 0.01, "path_every": 2, "path_shrink": 2, "head_hidden": 5, "embedding": 3,
    "queue": 6, "momentum": 0.9, "temperature": 0.2, "perturbation": 0.15, "weight_contrast": 1.0,
    "weight_contrast_generator": 0.1, "contrast_every": 1, "ada_target": 0.6, "ada_speed_images": 40, "ada_every": 2,
    "ada_shift": 0.125, "ada_scale": 0.2, "ada_brightness": 0.2, "ada_contrast": 0.5, "ada_saturation": 1.0,
}  # fmt: skip


def made_block(**changes: Any) -> Block:
    return Block.model_validate(KEYS | changes, strict=False)


def photo(number: int) -> np.ndarray:
    """uint8 [S S 3]: coarse noise."""
    coarse = np.random.default_rng(number).integers(0, 256, (4, 4, 3)).astype(np.uint8)
    return np.kron(coarse, np.ones((SIDE // 4, SIDE // 4, 1), np.uint8))


def photos(rows: int = 4, first: int = 0) -> Tensor:
    """Float [rows 3 S S] in [-1, 1]."""
    stack = np.stack([photo(first + row) for row in range(rows)])
    return torch.from_numpy(stack).permute(0, 3, 1, 2).float() / 127.5 - 1


def pack(folder: Path) -> Path:
    """A prepared set with a training split alone."""
    folder.mkdir(parents=True)
    rows = (Row(f"{number:02d}", photo(number), None, f"{number:02d}", "", {}) for number in range(PHOTOS))
    index = Index(["train"] * PHOTOS, ("train",), {}, {}, {}, {})
    write_packed(folder, "city_scenes", SIDE, False, rows, lambda found: index)
    return folder
