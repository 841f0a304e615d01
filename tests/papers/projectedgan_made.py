"""ProjectedGAN's layers and a projector with fresh weights, for tests."""

from pathlib import Path

import torch

from stages.nets.encoders.load import build, save_encoder

MODULE = "stages.papers.mscond.methods.projectedgan.method"


def layers_of(profile: str, data: str = "city_scenes") -> tuple[str, ...]:
    """The layers of a training, in the graph's order."""
    parts = ("common", "projectedgan")
    profiles = [f"mscond.{part}.profile.{profile}" for part in parts]
    return (*(f"mscond.{part}.base" for part in parts), *profiles, f"mscond.runs.{profile}.{data}.projectedgan")


def projector(folder: Path, architecture: str = "demo_classifier", view: int = 32) -> Path:
    """A frozen network with fresh weights."""
    folder.mkdir(parents=True)
    arguments = {"width": 2, "classes": 3} if architecture == "demo_classifier" else {"classes": 3}
    looks = {"size_px": view, "crop": [0, 0, 256, 256], "shrink": "bilinear", "mean": [0.5] * 3, "std": [0.5] * 3}
    with torch.random.fork_rng():
        torch.manual_seed(1)
        net = build(architecture, arguments)
    save_encoder(folder, net, {"architecture": architecture, "arguments": arguments, "view": looks})
    return folder
