"""What a latent-space study is given, and trained models as it opens them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from pydantic import Field
from torch import Tensor, nn

from stages.block import Block as Base
from stages.data.files import read_json, write_json
from stages.data.image import mask_to_tensor, to_tensor
from stages.data.prepared.packed import Packed
from stages.engine.rowchance import RowChance
from stages.engine.session import Session
from stages.engine.shards import Shards
from stages.engine.state import Interrupted
from stages.engine.weights import load_weights
from stages.engine.world import World
from stages.papers.contrasfill.sampled import positions_to_holes


@dataclass(frozen=True)
class Study:
    """One execution: the merged block, inputs, the method that is studied, seed, and where it runs."""

    paper: str
    method: str
    seed: int
    block: Any
    inputs: dict[str, Path]
    session: Session

    def advance(self, done: int, total: int, text: str) -> None:
        """Tells how far a part of the study is. Raises: Interrupted where a stop was asked for."""
        if self.session.stop():
            raise Interrupted(f"stopped in {text}, {done} of {total}; what is finished of it is kept")
        self.session.progress(done, total, text)

    def kept(self, name: str) -> Shards:
        """Where a part of the study keeps what is finished of it; a name for each part."""
        return Shards(self.session.resume / name)


class StudyBlock(Base):
    """Which images a study of §4.1 looks at, how many results it keeps of each, and of how many draws at most."""

    profile: Literal["smoke", "demo", "lite", "paper"]
    hole: Literal["object", "box"]
    split: str
    images: int = Field(gt=0)
    samples: int = Field(gt=1)
    draws: int = Field(gt=0)
    batch: int = Field(gt=0)
    companions: int = Field(ge=0)
    bound_drop: float = Field(gt=0)


@dataclass(frozen=True)
class Trained:
    """A model folder, opened for use: the method with its weights and what model.json says."""

    method: Any
    facts: dict[str, Any]


def note_model(study: Study) -> None:
    """Writes model.json, as training does."""
    data = read_json(study.inputs["data"] / "card.json")["name"] if "data" in study.inputs else None
    facts = {"paper": study.paper, "method": study.method, "seed": study.seed, "data": data}
    write_json(study.session.out / "model.json", {**facts, "block": study.block.model_dump(mode="json")})


def open_model(folder: Path, paper: str, method: str, seed: int, world: World) -> Trained:
    """The method of a model folder, in evaluation mode.

    Raises: ValueError where the model was trained by another method or seed than the command says.
    """
    facts = read_json(folder / "model.json")
    for name, wanted in (("paper", paper), ("method", method), ("seed", seed)):
        if facts[name] != wanted:
            raise ValueError(f"{folder}: expected a model with {name} {wanted}, it has {facts[name]}")
    module = import_module(f"stages.papers.{paper}.methods.{method}.method")
    made = module.for_sampling(module.Block.model_validate(facts["block"], strict=False), world)
    load_weights(made, folder)
    for net in made.nets.values():
        net.to(world.device).eval().requires_grad_(False)
    for name, tensor in made.memory.items():
        made.memory[name] = tensor.to(world.device)
    return Trained(made, facts)


def check_fits(trained: Trained, data: Packed, hole: str, folder: Path) -> None:
    """Raises: ValueError where a model was trained on other data or for other holes than the study takes."""
    if trained.facts["data"] != data.card["name"]:
        raise ValueError(f"{folder} was trained on {trained.facts['data']}, the data are {data.card['name']}")
    if trained.facts["block"]["hole"] != hole:
        raise ValueError(f"{folder} was trained for {trained.facts['block']['hole']} holes, not {hole}")


def contexts(data: Packed, positions: np.ndarray, hole: str, world: World) -> dict[str, Tensor]:
    """Images and holes as a method's batch. Shapes: int64 [B] → image [B 3 R R], mask [B 1 R R], position [B]."""
    return {
        "image": to_tensor(data.images[positions]).to(world.device),
        "mask": mask_to_tensor(positions_to_holes(data, positions, hole)).to(world.device),
        "position": torch.from_numpy(np.asarray(positions)).to(world.device),
    }


def mapping_of(method: Any) -> nn.Module:
    """The mapping network of a method with one code. Raises: ValueError for a method with several."""
    mapping = method.nets["generator"].mapping
    if not isinstance(mapping, nn.ModuleList):
        return mapping
    if len(mapping) != 1:
        raise ValueError(f"a direction is looked for in one latent space; this method has {len(mapping)}")
    return mapping[0]


@contextmanager
def steered(method: Any, codes: Tensor | None = None) -> Iterator[list[Tensor]]:
    """Within this the method's mapped codes are noted, and replaced by `codes` where these are given.

    Everything else of `produce` (dropout, noise, truncation, compositing) stays as the method has it.
    Shapes: codes [B latent].
    """
    noted: list[Tensor] = []

    def hook(module: nn.Module, arguments: tuple, output: Tensor) -> Tensor:
        noted.append(output if codes is None else codes)
        return noted[-1]

    handle = mapping_of(method).register_forward_hook(hook)
    try:
        yield noted
    finally:
        handle.remove()


def produced(method: Any, batch: dict[str, Tensor], names: list[str], seed: int) -> dict[str, Tensor]:
    """The method's results, each depending on the seed and its name alone.

    Raises: FloatingPointError naming the batch's first row where a result is not finite.
    """
    made = method.produce(batch, RowChance(seed, names))
    if not bool(torch.isfinite(made["image"]).all()):
        raise FloatingPointError(f"a result of {names[0]} or the {len(names) - 1} beside it is not finite")
    return made
