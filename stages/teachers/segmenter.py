"""The network that judges what is where: DeepLabV3 taught on a labelled set, or a published one from files."""

from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from pydantic import Field
from torch import Tensor, nn

from stages.data.image import to_tensor
from stages.data.prepared.packed import Packed
from stages.engine.chance import Chance, initialised
from stages.engine.loop import train
from stages.engine.plan import Descent, Phase, TrainBlock
from stages.engine.session import Session
from stages.engine.world import World
from stages.losses.segmentation import labelled_cross_entropy
from stages.nets import drn, upernet
from stages.nets.encoders.load import save_encoder
from stages.nets.fit import find
from stages.nets.segmenter import VOID, Segmenter, build, load_segmenter
from stages.teachers.labelled import LabelledSource, labels_of, refuse_strange
from stages.teachers.weights import Given, open_file

EVALUATION_BATCH = 16
# A taught network sees the images as the packs hold them, in [-1, 1].
TAUGHT = {"mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5]}
# What a published file of the time of home-made batch norms holds beside the network.
BESIDE = ("_tmp_running_mean", "_tmp_running_var", "_running_iter")


class Block(TrainBlock):
    """The keys of a segmenter.

    `source` "file" converts the user's weights: `file` for drn_d_105; for upernet101 `file` is the encoder's and
    `decoder_file` the decoder's. "taught" trains deeplab on images of `splits` and the pack's array `labels` (255 = no
    label) and measures it on the splits `held_out`; `trunk` to `dropout` are nets/deeplab.py's.
    """

    enabled: bool
    source: Literal["taught", "file"]
    architecture: Literal["deeplab", "drn_d_105", "upernet101"]
    file: str
    sha256: str
    decoder_file: str
    decoder_sha256: str
    classes: int = Field(gt=1, le=VOID)
    seed: int
    batch: int = Field(gt=0)
    learning_rate: float = Field(gt=0)
    betas: tuple[float, float]
    eps: float
    weight_decay: float
    flip: bool
    labels: Literal["labels", "truth"]
    splits: tuple[str, ...] = Field(min_length=1)
    held_out: tuple[str, ...] = Field(min_length=1)
    trunk: str
    trunk_width: int = Field(gt=0)
    stem: str
    rates: tuple[int, ...]
    hidden: int = Field(gt=0)
    dropout: float = Field(ge=0, lt=1)


class SegmenterMethod:
    """Cross entropy per labelled pixel. Source: ours (MoNCE spec §3.9 asks for stand-ins taught on drawn scenes)."""

    def __init__(self, block: Block, net: nn.Module, world: World):
        self.block, self.world = block, world
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
        return [Phase("segmenter", "net", ("net",))]

    def losses(self, phase: Phase, batch: dict, shared: dict, chance: Chance, step: int) -> dict[str, Tensor]:
        images, net = batch["image"], self.nets["net"]
        uniform = None
        if self.block.dropout:
            sides = (-(-side // net.stride) for side in images.shape[2:])
            uniform = chance.uniform("dropout", len(images), self.block.hidden, *sides).to(images)
        total, count = labelled_cross_entropy(net(images, uniform), batch["labels"], VOID)
        # The engine takes the mean over processes, of which each has its own number of labelled pixels.
        share = self.world.size / self.world.total(count).clamp(min=1)
        return {"net/class": total * share}

    def produce(self, batch: dict, chance: Chance) -> dict[str, Tensor]:
        return {"image": batch["image"]}


def teach(block: Block, inputs: dict[str, Path], session: Session) -> None:
    """Leaves a segmenter's folder: from the user's files, or taught on inputs["data"], a pack with the array `labels`.

    Raises: ValueError and FileNotFoundError as reading files, packs or training do.
    """
    if block.source == "file":
        return convert(block, session.out)
    if block.architecture != "deeplab":
        raise ValueError(f"key architecture: only deeplab is taught here, got {block.architecture!r}; or source: file")
    if both := sorted(set(block.splits) & set(block.held_out)):
        raise ValueError(
            f"key held_out: expected splits that nothing was taught on, got {both}, which key splits has too"
        )
    packed, world = Packed.open(inputs["data"]), session.world
    arguments: dict[str, Any] = {
        "depth": block.trunk, "width": block.trunk_width, "stem": block.stem, "rates": list(block.rates),
        "hidden": block.hidden, "dropout": block.dropout, "classes": block.classes,
    }  # fmt: skip
    with initialised(block.seed, "segmenter"):
        net = build("deeplab", arguments)
    positions, unseen = (
        np.sort(np.concatenate([packed.positions(split) for split in splits]))
        for splits in (block.splits, block.held_out)
    )
    source = LabelledSource(packed, block.labels, positions, block.batch, block.seed, block.flip, block.classes, world)
    train(SegmenterMethod(block, net, world), source, block, block.seed, session)
    if world.rank:
        return
    facts = {"architecture": "deeplab", "arguments": arguments, **TAUGHT, "source": "taught", "held_out": {}}
    facts["taught_on"] = {
        "set": packed.card["name"], "labels": block.labels, "splits": list(block.splits), "images": len(positions),
    }  # fmt: skip
    net = net.cpu().to(memory_format=torch.contiguous_format)
    save_encoder(session.out, net, facts)
    measured = held_out(load_segmenter(session.out).to(world.device), packed, block.labels, unseen, world)
    save_encoder(session.out, net, facts | {"held_out": {"splits": list(block.held_out), **measured}})


def held_out(segmenter: Segmenter, packed: Packed, name: str, positions: np.ndarray, world: World) -> dict[str, Any]:
    """Pixel accuracy, mean IoU over the classes that occur, and the IoU of each (None where it does not) on some rows.

    Raises: ValueError for labels that do not fit the images or the classes.
    """
    classes, labels = segmenter.facts["arguments"]["classes"], labels_of(packed, name)
    table = np.zeros((classes, classes), np.int64)
    for start in range(0, len(positions), EVALUATION_BATCH):
        at = positions[start : start + EVALUATION_BATCH]
        found = segmenter.labels(to_tensor(packed.images[at]).to(world.device)).cpu().numpy()
        refuse_strange(packed, name, labels[at], classes)
        known = labels[at] != VOID
        pairs = labels[at][known].astype(np.int64) * classes + found[known]
        table += np.bincount(pairs, minlength=classes**2).reshape(classes, classes)
    right, true, together = table.diagonal(), table.sum(1), table.sum(0) + table.sum(1) - table.diagonal()
    each = [round(float(right[k] / together[k]), 6) if true[k] else None for k in range(classes)]
    present = [value for value in each if value is not None]
    return {
        "images": len(positions),
        "pixel_accuracy": round(float(right.sum() / max(table.sum(), 1)), 6),
        "mean_iou": round(float(np.mean(present)), 6) if present else None,
        "iou": each,
    }


def convert(block: Block, out: Path) -> None:
    """Turns the user's file or files into a segmenter's folder.

    Raises: FileNotFoundError, ValueError as `open_file` and `fit` do, or for another number of classes.
    """
    if block.architecture == "deeplab":
        raise ValueError("key architecture: only drn_d_105 and upernet101 come from files, got 'deeplab'")
    given = {"file": open_file("file", block.file, block.sha256)}
    if block.architecture == "upernet101":
        given["decoder_file"] = open_file("decoder_file", block.decoder_file, block.decoder_sha256)
    constants, part, first = (
        (drn, "", "base.0.0.weight") if block.architecture == "drn_d_105" else (upernet, "encoder", "conv1.weight")
    )
    arguments = {"classes": block.classes, "width": width_of(given["file"], block.architecture, part, first)}
    with torch.random.fork_rng(devices=[]):
        net = build(block.architecture, arguments)
    digests: dict[str, Any] = {}
    for key, place in zip(given, (part, "decoder"), strict=False):
        what = f"the {place} of {block.architecture}" if place else block.architecture
        read = given[key].fill(net.get_submodule(place), what, beside=lambda name: name.endswith(BESIDE))
        digests |= {key: given[key].path.name, f"{key}_sha256": given[key].sha256, f"{key}_reading": read}
    view = {"mean": list(constants.MEAN), "std": list(constants.STD)}
    facts = {"architecture": block.architecture, "arguments": arguments, **view, "held_out": {}, "source": "file"}
    save_encoder(out, net, {**facts, **digests})


def width_of(given: Given, architecture: str, part: str, first: str) -> int:
    """The channels of the first convolution, read off the file. Raises: ValueError where it is no such network's."""
    with torch.device("meta"):
        names = build(architecture, {"classes": 2, "width": 1}).get_submodule(part).state_dict()
    what = f"the {part} of {architecture}" if part else architecture
    found = given.tensors.get(find(list(given.tensors), dict.fromkeys(names, ()), given.where, what) + first)
    if found is None or not found.ndim or not len(found):
        raise ValueError(f"{given.where} has no {first}, so it is not {what}; it has {sorted(given.tensors)[:3]} ...")
    return len(found)
