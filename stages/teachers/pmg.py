"""The PMG classifier of bird species, car shapes or car colours, by its published recipe: four updates a batch."""

import math
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
from stages.nets.encoders.pmg import PMG, jigsaw
from stages.teachers.common import (
    TeacherBlock,
    balanced,
    images_to_rows,
    labelled_positions,
    labels_to_classes,
    leave_encoder,
    logits_to_accuracy,
    note_held_out,
    pair_cosines,
    random_crops,
)
from stages.teachers.convert import convert
from stages.teachers.recolour import recoloured
from stages.teachers.weights import open_file


class Block(TeacherBlock):
    """Keys of `teacher.pmg`: birds by species, cars by colour and by shape, and the independent twins.

    `jigsaw` gives n of branches 1, 2, 3; `trunk_rate` is the trunk's share of the learning rate; images are resized to
    resize_px, padded by crop_padding_px of black and cropped at random to view_size_px; `epochs` times the schedule;
    `recolour` is the share of images that are seen in random colours, 0 where colour may tell the classes apart.
    """

    column: str
    trunk: str
    trunk_width: int = Field(gt=0)
    stem: str
    trunk_file: str
    trunk_sha256: str
    hidden: int = Field(gt=0)
    feature: str
    jigsaw: tuple[int, int, int]
    epochs: int = Field(gt=0)
    trunk_rate: float = Field(gt=0)
    momentum: float
    weight_decay: float
    resize_px: int = Field(gt=0)
    crop_padding_px: int = Field(ge=0)
    flip: bool
    class_balanced: bool
    recolour: float = Field(ge=0, le=1)


class PMGMethod:
    """Four updates of one network for each batch: branch 1 on the finest jigsaw, 2, 3, then all on the whole image.

    L_i = CE(branch_i(jigsaw(x, n_i))), i = 1, 2, 3;  L_4 = 2 CE(concat(x)).
    Source: PMG (Du et al. 2020) §3 and its public training code; ContrasFill spec §3.2.
    """

    def __init__(self, block: Block, net: PMG, values: np.ndarray):
        self.block = block
        self.values = values
        self.nets: dict[str, nn.Module] = {"net": net}
        self.frozen: dict[str, nn.Module] = {}
        self.memory: dict[str, Tensor] = {}
        self.average: tuple[str, ...] = ()
        self.descents = {
            "net": Descent(
                "sgd",
                ("net",),
                block.learning_rate,
                momentum=block.momentum,
                weight_decay=block.weight_decay,
                schedule=self.rate,
                scale={"net.features": block.trunk_rate},
            )
        }

    def rate(self, step: int) -> float:
        """(1 + cos(pi * epoch / epochs)) / 2, constant within an epoch as published."""
        epoch = step * self.block.epochs // self.block.iterations
        return (1 + math.cos(math.pi * epoch / self.block.epochs)) / 2

    def phases(self, step: int) -> list[Phase]:
        return [Phase(name, "net", ("net",)) for name in ("branch1", "branch2", "branch3", "concat")]

    def losses(self, phase: Phase, batch: dict, shared: dict, chance: Chance, step: int) -> dict[str, Tensor]:
        classes = labels_to_classes(batch[f"label_{self.block.column}"], self.values)
        image = self.prepared(batch["image"], chance)
        if phase.name == "concat":
            return {"net/concat": 2 * F.cross_entropy(self.nets["net"](image)[3].float(), classes)}
        branch = int(phase.name[-1]) - 1
        n = self.block.jigsaw[branch]
        image = jigsaw(image, chance.permutation(f"{phase.name}/jigsaw", n * n))
        return {f"net/{phase.name}": F.cross_entropy(self.nets["net"](image)[branch].float(), classes)}

    def prepared(self, images: Tensor, chance: Chance) -> Tensor:
        """The step's recoloured, resized, cropped and normalised images: the same for its four phases."""
        block = self.block
        if block.recolour:
            images = recoloured(images, chance, block.recolour)
        if images.shape[2] != block.resize_px:
            size = (block.resize_px, block.resize_px)
            images = F.interpolate(images, size=size, mode="bilinear", align_corners=False, antialias=True)
        images = random_crops(images, chance.uniform("crop", len(images), 2), block.view_size_px, block.crop_padding_px)
        mean = torch.tensor(block.view_mean, device=images.device).view(1, 3, 1, 1)
        std = torch.tensor(block.view_std, device=images.device).view(1, 3, 1, 1)
        return ((images + 1) / 2 - mean) / std

    def produce(self, batch: dict, chance: Chance) -> dict[str, Tensor]:
        return {"image": batch["image"]}


def network(block: Block, classes: int) -> tuple[PMG, dict]:
    """PMG with its trunk from block.trunk_file where one is named, and its arguments."""
    arguments = {"trunk": block.trunk, "width": block.trunk_width, "stem": block.stem, "hidden": block.hidden,
                 "classes": classes, "feature": block.feature}  # fmt: skip
    with initialised(block.seed, "net"):
        net = PMG(**arguments)
    if block.trunk_file:
        given = open_file("trunk_file", block.trunk_file, block.trunk_sha256)
        what = f"{block.trunk} without its classifier"
        given.fill(net.features, what, beside=lambda name: name.startswith("fc."))
    return net, arguments


def teach(block: Block, inputs: dict[str, Path], session: Session) -> None:
    """Leaves an encoder: from the file, or taught on the training split of inputs["data"] and its labels.

    The accuracy noted is that of the view which later stages use (the whole image), by the concatenation alone and by
    all four logits together.
    Raises: ValueError and FileNotFoundError as converting, labels or training do.
    """
    world, out = session.world, session.out
    if block.source == "file":
        convert(block, out)
        return
    packed = Packed.open(inputs["data"])
    labels = packed.column(block.column)
    training, held_out, values = labelled_positions(packed, block.column, 1)
    net, arguments = network(block, len(values))
    drawn_from = balanced(training, labels[training]) if block.class_balanced else training
    source = PackedSource(packed, drawn_from, block.batch, block.seed, block.flip, world, labels=(block.column,))
    train(PMGMethod(block, net, values), source, block, block.seed, session)
    if world.rank:
        return
    taught_on = {"set": packed.card["name"], "column": block.column, "images": len(training)}
    facts = {"taught_on": taught_on, "classes": len(values), "class_values": values.tolist(), "feature": block.feature}
    encoder = leave_encoder(out, net, "pmg", arguments, block, facts).to(world.device)
    known = held_out[np.isin(labels[held_out], values)]
    measured: dict = {"images": len(known)}
    if len(known):
        rows = images_to_rows(encoder.encode, packed.images, known, world)
        measured |= pair_cosines(rows, labels[known])
        classes = np.searchsorted(values, labels[known])
        logits = images_to_rows(lambda x: torch.cat(encoder.net(encoder.view(x)), 1), packed.images, known, world)
        four = logits.reshape(len(known), 4, len(values))
        measured["accuracy"] = logits_to_accuracy(four[:, 3], classes)
        measured["combined_accuracy"] = logits_to_accuracy(four.sum(axis=1), classes)
    note_held_out(out, encoder, measured)
