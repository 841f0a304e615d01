"""How large the networks of a training are, and how much a pass through them computes, counted from their modules."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from stages.engine.chance import Chance
from stages.engine.world import World
from stages.nets.stylegan import resample
from stages.nets.stylegan.equal import EqualConv, EqualLinear
from stages.nets.stylegan.modconv import ModulatedConv

ROWS = 2  # pictures in a counted pass; batch norm wants more than one
WEIGHED = (nn.Conv2d, nn.Linear, EqualConv, EqualLinear, ModulatedConv)


def multiply_adds(call: Callable[[], object], nets: Iterable[nn.Module]) -> int:
    """The products that convolutions and linear layers of these networks sum while `call` runs.

    A layer has (numbers that it makes) x (weights of one of them); one that doubles the side takes each number of its
    input to four places, a quarter of that. Resampling filters, norms, rectifiers and sums are not counted.
    """
    total = 0

    def count(module: nn.Module, given: object, made: Tensor) -> None:
        nonlocal total
        if isinstance(module, WEIGHED):
            share = 4 if isinstance(module, ModulatedConv) and module.convolve is resample.conv_up else 1
            total += made.numel() * module.weight[0].numel() // share

    hooks = [part.register_forward_hook(count) for net in nets for part in net.modules()]
    try:
        call()
    finally:
        for hook in hooks:
            hook.remove()
    return total


def parameters(nets: Mapping[str, nn.Module], *names: str) -> int:
    """All parameters of the nets with these names, of those that are there."""
    return sum(one.numel() for name in names if name in nets for one in nets[name].parameters())


@torch.no_grad()
def cost_of(facts: Mapping[str, Any], projector: Path, world: World) -> dict[str, int]:
    """Parameters of a training's networks, and multiply-adds a picture, by its model.json; no heads that only watch.

    judging: logits of one picture; contrasting: query and key of one picture, where there is the task.
    """
    folder = f"stages.papers.mscond.methods.{facts['method']}"
    block = importlib.import_module(f"{folder}.block").Block.model_validate(facts["block"], strict=False)
    method = METHODS[facts["method"]](block, projector, world)
    nets = [*method.nets.values(), *method.frozen.values()]
    image = torch.zeros(ROWS, 3, block.size_px, block.size_px)
    calls = {
        "multiply_adds_generator": lambda: method.produce({"image": image}, Chance(0, 0, world)),
        "multiply_adds_judging": lambda: JUDGED[facts["method"]](method, image),
        "multiply_adds_contrasting": lambda: CONTRASTED[facts["method"]](method, image),
    }
    return {
        "parameters_generator": parameters(method.nets, "generator"),
        "parameters_discriminator": parameters(method.nets, "discriminator"),
        "parameters_heads": parameters(method.nets, "branches", "heads"),
        "parameters_frozen": parameters(method.frozen, *method.frozen),
        **{name: multiply_adds(call, nets) // ROWS for name, call in calls.items()},
    }


def gan(block: Any, projector: Path, world: World) -> Any:
    """StyleGAN2, MultiscaleD or MsConD."""
    from stages.papers.mscond.methods.gan.method import GAN

    return GAN(block, world, 0)


def insgen(block: Any, projector: Path, world: World) -> Any:
    """InsGen."""
    from stages.papers.mscond.methods.insgen.method import InsGen

    return InsGen(block, world, 0)


def projectedgan(block: Any, projector: Path, world: World) -> Any:
    """ProjectedGAN, with its frozen network."""
    from stages.nets.encoders.load import load_encoder
    from stages.papers.mscond.methods.projectedgan.method import ProjectedGAN

    return ProjectedGAN(block, world, 0, load_encoder(projector))


def contrast_gan(method: Any, image: Tensor) -> None:
    """Projections of the networks and of their slow copies."""
    if method.block.contrastive:
        for slow in (False, True):
            method.project(image, slow)


def contrast_insgen(method: Any, image: Tensor) -> None:
    """The head's projection and the slow head's."""
    method.nets["heads"](method.look(image)[1], "real")
    method.key(image, "real")


def judge_projectedgan(method: Any, image: Tensor) -> None:
    """Logits behind the frozen network."""
    method.nets["discriminator"](method.frozen["mixing"](method.frozen["features"].feature_maps(image)))


METHODS: Mapping[str, Callable[[Any, Path, World], Any]] = {"gan": gan, "insgen": insgen, "projectedgan": projectedgan}
JUDGED: Mapping[str, Callable[[Any, Tensor], object]] = {
    "gan": lambda method, image: method.judge(image),
    "insgen": lambda method, image: method.look(image),
    "projectedgan": judge_projectedgan,
}
CONTRASTED: Mapping[str, Callable[[Any, Tensor], object]] = {
    "gan": contrast_gan,
    "insgen": contrast_insgen,
    "projectedgan": lambda method, image: None,
}
