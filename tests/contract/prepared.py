"""What the contract tests train on: a few drawn rows, a small encoder, and blocks from the parameters."""

import hashlib
import importlib
from pathlib import Path

import numpy as np
import torch

from stages.data.prepared.packed import Index, Row, write_packed
from stages.nets.encoders.load import save_encoder
from stages.nets.encoders.small import SmallIdentity
from stages.runner import layers, params

PARAMS = params.load(Path(__file__).resolve().parents[2])
SIDE, ROWS = 32, 12


def drawn_rows(side: int):
    """Coloured discs on noise; the disc is the object mask."""
    chance = np.random.default_rng(0)
    y, x = np.mgrid[:side, :side] * SIDE / side
    for number in range(ROWS):
        centre, radius = chance.uniform(10, 22, 2), chance.uniform(4, 9)
        mask = ((x - centre[0]) ** 2 + (y - centre[1]) ** 2 < radius**2).astype(np.uint8)
        image = chance.integers(0, 256, (side, side, 3)).astype(np.uint8)
        image[mask > 0] = chance.integers(0, 256, 3)
        digest = hashlib.sha256(image.tobytes()).hexdigest()
        yield Row(f"{number:03d}.png", image, mask, f"{number:03d}.png", digest)


def make_inputs(folder: Path, side: int = SIDE) -> dict[str, Path]:
    """A packed set with masks and identity labels, and an encoder with fresh weights."""
    data, encoder = folder / "data", folder / "encoder"
    for made in (data, encoder):
        made.mkdir(parents=True)
    splits = ["train"] * (ROWS - 3) + ["val"] + ["test"] * 2
    index = Index(splits, ("test",), {"identity": np.arange(ROWS) // 3}, {"identity": list("abcd")})
    write_packed(data, "face", side, True, drawn_rows(side), lambda keys: index)
    torch.manual_seed(0)
    arguments = {"width": 8, "dimensions": 16, "size_px": side}
    view = {"size_px": side, "crop": [0, 0, 256, 256], "shrink": "pool", "mean": [0.5] * 3, "std": [0.5] * 3}
    facts = {"architecture": "identity_small", "arguments": arguments, "view": view}
    save_encoder(encoder, SmallIdentity(**arguments), facts)
    return {"data": data, "encoder": encoder}


def block_of(module: str, *names: str):
    """The block of a method module from named layers, as the runner makes it."""
    kind = importlib.import_module(module).Block
    return layers.validate(kind, layers.merge(PARAMS, names), names)
