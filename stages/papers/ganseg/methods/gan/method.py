"""GANSeg's generative model: an adversarial pair, a lazy one-centred penalty, and two losses on the parts."""

import math
from pathlib import Path

import torch
from torch import Tensor

from stages.data.files import read_json
from stages.data.prepared.augment import Crop
from stages.data.prepared.packed import Packed
from stages.data.prepared.source import PackedSource
from stages.engine.chance import Chance, initialised
from stages.engine.method import Source
from stages.engine.plan import Phase
from stages.engine.weights import load_weights
from stages.engine.world import World
from stages.losses.adversarial import logistic_discriminator, logistic_generator
from stages.losses.part_masks import area, concentration
from stages.losses.penalty import gradient_norm
from stages.papers.ganseg.common import adam
from stages.papers.ganseg.grid import grid
from stages.papers.ganseg.methods.gan.block import Block
from stages.papers.ganseg.methods.gan.nets import Discriminator, Generator
from stages.papers.ganseg.noise import draw_noise
from stages.papers.ganseg.points import mean_deviation
from stages.papers.ganseg.record import Generated, to_dict

PRINTED_SIDE = 128  # the side at which the paper states the area's weight


def concentration_weight(block: Block) -> float:
    """lambda_con(K) = C_con K.  Source: supp §F.4, eq. 7."""
    return block.concentration_constant * block.parts


def area_weight(block: Block) -> float:
    """The area is counted in pixels: at another side the same share of the image costs the same.

    lambda_area (128 / S)^2.  Source: supp table 1 (128 px); ours for other sides (gap G23).
    """
    return block.area_weight * (PRINTED_SIDE / block.size_px) ** 2


def area_targets(block: Block, made: Generated) -> Tensor:
    """A_k: the disc pi (d_k S / 2)^2 with d_k the mean absolute deviation of the points, or sum_p H_k(p).

    Source: code (disc in all released files; gap G9). Shapes: -> [B K]. Units: pixels.
    """
    if block.area_target == "heatmap":
        return made.init_mask.sum((2, 3))
    return math.pi * (mean_deviation(made.points) * block.size_px / 2).square()


class Gan:
    """One discriminator and one generator update a step, each with fresh noise.

    Source: supp §B.4 (optimiser, lambdas); code (losses, lazy penalty, part losses on every second step).
    """

    average = ()

    def __init__(self, block: Block, world: World, seed: int, training: bool):
        self.block, self.world = block, world
        with initialised(seed, "ganseg/generator"):
            self.generator = Generator(block)
        if block.sigma != "estimated":
            self.generator.fix_scale(block.sigma_printed)
        self.nets: dict = {"generator": self.generator}
        self.frozen: dict = {}
        self.memory: dict = {}
        self.descents: dict = {}
        if training:
            with initialised(seed, "ganseg/discriminator"):
                discriminator = Discriminator(block.size_px, block.discriminator_channels, block.slope)
            self.nets["discriminator"] = discriminator
            for net, rate in (("generator", block.generator_rate), ("discriminator", block.discriminator_rate)):
                self.descents[net] = adam(net, rate, block.betas, block.epsilon)

    def phases(self, step: int) -> list[Phase]:
        return [Phase("D", "discriminator", ("discriminator",)), Phase("G", "generator", ("generator",))]

    def losses(self, phase: Phase, batch: dict, shared: dict, chance: Chance, step: int) -> dict[str, Tensor]:
        noise = draw_noise(self.block, phase.name, len(batch["image"]), chance, batch["image"].device)
        if phase.name == "G":
            return self.generator_terms(self.generator(noise), step)
        # In train mode, so that the running statistics see this pass too; without a graph, which nothing would use.
        with torch.no_grad():
            fake = self.generator(noise).image
        terms = self.discriminator_terms(batch["image"], fake, chance, step)
        if (step + 1) % self.block.tick_every == 0:
            terms["stat/evaluation_gap"] = self.evaluation_gap(noise, fake)
        return terms

    def discriminator_terms(self, real: Tensor, fake: Tensor, chance: Chance, step: int) -> dict[str, Tensor]:
        """softplus(D(fake)) + softplus(-D(real)), and on steps 0, 16, 32, … the penalty with its plain factor."""
        judge, block = self.nets["discriminator"], self.block
        on_real, on_fake = judge(real), judge(fake)
        terms = {
            "D/adversarial": logistic_discriminator(on_real, on_fake),
            "stat/D_real": on_real.detach().mean(),
            "stat/D_fake": on_fake.detach().mean(),
        }
        if step % block.penalty_every == 0:
            points = real
            if block.penalty == "between":
                points = torch.lerp(real, fake, chance.uniform("D/between", len(real), 1, 1, 1).to(real.device))
            centre = 0.0 if block.penalty == "r1" else 1.0
            terms["D/penalty"] = gradient_norm(judge, points, block.penalty_weight, centre)
        return terms

    def generator_terms(self, made: Generated, step: int) -> dict[str, Tensor]:
        """softplus(-D(fake)), and on every second step the concentration and the area, unscaled."""
        block, parts = self.block, made.mask[:, :-1].float()
        terms = {"G/adversarial": logistic_generator(self.nets["discriminator"](made.image))}
        if step % block.part_losses_every == 0:
            places = grid(block.size_px, 0, block.grid, parts)
            terms["G/concentration"] = concentration_weight(block) * concentration(parts, made.centers, places)
            terms["G/area"] = area_weight(block) * area(parts, area_targets(block, made))
        statistics = {
            "foreground": parts.sum(1).mean(),
            "scale": made.scale.mean(),
            "image_spread": made.image.float().std(0).mean(),
        }
        return terms | {f"stat/{name}": value.detach() for name, value in statistics.items()}

    def evaluation_gap(self, noise, trained: Tensor) -> Tensor:
        """Mean absolute pixel difference between batch statistics and running ones, in [-1, 1] units (ours)."""
        self.generator.eval()
        with torch.no_grad():
            gap = (self.generator(noise).image - trained).abs().mean()
        self.generator.train()
        return gap

    @torch.no_grad()
    def produce(self, batch: dict, chance: Chance) -> dict[str, Tensor]:
        """One image per row of batch["position"], with its record and its noises (names "noise_…")."""
        device = next(self.generator.parameters()).device
        noise = draw_noise(self.block, "sample", len(batch["position"]), chance, device)
        return to_dict(self.generator(noise)) | to_dict(noise, "noise_")


def mean_scale(model: Gan, seed: int, samples: int) -> float:
    """Mean of tau over `samples` samples and all parts of a trained model.

    Source: supp §F.2 (5,000 samples of the pre-trained model).
    """
    z = Chance(seed, 0, World.single()).normal("mean_scale", samples, model.block.latent)
    generator = model.generator
    with torch.no_grad():
        return float(generator.scale(generator.place(z)).double().mean())


def trained_model(folder: Path, world: World) -> Gan:
    """A trained model, ready to sample.  Raises: ValueError for a folder of another method."""
    facts = read_json(folder / "model.json")
    if (facts["paper"], facts["method"]) != ("ganseg", "gan"):
        raise ValueError(f"{folder}: expected a model of ganseg gan, came {facts['paper']} {facts['method']}")
    model = for_sampling(Block.model_validate(facts["block"], strict=False), world)
    load_weights(model, folder)
    model.generator.to(world.device).eval()
    return model


def for_training(block: Block, inputs: dict[str, Path], seed: int, world: World) -> tuple[Gan, Source]:
    """The method and its images. Inputs: data; model (the main run) where sigma is its own mean.

    Raises: ValueError if the data have another side than the networks, or the main run another scale.
    """
    packed = Packed.open(inputs["data"])
    if packed.card["size_px"] != block.size_px:
        found = packed.card["size_px"]
        raise ValueError(f"{inputs['data']}: expected images of {block.size_px} px (key size_px), came {found}")
    method = Gan(block, world, seed, training=True)
    if block.sigma == "own":
        main = trained_model(inputs["model"], World.single())
        if (main.block.scale, main.block.sigma) != (block.scale, "estimated"):
            raise ValueError(f"{inputs['model']}: expected a model whose {block.scale} is estimated from its points")
        method.generator.fix_scale(mean_scale(main, seed, block.sigma_samples))
    whole = block.crop_scale == (1.0, 1.0)
    crop = None if whole else Crop(scale=block.crop_scale, ratio=block.crop_ratio)
    return method, PackedSource(packed, packed.positions("train"), block.batch, seed, block.flip, world, crop=crop)


def for_sampling(block: Block, world: World) -> Gan:
    """The generator without discriminator and data; weights are loaded afterwards."""
    return Gan(block, world, 0, training=False)
