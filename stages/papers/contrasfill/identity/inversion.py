"""From a face to the generator's codes: pSp from the user's file, or a small encoder taught by reconstruction."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, cast

import torch
import torch.nn.functional as F
from pydantic import Field
from torch import Tensor, nn

from stages.data.files import read_json
from stages.data.prepared.packed import Packed
from stages.data.prepared.source import PackedSource
from stages.engine.chance import Chance, initialised
from stages.engine.loop import train
from stages.engine.plan import Descent, Phase, TrainBlock
from stages.engine.record import write_curve
from stages.engine.weights import load_weights, write_files, write_weights
from stages.metrics.perceptual import Perceptor, maps_to_unit, unit_to_layer
from stages.metrics.scorer import load_scorer
from stages.nets.encoders.load import Encoder, load_encoder
from stages.nets.psp import PSP, SIZE_PX
from stages.papers.contrasfill.discovering import Study, note_model, open_model
from stages.papers.contrasfill.methods.stylegan.method import StyleGAN
from stages.papers.contrasfill.methods.stylegan.nets import SmallInverter
from stages.teachers import stylegan_weights


class Block(TrainBlock):
    """Keys of the inversion. source file: pSp's published encoder; taught: trained here by reconstruction."""

    source: Literal["file", "taught"]
    encoder_file: str
    encoder_sha256: str
    encoder_prefix: str
    architecture: Literal["psp", "small"]
    space: Literal["w_plus", "w"]
    channel_base: int = Field(gt=0)
    channel_limit: int = Field(gt=0)
    batch: int = Field(gt=0)
    flip: bool
    learning_rate: float = Field(gt=0)
    betas: tuple[float, float]
    epsilon: float = Field(gt=0)
    weight_squares: float = Field(ge=0)
    weight_perceptual: float = Field(ge=0)
    weight_identity: float = Field(ge=0)


def network(block: Block, size: int, styles: int, latent: int, seed: int) -> nn.Module:
    """The encoder of the block, for a generator of that size. Raises: ValueError where pSp cannot have such codes."""
    with initialised(seed, "inversion"):
        if block.architecture == "small":
            shared = block.space == "w"
            return SmallInverter(size, block.channel_base, block.channel_limit, styles, latent, shared)
        if latent != 512 or block.space != "w_plus":
            raise ValueError(f"architecture psp gives a code of 512 numbers a layer, came {latent} and {block.space}")
        return PSP(styles)


class Inversion:
    """Reconstruction of real faces through the frozen generator.

    weight_squares |x - G(E(x))|^2 + weight_perceptual P(x, G(E(x))) + weight_identity (1 - cos(E_k(x), E_k(G(E(x)))))

    Source: pSp, Richardson et al. 2021 (code): 1, 0.8 and 0.1; spec §7.2. P is the scorer's perceptual distance.
    Shapes: image [B 3 R R] in [-1, 1] -> codes [B styles latent].
    """

    average: tuple[str, ...] = ()

    def __init__(self, block: Block, net: nn.Module, stylegan: StyleGAN, perceptor: Perceptor | None, known: nn.Module):
        self.block, self.stylegan, self.perceptor = block, stylegan, perceptor
        self.nets = {"inversion": net}
        self.frozen = {"generator": stylegan.nets["generator"], "known": known}
        self.memory = {"latent_average": stylegan.memory["latent_average"].clone()}
        self.descents = {
            "inversion": Descent("adam", ("inversion",), block.learning_rate, betas=block.betas, eps=block.epsilon)
        }

    def phases(self, step: int) -> list[Phase]:
        return [Phase("inversion", "inversion", ("inversion",))]

    def losses(self, phase: Phase, batch: dict, shared: dict, chance: Chance, step: int) -> dict[str, Tensor]:
        real = batch["image"]
        made = self.stylegan.synthesise(self.invert(real))
        terms = {"inversion/squares": self.block.weight_squares * (made - real).square().mean()}
        if self.perceptor is not None:
            terms["inversion/perceptual"] = self.block.weight_perceptual * perceptual(self.perceptor, made, real)
        if self.block.weight_identity:
            known = cast(Encoder, self.frozen["known"])
            cosine = F.cosine_similarity(known.encode(made), known.encode(real))
            terms["inversion/identity"] = self.block.weight_identity * (1 - cosine).mean()
        return terms

    def invert(self, images: Tensor) -> Tensor:
        """Codes of images: the encoder's answer added to the generator's average code."""
        if self.block.architecture == "psp" and images.shape[-1] != SIZE_PX:
            images = F.interpolate(
                images, size=(SIZE_PX, SIZE_PX), mode="bilinear", align_corners=False, antialias=True
            )
        return self.nets["inversion"](images).float() + self.memory["latent_average"].to(images.device)

    @torch.no_grad()
    def produce(self, batch: dict, chance: Chance) -> dict[str, Tensor]:
        """The reconstruction of each image."""
        return {"image": self.stylegan.synthesise(self.invert(batch["image"]))}


def perceptual(perceptor: Perceptor, left: Tensor, right: Tensor) -> Tensor:
    """Mean perceptual distance of pairs of images, with gradients. Shapes: [B 3 R R] twice -> scalar."""
    maps = [maps_to_unit(perceptor.feature_maps(images)) for images in (left, right)]
    heads = perceptor.heads or (None,) * len(maps[0])
    return torch.stack([unit_to_layer(a, b, head).mean() for a, b, head in zip(*maps, heads, strict=True)]).sum()


def inversion_of(study: Study, block: Block, stylegan: StyleGAN) -> Inversion:
    """The inversion with fresh weights; the measuring networks are loaded only where a loss needs them."""
    generator = stylegan.generator
    net = network(block, generator.sides[-1], generator.styles, stylegan.block.latent, study.seed)
    device = study.session.world.device
    perceptor = None
    if block.source == "taught" and block.weight_perceptual:
        perceptor = load_scorer(study.inputs["scorer"], str(device)).perceptor
    return Inversion(block, net, stylegan, perceptor, load_encoder(study.inputs["encoder"]).to(device))


def discover(study: Study) -> None:
    """Inputs: model (the generator), data, encoder (E_k), scorer. Leaves a model folder."""
    block, data = study.block, Packed.open(study.inputs["data"])
    stylegan = open_model(study.inputs["model"], study.paper, study.method, study.seed, study.session.world).method
    method = inversion_of(study, block, stylegan)
    if block.source == "file":
        convert(block, method, stylegan.nets["generator"].styles)
        write_weights(method.nets, method.memory, study.session.out)
        write_files(method.nets.values(), study.session.out)
        write_curve(study.session.out)
    else:
        source = PackedSource(data, data.positions("train"), block.batch, study.seed, block.flip, study.session.world)
        train(method, source, block, study.seed, study.session)
    note_model(study)


def convert(block: Block, method: Inversion, styles: int) -> None:
    """Fills pSp from the user's file. Raises: as `stylegan_weights.open_named` and its `fill` do."""
    if block.architecture != "psp":
        raise ValueError(f"source file brings pSp's encoder: expected architecture psp, got {block.architecture}")
    given = stylegan_weights.open_named("encoder_file", block.encoder_file, block.encoder_sha256, block.encoder_prefix)
    given.fill(method.nets["inversion"], f"pSp's encoder of {styles} codes")


def open_inversion(study: Study, folder: Path, stylegan: StyleGAN) -> Inversion:
    """The inversion of a folder, ready to use, on the study's device."""
    block = Block.model_validate(read_json(folder / "model.json")["block"], strict=False)
    method = inversion_of(study, block.model_copy(update={"weight_perceptual": 0.0}), stylegan)
    load_weights(method, folder)
    method.nets["inversion"].to(study.session.world.device).eval().requires_grad_(False)
    return method
