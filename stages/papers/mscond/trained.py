"""A trained generator of any of the methods, as samplers and measures open it."""

from pathlib import Path
from typing import Any, NamedTuple

import torch
from safetensors.torch import load_file
from torch import Tensor

from stages.data.files import read_json
from stages.engine.chance import Chance
from stages.engine.weights import FILE
from stages.nets.stylegan.codes import pulled
from stages.nets.stylegan.generator import Generator
from stages.papers.mscond.common import CommonBlock
from stages.papers.mscond.pair import generator_of

NET, MEAN = "generator.", "memory.latent_average"


class Trained(NamedTuple):
    """The averaged generator, the mean of its mapped codes [style], and the keys and model.json of its training."""

    generator: Generator
    mean_style: Tensor
    block: CommonBlock
    facts: dict[str, Any]


def open_trained(folder: Path, device: str | torch.device) -> Trained:
    """The generator of a model folder of StyleGAN2, MultiscaleD, MsConD, InsGen or ProjectedGAN, in evaluation mode.

    Raises: FileNotFoundError without the weights; ValueError for a model of another paper or other tensors.
    """
    facts = read_json(folder / "model.json")
    if facts["paper"] != "mscond":
        raise ValueError(f"{folder}: expected a model of mscond, came one of {facts['paper']} {facts['method']}")
    block = CommonBlock.model_validate({key: facts["block"][key] for key in CommonBlock.model_fields}, strict=False)
    if not (folder / FILE).is_file():
        raise FileNotFoundError(f"{folder / FILE} is missing; a model folder holds {FILE}, curve.csv and model.json")
    held = load_file(folder / FILE)
    generator = generator_of(block, 0)
    own = {name.removeprefix(NET): tensor for name, tensor in held.items() if name.startswith(NET)}
    shapes = {name: tuple(tensor.shape) for name, tensor in generator.state_dict().items()}
    found = {name: tuple(tensor.shape) for name, tensor in own.items()}
    wrong = sorted(name for name in {*shapes, *found} if shapes.get(name) != found.get(name))
    if wrong or MEAN not in held:
        name = NET + wrong[0] if wrong else MEAN
        raise ValueError(
            f"{folder / FILE}: expected {name} of shape {shapes.get(wrong[0]) if wrong else (block.style,)}, came"
            f" {found.get(wrong[0]) if wrong else None}; train the model again with its present block"
        )
    generator.load_state_dict(own)
    generator.to(device).eval().requires_grad_(False)
    return Trained(generator, held[MEAN].to(device), block, facts)


def latents(chance: Chance, count: int, width: int) -> Tensor:
    """Normal codes, on the CPU: [count width]."""
    return chance.normal("latent", count, width)


@torch.no_grad()
def make(trained: Trained, normal: Tensor, psi: float, noise: Chance | None) -> Tensor:
    """Images of normal codes, truncated: w = mean + psi (w - mean) at all layers.

    With `noise` a row of noise is drawn for each image, without it all have the network's own planes; a generator that
    was trained without noise has none.

    Source: StyleGAN2 (code); psi ours (gap G14).
    Shapes: normal [n latent] -> float32 [n 3 S S] in [-1, 1], on the generator's device.
    """
    generator = trained.generator
    mapped = pulled(generator.mapping(normal.to(trained.mean_style)), trained.mean_style, psi)
    flat = None if trained.block.noise == "none" else generator.planes
    if noise is not None and flat is not None:
        flat = noise.normal("noise", len(normal), generator.noise.size).to(flat)
    return generator(generator.spread(mapped), flat).float().clamp(-1, 1)
