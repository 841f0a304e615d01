"""A classifier of everything drawn, or published weights: the network that measures, or one whose maps a loss reads."""

from pathlib import Path

import numpy as np
import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from stages.data.prepared.packed import Packed
from stages.data.prepared.source import PackedSource
from stages.engine.chance import Chance, initialised
from stages.engine.loop import train
from stages.engine.plan import Descent, Phase
from stages.engine.session import Session
from stages.engine.world import World
from stages.nets.encoders.load import PAIR, build
from stages.nets.encoders.view import CROP_GRID, View
from stages.teachers.common import (
    TeacherBlock,
    images_to_rows,
    labelled_positions,
    labels_to_classes,
    leave_encoder,
    logits_to_accuracy,
    note_held_out,
    random_crops,
)
from stages.teachers.convert import convert, convert_pair

# Networks that give logits and are small enough to be taught on drawn sets.
TAUGHT = ("demo_classifier", "vgg_small")
# A view of whole images that leaves their values as they are.
WHOLE, UNCHANGED = (0, 0, CROP_GRID, CROP_GRID), (0.5, 0.5, 0.5)


class Block(TeacherBlock):
    """Keys of `teacher.scorer` and of other classifiers.

    `sets` names inputs and label columns, as "face:identity"; all share a batch evenly. `width` is demo_classifier's.
    """

    alexnet_file: str
    alexnet_sha256: str
    sets: tuple[str, ...]
    width: int = Field(gt=0)
    betas: tuple[float, float]
    eps: float
    weight_decay: float
    flip: bool
    crop_padding_px: int = Field(ge=0)


class Part:
    """One labelled set among those that the classifier tells apart; its classes begin at `first`."""

    def __init__(self, name: str, folder: Path, column: str, first: int):
        self.name, self.column, self.first = name, column, first
        self.packed = Packed.open(folder)
        # A class of one image says nothing that another image could confirm.
        self.training, held_out, self.values = labelled_positions(self.packed, column, 2)
        self.held_out = held_out[np.isin(self.packed.column(column)[held_out], self.values)]


class JointSource:
    """Equal shares of several packed sets in every batch, with class numbers that run through all of them.

    Sets of different sides are brought to the side of the view, as the network will see each of them later.
    """

    def __init__(self, parts: list[Part], block: Block, world: World):
        if block.batch % (len(parts) * world.size):
            share = len(parts) * world.size
            raise ValueError(f"key batch: expected a multiple of {share} (sets x processes), got {block.batch}")
        self.size = block.batch
        self.parts = parts
        self.alike = len({part.packed.images.shape[1] for part in parts}) == 1
        self.view = View(block.view_size_px, WHOLE, block.view_shrink, UNCHANGED, UNCHANGED)
        share, seed, flip = block.batch // len(parts), block.seed, block.flip
        self.sources = [
            PackedSource(part.packed, part.training, share, seed, flip, world, labels=(part.column,)) for part in parts
        ]

    def batch(self, step: int) -> dict[str, Tensor]:
        images, classes = [], []
        for part, source in zip(self.parts, self.sources, strict=True):
            rows = source.batch(step)
            images.append(rows["image"] if self.alike else self.view(rows["image"]))
            classes.append(labels_to_classes(rows[f"label_{part.column}"], part.values) + part.first)
        return {"image": torch.cat(images), "class": torch.cat(classes)}


class ScorerMethod:
    """Softmax cross entropy over the classes of all sets together. Source: ours (spec §8.1 asks for a stand-in)."""

    def __init__(self, block: Block, net: nn.Module):
        self.block = block
        view = block.view()
        self.view = View(view["size_px"], tuple(view["crop"]), view["shrink"], tuple(view["mean"]), tuple(view["std"]))
        self.nets = {"net": net}
        self.frozen: dict[str, nn.Module] = {}
        self.memory: dict[str, Tensor] = {}
        self.average: tuple[str, ...] = ()
        self.descents = {
            "net": Descent("adamw", ("net",), block.learning_rate, betas=block.betas, eps=block.eps,
                           weight_decay=block.weight_decay, schedule=self.rate)
        }  # fmt: skip

    def rate(self, step: int) -> float:
        """Falls in a straight line to zero."""
        return 1 - step / self.block.iterations

    def phases(self, step: int) -> list[Phase]:
        return [Phase("scorer", "net", ("net",))]

    def losses(self, phase: Phase, batch: dict, shared: dict, chance: Chance, step: int) -> dict[str, Tensor]:
        images, padding = batch["image"], self.block.crop_padding_px
        images = random_crops(images, chance.uniform("crop", len(images), 2), images.shape[2], padding)
        return {"net/class": F.cross_entropy(self.nets["net"](self.view(images)).float(), batch["class"])}

    def produce(self, batch: dict, chance: Chance) -> dict[str, Tensor]:
        return {"image": batch["image"]}


def open_parts(block: Block, inputs: dict[str, Path]) -> list[Part]:
    """The sets of block.sets. Raises: ValueError for an entry that is not "input:column" of a given input."""
    parts: list[Part] = []
    for entry in block.sets:
        name, _, column = entry.partition(":")
        if name not in inputs or not column:
            known = sorted(inputs)
            raise ValueError(f'key sets: expected "input:column" with an input out of {known}, got {entry!r}')
        first = parts[-1].first + len(parts[-1].values) if parts else 0
        parts.append(Part(name, inputs[name], column, first))
    return parts


def teach(block: Block, inputs: dict[str, Path], session: Session) -> None:
    """Leaves the measuring network: the published pair, a converted file, or the demo's classifier.

    Raises: ValueError and FileNotFoundError as converting, labels or training do.
    """
    world, out = session.world, session.out
    if block.source == "file":
        if block.architecture == PAIR:
            convert_pair(block, out)
        else:
            convert(block, out)
        return
    if block.architecture not in TAUGHT:
        raise ValueError(
            f"key architecture: taught here are {' and '.join(TAUGHT)}, got {block.architecture!r}; or source: file"
        )
    parts = open_parts(block, inputs)
    classes = parts[-1].first + len(parts[-1].values)
    arguments = {"classes": classes} | ({"width": block.width} if block.architecture == "demo_classifier" else {})
    with initialised(block.seed, "net"):
        net = build(block.architecture, arguments)
    source = JointSource(parts, block, world)
    train(ScorerMethod(block, net), source, block, block.seed, session)
    if world.rank:
        return
    taught_on = [
        {"set": part.packed.card["name"], "column": part.column, "images": len(part.training)} for part in parts
    ]
    encoder = leave_encoder(
        out, net, block.architecture, arguments, block, {"taught_on": taught_on, "classes": classes}
    )
    encoder = encoder.to(world.device)
    measured = {}
    for part in parts:
        measured[part.name] = {"images": len(part.held_out)}
        if len(part.held_out):
            logits = images_to_rows(lambda x: encoder.net(encoder.view(x)), part.packed.images, part.held_out, world)
            truth = np.searchsorted(part.values, part.packed.column(part.column)[part.held_out]) + part.first
            measured[part.name]["accuracy"] = logits_to_accuracy(logits, truth)
    note_held_out(out, encoder, measured)
