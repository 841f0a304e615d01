"""InsGen in training: StyleGAN2's pair under adaptive augmentation, and instance discrimination in two domains."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.func import functional_call

from stages.engine.chance import Chance, initialised
from stages.engine.plan import Descent, Phase
from stages.engine.world import World
from stages.losses.adversarial import logistic_discriminator, logistic_generator
from stages.losses.nce import positive_against
from stages.losses.penalty import r1
from stages.losses.precision import full_precision
from stages.nets.stylegan.codes import mixed
from stages.nets.stylegan.stylegan2 import channels_at
from stages.papers.mscond import momentum
from stages.papers.mscond.common import adam
from stages.papers.mscond.contrast import fresh_queue, pushed
from stages.papers.mscond.feeding import Photos, source_of
from stages.papers.mscond.methods.insgen.ada import Strength, augmented
from stages.papers.mscond.methods.insgen.block import Block
from stages.papers.mscond.pair import Maker, discriminator_of, path_terms

Domain = Literal["real", "fake"]


class Heads(nn.Module):
    """A two-layer projection of an image's feature for each domain.

    Source: InsGen (code), spec 3.5.
    Shapes: features [B channels] -> [B embedding], of length 1 in float32.
    """

    def __init__(self, channels: int, hidden: int, embedding: int):
        super().__init__()
        self.real = nn.Sequential(nn.Linear(channels, hidden), nn.ReLU(), nn.Linear(hidden, embedding))
        self.fake = nn.Sequential(nn.Linear(channels, hidden), nn.ReLU(), nn.Linear(hidden, embedding))

    def forward(self, features: Tensor, domain: Domain) -> Tensor:
        head = self.real if domain == "real" else self.fake
        return F.normalize(full_precision(head(features)), dim=1)


class InsGen:
    """L_D = L_adv + lambda (L_real + L_fake), L_G = L_adv + lambda_G L_fake, all on augmented images; two penalties.

    Each contrastive loss tells an image's other view, seen by slow copies, from the keys in its domain's queue.

    Source: InsGen (paper, code), StyleGAN2-ADA (code), spec 3.5; gap G21.
    """

    average: tuple[str, ...] = ("generator",)

    def __init__(self, block: Block, world: World, seed: int) -> None:
        self.block, self.world = block, world
        self.maker = Maker(block, world, seed)
        with initialised(seed, "mscond/heads"):
            width = channels_at(4, block.channel_base, block.channel_limit)
            heads = Heads(width, block.head_hidden, block.embedding)
        self.judges: dict[str, nn.Module] = {"discriminator": discriminator_of(block, seed), "heads": heads}
        self.nets: dict[str, nn.Module] = {"generator": self.maker.generator, **self.judges}
        self.frozen: dict = {}
        self.memory = self.maker.memory
        self.memory |= momentum.copied(self.judges)
        for domain in ("real", "fake"):
            self.memory[f"queue/{domain}"] = fresh_queue(block.queue, block.embedding, seed, f"queue/{domain}")
        self.strength = Strength(self.memory, block, block.batch)
        self.descents = {"G": adam(block, ("generator",), block.path_every), "D": self.judging()}

    def judging(self) -> Descent:
        """The discriminator's descent; the head of fakes moves at the generator's rate in it.

        Source: InsGen (code) gives that head an optimiser with the generator's numbers; beta2 is the discriminator's
        here, since a phase has one descent (gap G21).
        """
        path, penalty = self.block.path_every, self.block.penalty_every
        scale = {"heads.fake": path / (path + 1) * (penalty + 1) / penalty}
        block = self.block
        return Descent(
            "adam",
            tuple(self.judges),
            block.learning_rate,
            block.betas,
            block.epsilon,
            lazy_every=penalty,
            scale=scale,
        )

    def phases(self, step: int) -> list[Phase]:
        block = self.block
        found = [Phase("Gmain", "G", ("generator",))]
        if block.path_weight and step % block.path_every == 0:
            found.append(Phase("Greg", "G", ("generator",)))
        found.append(Phase("Dmain", "D", ("discriminator", "heads")))
        if block.penalty_gamma and step % block.penalty_every == 0:
            found.append(Phase("Dreg", "D", ("discriminator",)))
        return found

    def forward(self, batch: dict, chance: Chance) -> dict:
        """Lets slow copies and the augmentation's strength follow; phases share nothing."""
        momentum.follow(self.memory, self.judges, self.block.momentum)
        self.strength.follow(int(chance.step))
        return {}

    def losses(self, phase: Phase, batch: dict, shared: dict, chance: Chance, step: int) -> dict[str, Tensor]:
        real, contrasting = batch["image"], step % self.block.contrast_every == 0
        if phase.name == "Gmain":
            return self.generator_terms(len(real), chance, contrasting)
        if phase.name == "Greg":
            return path_terms(self.maker, self.block, "Greg", len(real), chance)
        if phase.name == "Dreg":
            penalty = r1(lambda x: self.look(self.augment(x, "Dreg", chance))[0], real, self.block.penalty_gamma)
            return {"D/r1": penalty * self.block.penalty_every}
        return self.discriminator_terms(real, chance, contrasting)

    def generator_terms(self, rows: int, chance: Chance, contrasting: bool) -> dict[str, Tensor]:
        """What the generator learns from: heads, queues and keys have no gradient."""
        fake = self.maker.imagine("Gmain", rows, chance)
        logits, features = self.look(self.augment(fake, "Gmain/one", chance))
        terms = {"G/adversarial": logistic_generator(logits)}
        if contrasting and self.block.weight_contrast_generator:
            query = self.nets["heads"](features, "fake")
            key = self.key(self.augment(fake.detach(), "Gmain/two", chance), "fake")
            terms["G/contrast"] = self.block.weight_contrast_generator * self.against(query, key, "fake")
        return terms

    def discriminator_terms(self, real: Tensor, chance: Chance, contrasting: bool) -> dict[str, Tensor]:
        """What discriminator and heads learn from; counts signs, moves queues."""
        rows = len(real)
        with torch.no_grad():
            normal = self.maker.code("Dmain", rows, chance)
            fake = self.maker.synthesise(normal, "Dmain", chance)
        shown = [self.augment(images, f"Dmain/{name}", chance) for name, images in (("real", real), ("fake", fake))]
        on_real, on_fake = self.look(torch.cat(shown), parts=2)[0].chunk(2)
        self.strength.saw(on_real, self.world)
        terms = {
            "D/adversarial": logistic_discriminator(on_real, on_fake),
            "D/stat/strength": self.memory["ada/strength"].clone(),
            "D/stat/sign_real": on_real.detach().sign().mean(),
        }
        if contrasting and self.block.weight_contrast:
            beside = self.beside(normal, chance)
            terms["D/contrast_real"] = self.block.weight_contrast * self.contrast(real, real, "real", chance)
            terms["D/contrast_fake"] = self.block.weight_contrast * self.contrast(fake, beside, "fake", chance)
        return terms

    @torch.no_grad()
    def beside(self, normal: Tensor, chance: Chance) -> Tensor:
        """Images of codes a little aside, with the same mixing and noise as Dmain's fakes: z + perturbation n."""
        block, generator = self.block, self.maker.generator
        aside = chance.normal("Dmain/aside", len(normal), block.latent).to(normal)
        mapped = generator.mapping(normal + block.perturbation * aside)
        codes = mixed(generator, mapped, block.style_mixing, "Dmain", chance)
        return generator(codes, self.maker.noise("Dmain", len(normal), chance)).float()

    def contrast(self, images: Tensor, others: Tensor, domain: Domain, chance: Chance) -> Tensor:
        """The loss of one domain in the discriminator's update.

        The queue of reals takes the keys; that of fakes what the slow head makes of the queries' features, which are of
        codes without perturbation.

        Source: InsGen (code), spec 3.5.
        """
        features = self.look(self.augment(images, f"contrast/{domain}/query", chance))[1]
        query = self.nets["heads"](features, domain)
        key = self.key(self.augment(others, f"contrast/{domain}/key", chance), domain)
        loss = self.against(query, key, domain)
        kept = key if domain == "real" else self.slow_head(features.detach(), domain)
        queue = self.memory[f"queue/{domain}"]
        queue.copy_(pushed(queue, self.world.gather(kept)))
        return loss

    def against(self, query: Tensor, key: Tensor, domain: Domain) -> Tensor:
        """The mean loss of queries whose positives are their keys, against a copy of the queue as it is now."""
        queue = self.memory[f"queue/{domain}"].clone()
        return positive_against(query, key, queue, None, self.block.temperature).mean()

    @torch.no_grad()
    def key(self, images: Tensor, domain: Domain) -> Tensor:
        """Through the slow copies of discriminator and head: [B embedding]."""
        held = momentum.parameters_of(self.memory, "discriminator")
        shown = functional_call(self.nets["discriminator"], held, (images,), self.ways(1))
        return self.slow_head(shown.maps[4].mean((2, 3)), domain)

    @torch.no_grad()
    def slow_head(self, features: Tensor, domain: Domain) -> Tensor:
        """Through the slow copy of a head: [B embedding]."""
        return functional_call(self.nets["heads"], momentum.parameters_of(self.memory, "heads"), (features, domain))

    def augment(self, images: Tensor, name: str, chance: Chance) -> Tensor:
        """Through the pipe at its strength now; each name has draws of its own."""
        return augmented(images, self.strength.p, self.block, chance, f"{name}/augment")

    def ways(self, parts: int) -> dict:
        """How the discriminator runs on `parts` batches stacked: deviation groups over each whole global batch."""
        gather = self.world.gather if self.world.size > 1 else None
        return {"parts": parts, "gather": gather, "own": slice(self.world.rank, None, self.world.size), "whole": True}

    def look(self, images: Tensor, parts: int = 1) -> tuple[Tensor, Tensor]:
        """Logits and features, which are the mean of the map at 4x4: [B 1], [B channels]."""
        shown = self.nets["discriminator"](images, **self.ways(parts))
        return shown.logit, shown.maps[4].mean((2, 3))

    def produce(self, batch: dict, chance: Chance) -> dict[str, Tensor]:
        """One image a row."""
        return self.maker.produce(batch, chance)


def for_training(block: Block, inputs: dict[str, Path], seed: int, world: World) -> tuple[InsGen, Photos]:
    """The method and its photos. Inputs: data.

    Raises: ValueError if the photos have another side than the method.
    """
    return InsGen(block, world, seed), source_of(block, inputs["data"], seed, world)


def for_sampling(block: Block, world: World) -> InsGen:
    """All networks; weights are loaded afterwards."""
    return InsGen(block, world, 0)
