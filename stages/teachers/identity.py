"""The identity encoder: a face network taught with the ArcFace loss, or converted from the user's file."""

from pathlib import Path

import torch
from pydantic import Field
from torch import Tensor, nn

from stages.data.prepared.packed import Packed
from stages.data.prepared.source import PackedSource
from stages.engine.chance import Chance, initialised
from stages.engine.loop import train
from stages.engine.plan import Descent, Phase
from stages.engine.session import Session
from stages.losses.arcface import arcface
from stages.nets.encoders.load import build
from stages.nets.encoders.view import View
from stages.teachers.common import (
    TeacherBlock,
    images_to_rows,
    labelled_positions,
    labels_to_classes,
    leave_encoder,
    note_held_out,
    pair_cosines,
    random_crops,
)
from stages.teachers.convert import convert


class Block(TeacherBlock):
    """Keys of `teacher.face` and `teacher.face_independent`.

    `trunk` is identity_resnet's; images are shifted at random by up to crop_padding_px.
    Units: margin in radians.
    """

    trunk: str
    width: int = Field(gt=0)
    dimensions: int = Field(gt=0)
    scale: float = Field(gt=0)
    margin: float = Field(ge=0)
    min_images: int = Field(gt=0)
    betas: tuple[float, float]
    eps: float
    weight_decay: float
    flip: bool
    crop_padding_px: int = Field(ge=0)


class Centres(nn.Module):
    """One direction per identity, as long as ArcFace trains. Shapes: weight [M D]."""

    def __init__(self, classes: int, dimensions: int):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(classes, dimensions) / dimensions**0.5)


class IdentityMethod:
    """ArcFace classification of identities.

    Source: Deng et al. 2019, eq. 3; ContrasFill spec §3.1. The net sees images through the view it will be used with.
    """

    def __init__(self, block: Block, net: nn.Module, values):
        self.block = block
        self.values = values
        view = block.view()
        self.view = View(view["size_px"], tuple(view["crop"]), view["shrink"], tuple(view["mean"]), tuple(view["std"]))
        with initialised(block.seed, "centres"):
            centres = Centres(len(values), block.dimensions)
        self.nets = {"net": net, "centres": centres}
        self.frozen: dict[str, nn.Module] = {}
        self.memory: dict[str, Tensor] = {}
        self.average: tuple[str, ...] = ()
        self.descents = {
            "net": Descent("adamw", ("net", "centres"), block.learning_rate, betas=block.betas, eps=block.eps,
                           weight_decay=block.weight_decay, schedule=self.rate)
        }  # fmt: skip

    def rate(self, step: int) -> float:
        """Falls in a straight line to zero."""
        return 1 - step / self.block.iterations

    def phases(self, step: int) -> list[Phase]:
        return [Phase("identity", "net", ("net", "centres"))]

    def losses(self, phase: Phase, batch: dict, shared: dict, chance: Chance, step: int) -> dict[str, Tensor]:
        images, padding = batch["image"], self.block.crop_padding_px
        images = random_crops(images, chance.uniform("crop", len(images), 2), images.shape[2], padding)
        features = self.nets["net"].embed(self.view(images)).float()
        classes = labels_to_classes(batch["label_identity"], self.values)
        return {
            "net/arcface": arcface(features, self.nets["centres"].weight, classes, self.block.scale, self.block.margin)
        }

    def produce(self, batch: dict, chance: Chance) -> dict[str, Tensor]:
        return {"image": batch["image"]}


def network(block: Block) -> tuple[nn.Module, dict]:
    """The net of a taught identity encoder and its arguments."""
    if block.architecture == "identity_small":
        arguments = {"width": block.width, "dimensions": block.dimensions, "size_px": block.view_size_px}
    elif block.architecture == "identity_resnet":
        arguments = {"trunk": block.trunk, "width": block.width, "stem": "small", "dimensions": block.dimensions}
    else:
        raise ValueError(
            f"key architecture: {block.architecture!r} is not taught here; expected identity_small, "
            "identity_resnet, or source: file"
        )
    with initialised(block.seed, "net"):
        return build(block.architecture, arguments), arguments


def teach(block: Block, inputs: dict[str, Path], session: Session) -> None:
    """Leaves an encoder: from the file, or taught on the training split of inputs["data"] (a face set).

    Raises: ValueError and FileNotFoundError as converting, labels or training do.
    """
    world, out = session.world, session.out
    if block.source == "file":
        convert(block, out)
        return
    packed = Packed.open(inputs["data"])
    training, held_out, values = labelled_positions(packed, "identity", block.min_images)
    net, arguments = network(block)
    source = PackedSource(packed, training, block.batch, block.seed, block.flip, world, labels=("identity",))
    train(IdentityMethod(block, net, values), source, block, block.seed, session)
    if world.rank:
        return
    facts = {"taught_on": {"set": packed.card["name"], "images": len(training)}, "classes": len(values)}
    encoder = leave_encoder(out, net, block.architecture, arguments, block, facts).to(world.device)
    measured: dict = {"images": len(held_out)}
    if len(held_out):
        rows = images_to_rows(encoder.encode, packed.images, held_out, world)
        measured |= pair_cosines(rows, packed.column("identity")[held_out])
    note_held_out(out, encoder, measured)
