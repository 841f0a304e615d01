"""What an auto-encoder in the generative model's place makes of test photos, and whether that is trivial.

Source: supp §F.1, Fig. 6 (claim C8); spec §6.6; limits ours (gap G21).
"""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from pydantic import Field

from stages.block import Block as Base

if TYPE_CHECKING:
    from stages.data.prepared.packed import Packed
    from stages.papers.ganseg.methods.autoencoder.method import Substitute

Progress = Callable[[int, int, str], None]


class Block(Base):
    """How many photos go through the network at once."""

    profile: Literal["smoke", "demo", "lite", "paper"]
    batch: int = Field(gt=0)


def measure(block: Block, inputs: dict[str, Path], out: Path, device: str, progress: Progress) -> None:
    """Encode the test split of `data` by `model`; write score.json, labels.npy and, where there are points, points.npy.

    Shapes: labels uint8 [n, S, S], 0 = background, in the order of keys; points float32 [n, K, points, 2] as (x, y).
    Raises: ValueError where model and data are of different sets.
    """
    from stages.data.files import read_json, write_json
    from stages.data.prepared.packed import Packed
    from stages.papers.ganseg.detectors import triviality

    facts, data = read_json(inputs["model"] / "model.json"), Packed.open(inputs["data"])
    if facts["data"] != data.card["name"]:
        raise ValueError(f"{inputs['model']} was trained on {facts['data']}, the data are {data.card['name']}")
    method = trained(inputs["model"], facts, device)
    test = np.asarray(data.positions("test"))
    found = encode(method, data, test, block.batch, device, progress)
    truth = None if data.masks is None else np.asarray(data.masks[test])
    finding = triviality(found["mask"], truth)
    np.save(out / "labels.npy", to_labels(found["mask"]))
    if "points" in found:
        np.save(out / "points.npy", found["points"])
    content: dict[str, Any] = {
        "paper": "ganseg", "profile": block.profile, "data": facts["data"], "seed": facts["seed"],
        "kind": method.block.kind, "parts": method.block.parts, "steps": method.block.iterations, "n": len(test),
        "grid": method.block.grid, "fired": list(finding.fired), "values": dict(finding.values),
        "reconstruction": float(found["error"].mean()),
    }  # fmt: skip
    write_json(out / "score.json", content)


def to_labels(mask: np.ndarray) -> np.ndarray:
    """Hard labels of masks whose background is last: 0 = background. Shapes: [N, K + 1, S, S] → uint8 [N, S, S]."""
    return ((mask.argmax(1) + 1) % mask.shape[1]).astype(np.uint8)


def trained(folder: Path, facts: dict[str, Any], device: str) -> "Substitute":
    """The trained auto-encoder. Raises: ValueError for a folder of another method."""
    from stages.engine.weights import load_weights
    from stages.engine.world import World
    from stages.papers.ganseg.methods.autoencoder.block import Block as Trained
    from stages.papers.ganseg.methods.autoencoder.method import for_sampling

    if (facts["paper"], facts["method"]) != ("ganseg", "autoencoder"):
        raise ValueError(f"{folder}: expected a model of ganseg autoencoder, came {facts['paper']} {facts['method']}")
    method = for_sampling(Trained.model_validate(facts["block"], strict=False), World.single(device))
    load_weights(method, folder)
    for net in method.nets.values():
        net.to(device).eval()
    return method


def encode(
    method: "Substitute", data: "Packed", test: np.ndarray, batch: int, device: str, progress: Progress
) -> dict[str, np.ndarray]:
    """Masks (background last), points as (x, y) where the kind has them, and the squared error of every photo.

    Raises: FloatingPointError naming the photo of a batch that is not finite.
    """
    import torch

    from stages.data.image import to_tensor
    from stages.engine.rowchance import RowChance
    from stages.papers.ganseg.grid import flipped

    held: dict[str, list[np.ndarray]] = {}
    for start in range(0, len(test), batch):
        images = to_tensor(np.asarray(data.images[test[start : start + batch]])).to(device)
        made = method.produce({"image": images}, RowChance(0, []))
        if not bool(torch.isfinite(made["image"]).all()):
            raise FloatingPointError(f"the reconstruction of {data.keys[test[start]]} or its batch is not finite")
        held.setdefault("mask", []).append(made["mask"].float().cpu().numpy())
        held.setdefault("error", []).append((made["image"] - images).square().mean((1, 2, 3)).cpu().numpy())
        if "points" in made:
            held.setdefault("points", []).append(flipped(made["points"]).float().cpu().numpy())
        progress(start + len(images), len(test), "photos encoded")
    return {name: np.concatenate(parts) for name, parts in held.items()}
