"""Small blocks, batches and encoders for the tests of ContrasFill, CoModGAN and CollageGAN."""

from __future__ import annotations

import importlib
import json
from pathlib import Path

import torch
from torch import Tensor, nn

from stages.engine.chance import Chance
from stages.engine.loop import Run
from stages.engine.world import World
from stages.runner import params

GROUPS = params.load(Path(__file__).resolve().parents[2])["contrasfill"]
METHODS = ("contrasfill", "comodgan", "collagegan")


def module(method: str):
    return importlib.import_module(f"stages.papers.contrasfill.methods.{method}.method")


def block(method: str, profile: str = "smoke", data: str = "face", variant: str = "full", **changes):
    """The layers merged as the runner does, then changed."""
    keys: dict = {}
    for kind in (None, data, variant, profile):
        for group in ("common", method):
            layers = GROUPS[group]
            if kind is None:
                keys |= layers["base"]
            else:
                parts = (layers.get(part, {}) for part in ("data", "variant", "profile"))
                found = [part[kind] for part in parts if kind in part]
                keys |= found[0] if found else {}
    return module(method).Block.model_validate_json(json.dumps(keys | changes))


class ToyEncoder(nn.Module):
    """A frozen convolution with batch norm behind `encode`: like a known-factor encoder, made in a test."""

    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(
            nn.Conv2d(3, 8, 4, 4), nn.BatchNorm2d(8), nn.LeakyReLU(0.2), nn.AdaptiveAvgPool2d(2), nn.Flatten()
        )
        self.requires_grad_(False).eval()

    def encode(self, images: Tensor) -> Tensor:
        return self.net(images)


def toy_encoder() -> ToyEncoder:
    torch.manual_seed(7)
    return ToyEncoder()


def make(method: str, made_block, world: World | None = None, seed: int = 0, frozen: dict | None = None):
    world = world or World.single()
    if method == "contrasfill":
        frozen = {"known": toy_encoder()} if frozen is None else frozen
        return module(method).ContrasFill(made_block, world, seed, frozen)
    kind = {"comodgan": "CoModGAN", "collagegan": "CollageGAN"}[method]
    return getattr(module(method), kind)(made_block, world, seed)


def batch_of(count: int, side: int = 32, seed: int = 0) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    mask = torch.zeros(count, 1, side, side)
    for row in range(count):
        mask[row, :, side // 4 + row % 3 : side // 2 + row % 5, side // 4 : 3 * side // 4] = 1
    return {"image": torch.rand(count, 3, side, side, generator=generator) * 2 - 1, "mask": mask}


class ToySource:
    """The same few images at every step, split among processes."""

    def __init__(self, size: int, side: int = 32, world: World | None = None):
        self.size, self.side, self.world = size, side, world or World.single()

    def batch(self, step: int) -> dict[str, Tensor]:
        whole = batch_of(self.size, self.side, seed=step)
        return {name: value[self.world.rank :: self.world.size] for name, value in whole.items()}


def running(method: str, made_block, folder: Path, world: World | None = None) -> Run:
    world = world or World.single()
    made = make(method, made_block, world)
    return Run(made, ToySource(made_block.batch, made_block.size_px, world), made_block, 0, world, folder)


def chance(step: int = 0, seed: int = 0) -> Chance:
    return Chance(seed, step, World.single())


def stir(net: nn.Module, seed: int = 3) -> nn.Module:
    """Moves noise strengths and biases from zero, so that what they do can be seen."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in net.named_parameters():
            if name.endswith(("bias", "strength")):
                parameter.add_(0.3 * torch.randn(parameter.shape, generator=generator))
    return net


def count(net: nn.Module) -> int:
    return sum(parameter.numel() for parameter in net.parameters())
