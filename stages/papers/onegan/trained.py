"""A trained OneGAN as samplers and measures open it."""

from pathlib import Path
from typing import Any, NamedTuple

from torch import nn

from stages.data.files import read_json
from stages.data.prepared.packed import Packed
from stages.engine.weights import opened
from stages.engine.world import World
from stages.papers.onegan.judges import Judges
from stages.papers.onegan.methods.gan import method
from stages.papers.onegan.methods.gan.block import Block
from stages.papers.onegan.methods.gan.paths import Model


class Trained(NamedTuple):
    """The averaged networks with the keys and model.json they were trained with, and the judges."""

    model: Model
    block: Block
    facts: dict[str, Any]
    judges: Judges


def open_trained(folder: Path, data: Packed, device: str) -> Trained:
    """The trained model of a folder, on the device, in evaluation mode, for pictures of this set.

    Raises: ValueError where it is no OneGAN, or was trained on another set or at another size.
    """
    facts = read_json(folder / "model.json")
    if (facts["paper"], facts["method"]) != ("onegan", "gan"):
        raise ValueError(f"{folder}: expected a model of onegan gan, came {facts['paper']} {facts['method']}")
    if facts["data"] != data.card["name"]:
        raise ValueError(f"{folder} was trained on {facts['data']}, the data are {data.card['name']}")
    block = Block.model_validate(facts["block"], strict=False)
    if block.size_px != data.card["size_px"]:
        raise ValueError(f"{folder} was trained at {block.size_px} px, the data have {data.card['size_px']} px")
    held = opened(method, facts["block"], folder, World.single(device))
    nets: dict[str, nn.Module] = held.nets
    for net in nets.values():
        net.requires_grad_(False)
    return Trained(held.model, block, facts, held.judges)
