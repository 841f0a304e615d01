"""BAT-Fill: a transformer draws coarse colour tokens of the hole, then an upsampler paints the image."""

from pathlib import Path
from typing import cast

import torch
from pydantic import Field, model_validator
from torch import Tensor, nn

from stages.data.prepared.packed import Packed
from stages.data.prepared.source import PackedSource
from stages.engine.chance import Chance, initialised
from stages.engine.method import Source
from stages.engine.plan import Descent, Phase, TrainBlock
from stages.engine.world import World
from stages.papers.contrasfill.methods.batfill import objectives, palette
from stages.papers.contrasfill.methods.batfill.holes import mix_holes
from stages.papers.contrasfill.methods.batfill.nets import MultiscaleDiscriminator, Upsampler, count_steps
from stages.papers.contrasfill.methods.batfill.sampling import fill
from stages.papers.contrasfill.methods.batfill.schedules import flat_then_linear, warm_then_cosine
from stages.papers.contrasfill.methods.batfill.transformer import Transformer, hole_order, token_loss


class Block(TrainBlock):
    """BAT-Fill's keys. Units: sides in pixels, batches in images, shares in 0..1."""

    size_px: int
    flip: bool
    grid: int
    palette_colours: int
    palette_file: str
    palette_sha256: str
    palette_pixels: int
    layers: int
    heads: int
    width: int
    hidden: int
    transformer_steps: int = Field(gt=0)
    transformer_batch: int
    transformer_learning_rate: float
    transformer_betas: tuple[float, float]
    transformer_weight_decay: float
    transformer_warmup_tokens: int = Field(gt=0)
    transformer_final_tokens: int
    transformer_floor: float
    transformer_clip_norm: float
    upsampler_steps: int = Field(gt=0)
    upsampler_batch: int
    upsampler_decay_from: float = Field(ge=0, lt=1)
    generator_learning_rate: float
    discriminator_learning_rate: float
    upsampler_betas: tuple[float, float]
    adam_eps: float
    upsampler_width: int
    upsampler_dilations: tuple[int, ...]
    spade_hidden: int
    discriminator_width: int
    discriminator_layers: int
    discriminator_scales: int
    hole_l1: float
    visible_l1: float
    vgg_weight: float
    perceptual_weight: float
    vgg_file: str
    vgg_sha256: str
    box_hole_share: float
    random_hole_share: float
    temperature: float
    top_k: int

    @model_validator(mode="after")
    def check_steps(self) -> "Block":
        """Raises: ValueError unless iterations is the sum of both stages, the warm-up ends, and the grid fits."""
        if self.iterations != self.transformer_steps + self.upsampler_steps:
            raise ValueError(
                f"iterations must be transformer_steps + upsampler_steps = "
                f"{self.transformer_steps + self.upsampler_steps}, it is {self.iterations}"
            )
        if self.transformer_final_tokens <= self.transformer_warmup_tokens:
            raise ValueError(
                f"transformer_final_tokens must be above transformer_warmup_tokens, {self.transformer_warmup_tokens}; "
                f"it is {self.transformer_final_tokens}"
            )
        count_steps(self.size_px, self.grid)
        return self


class TwoSources:
    """One source for the steps before `turn`, another after it; each counts its own samples from 0."""

    def __init__(self, first: Source, second: Source, turn: int):
        self.first, self.second, self.turn, self.size = first, second, turn, second.size

    def batch(self, step: int) -> dict:
        return self.first.batch(step) if step < self.turn else self.second.batch(step - self.turn)


class BatFill:
    """The method: steps of phase T, then steps of phases D and G, which share what the upsampler painted.

    Source: contrasfill §6.3 (order of D and G: gap G31).
    Symbols: g grid, N = g^2 cells, K palette colours, M hole mask.
    """

    average = ()

    def __init__(self, block: Block, colours: Tensor, seed: int, world: World, training: bool):
        self.block, self.world = block, world
        # Hole tokens that the transformer has learned from: the learning rate counts them.
        self.memory = {"palette": colours, "tokens": torch.zeros((), dtype=torch.int64)}
        self.factor = 1.0
        with initialised(seed, "batfill/T"):
            sizes = (block.layers, block.width, block.heads, block.hidden)
            transformer = Transformer(block.grid**2, block.palette_colours, *sizes)
        with initialised(seed, "batfill/G"):
            sizes = (block.upsampler_width, block.upsampler_dilations, block.spade_hidden)
            upsampler = Upsampler(block.size_px, block.grid, *sizes)
        self.nets: dict[str, nn.Module] = {"T": transformer, "G": upsampler}
        self.frozen: dict[str, nn.Module] = {}
        self.descents: dict[str, Descent] = {}
        if training:
            with initialised(seed, "batfill/D"):
                sizes = (block.discriminator_width, block.discriminator_layers, block.discriminator_scales)
                self.nets["D"] = MultiscaleDiscriminator(*sizes)
            self._plan()
        else:
            for net in self.nets.values():
                net.eval()

    def _plan(self) -> None:
        block, turn = self.block, self.block.transformer_steps
        fall = turn + round(block.upsampler_decay_from * block.upsampler_steps)
        self.descents["T"] = Descent(
            kind="adamw", nets=("T",), learning_rate=block.transformer_learning_rate, betas=block.transformer_betas,
            eps=block.adam_eps, weight_decay=block.transformer_weight_decay, clip_norm=block.transformer_clip_norm,
            schedule=lambda step: self.factor,
        )  # fmt: skip
        for net, rate in (("G", block.generator_learning_rate), ("D", block.discriminator_learning_rate)):
            self.descents[net] = Descent(
                kind="adam", nets=(net,), learning_rate=rate, betas=block.upsampler_betas, eps=block.adam_eps,
                schedule=lambda step: flat_then_linear(step, fall, block.iterations),
            )  # fmt: skip

    def phases(self, step: int) -> list[Phase]:
        if step < self.block.transformer_steps:
            return [Phase("T", "T", ("T",))]
        return [Phase("D", "D", ("D",)), Phase("G", "G", ("G",))]

    def forward(self, batch: dict, chance: Chance) -> dict:
        """The step's holes, the image's tokens, and in steps of D and G what the upsampler paints, once for both."""
        image, block = batch["image"], self.block
        draw = chance.uniform("batfill/hole", len(image), 3).to(image.device)
        mask = mix_holes(batch["mask"], draw, block.box_hole_share, block.random_hole_share)
        shared = {"mask": mask, "tokens": self.to_tokens(image)}
        if int(chance.step) >= block.transformer_steps:
            shared["made"] = self.upsample(image, mask, shared["tokens"])
        return shared

    def losses(self, phase: Phase, batch: dict, shared: dict, chance: Chance, step: int) -> dict[str, Tensor]:
        image, mask = batch["image"], shared["mask"]
        if phase.name == "T":
            return self.transformer_terms(shared["tokens"], palette.to_hole_cells(mask, self.block.grid))
        if phase.name == "D":
            made = shared["made"].detach()
            return {"D/hinge": objectives.hinge_d(self.nets["D"](image), self.nets["D"](made))}
        return self.generator_terms(image, mask, shared["made"])

    def transformer_terms(self, tokens: Tensor, hole: Tensor) -> dict[str, Tensor]:
        """Mean cross entropy of the whole batch's hole tokens; its exponential is the perplexity.

        Counts these tokens; the update that follows is at the rate of those before them.
        """
        order, real = hole_order(hole)
        targets = tokens.gather(1, order)
        count = self.world.total(real.sum().float())
        block = self.block
        self.factor = warm_then_cosine(
            int(self.memory["tokens"]), block.transformer_warmup_tokens, block.transformer_final_tokens,
            block.transformer_floor,
        )  # fmt: skip
        self.memory["tokens"] += count.long()
        total = count.clamp(min=1) / self.world.size
        return {"T/tokens": token_loss(self.nets["T"](tokens, hole, targets, order), targets, real, total)}

    def generator_terms(self, image: Tensor, mask: Tensor, made: Tensor) -> dict[str, Tensor]:
        """hinge + 6 L1(hole) / mean(M) + L1(visible) / mean(1 - M) + 2 VGG + 0.001 perceptual."""
        block, share = self.block, self.world.mean(mask.mean())
        terms = {
            "G/hinge": objectives.hinge_g(self.nets["D"](made)),
            "G/hole_l1": block.hole_l1 * objectives.region_l1(made, image, mask, share),
            "G/visible_l1": block.visible_l1 * objectives.region_l1(made, image, 1 - mask, 1 - share),
        }
        if "vgg" in self.frozen:
            vgg, perceptual = self.frozen["vgg"](made, image)
            terms |= {"G/vgg": block.vgg_weight * vgg, "G/perceptual": block.perceptual_weight * perceptual}
        return terms

    def to_tokens(self, image: Tensor) -> Tensor:
        """Colour tokens of an image's cells. Shapes: [B 3 R R] -> [B N]."""
        return palette.quantise(palette.to_cells(image, self.block.grid), self.memory["palette"])

    def upsample(self, image: Tensor, mask: Tensor, tokens: Tensor) -> Tensor:
        """The upsampler's image; it sees the visible pixels, white in the hole, the mask, and the tokens' colours."""
        context = torch.cat([torch.where(mask > 0, 1.0, image), mask], 1)
        return self.nets["G"](context, palette.dequantise(tokens, self.memory["palette"], self.block.grid))

    @torch.no_grad()
    def produce(self, batch: dict, chance: Chance) -> dict[str, Tensor]:
        """One sample per row. Rows may have different holes; many rows at once cost little more than one."""
        image, mask, block = batch["image"], batch["mask"], self.block
        hole = palette.to_hole_cells(mask, block.grid)
        uniform = chance.uniform("batfill/tokens", *hole.shape).to(image.device)
        tokens = fill(
            cast(Transformer, self.nets["T"]), self.to_tokens(image), hole, uniform, block.temperature, block.top_k
        )
        return {"image": torch.where(mask > 0, self.upsample(image, mask, tokens), image), "tokens": tokens}


def for_training(block: Block, inputs: dict[str, Path], seed: int, world: World) -> tuple[BatFill, TwoSources]:
    """The method with its palette, and the training data in two batch sizes. Inputs: data."""
    packed = Packed.open(inputs["data"])
    side = packed.images.shape[1]
    if side != block.size_px:
        raise ValueError(f"{inputs['data']}: images of side {block.size_px} expected (key size_px), found {side}")
    train = packed.positions("train")
    if block.palette_file:
        colours = palette.read_palette(Path(block.palette_file), block.palette_sha256, block.palette_colours)
    else:
        sizes = (block.grid, block.palette_colours, block.palette_pixels)
        colours = palette.learn_palette(packed.images, train, *sizes, seed)
    method = BatFill(block, colours, seed, world, training=True)
    if block.vgg_weight or block.perceptual_weight:
        method.frozen["vgg"] = objectives.read_vgg(block.vgg_file, block.vgg_sha256)
    first, second = (PackedSource(packed, train, batch, seed, block.flip, world)
                     for batch in (block.transformer_batch, block.upsampler_batch))  # fmt: skip
    return method, TwoSources(first, second, block.transformer_steps)


def for_sampling(block: Block, world: World) -> BatFill:
    """The method without discriminator and data; weights and palette are loaded into it afterwards."""
    return BatFill(block, torch.zeros(block.palette_colours, 3), 0, world, training=False)
