"""StyleGAN2, MultiscaleD and MsConD in training: a generator, a discriminator with heads at several heights.

Which of the three it is follows from the keys: `scales` 1 without `contrastive` is StyleGAN2, 1-16 without is
MultiscaleD, with it MsConD.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.func import functional_call

from stages.engine.chance import Chance
from stages.engine.plan import Phase
from stages.engine.weights import FILE
from stages.engine.world import World
from stages.losses.adversarial import logistic_discriminator, logistic_generator
from stages.losses.penalty import r1
from stages.nets.stylegan.stylegan2 import Discriminator, Seen
from stages.papers.mscond import dynamics, momentum
from stages.papers.mscond.common import adam
from stages.papers.mscond.contrast import contrastive, fresh_queue
from stages.papers.mscond.feeding import Photos, source_of
from stages.papers.mscond.matching import match
from stages.papers.mscond.methods.gan.block import Block
from stages.papers.mscond.methods.gan.nets import TableDiscriminator, branches_of
from stages.papers.mscond.pair import Maker, discriminator_of, path_terms
from stages.papers.mscond.views import seen

Logits = dict[int, Tensor]


class GAN:
    """L_D = sum_l w_l L_adv^l + lambda mean_l L_con^l, L_G = sum_l w_l L_adv^l, and StyleGAN2's two lazy penalties.

    Four phases, each with codes of its own: the generator, its path length, the discriminator, its gradient penalty.
    The heads of `probe` learn from maps that they send no gradient into, and nobody else sees them.

    Source: supp §1, §2; StyleGAN2 (code); losses ours where the text has none (gaps G1 to G3, G26), spec 4.
    """

    average: tuple[str, ...] = ("generator",)

    def __init__(self, block: Block, world: World, seed: int) -> None:
        self.block, self.world = block, world
        self.maker = Maker(block, world, seed)
        kind = TableDiscriminator if block.epilogue == "table1" else Discriminator
        judges = {"discriminator": discriminator_of(block, seed, kind)} | branches_of(block, seed)
        self.nets: dict[str, nn.Module] = {"generator": self.maker.generator, **judges}
        self.frozen: dict = {}
        self.memory = self.maker.memory
        ticks = math.ceil(block.iterations / block.tick_steps)
        self.memory[dynamics.MEMORY] = dynamics.fresh(ticks, len(heads_of(block)))
        self.followed = {name: net for name, net in judges.items() if name != "probe"}
        if block.contrastive and block.keys == "momentum":
            self.memory |= momentum.copied(self.followed)
        if block.contrastive and block.queue:
            for domain in block.contrast_domains:
                self.memory[f"queue/{domain}"] = fresh_queue(block.queue, block.embedding, seed, f"queue/{domain}")
        self.descents = {
            "G": adam(block, ("generator",), block.path_every),
            "D": adam(block, tuple(judges), block.penalty_every),
        }

    def phases(self, step: int) -> list[Phase]:
        block = self.block
        found = [Phase("Gmain", "G", ("generator",))]
        if block.path_weight and step % block.path_every == 0:
            found.append(Phase("Greg", "G", ("generator",)))
        found.append(Phase("Dmain", "D", self.descents["D"].nets))
        if block.penalty_gamma and step % block.penalty_every == 0:
            found.append(Phase("Dreg", "D", tuple(self.followed)))
        return found

    def forward(self, batch: dict, chance: Chance) -> dict:
        """Lets the slow copies follow; phases share nothing."""
        if self.block.contrastive and self.block.keys == "momentum":
            momentum.follow(self.memory, self.followed, self.block.momentum)
        return {}

    def losses(self, phase: Phase, batch: dict, shared: dict, chance: Chance, step: int) -> dict[str, Tensor]:
        real = batch["image"]
        if phase.name == "Gmain":
            logits = self.judge(self.maker.imagine("Gmain", len(real), chance))
            return {
                f"G/adversarial_{height}": self.weight(height) * logistic_generator(on_fake)
                for height, on_fake in logits.items()
            }
        if phase.name == "Greg":
            return path_terms(self.maker, self.block, "Greg", len(real), chance)
        if phase.name == "Dreg":
            penalty = r1(self.mean_logit, real, self.block.penalty_gamma)
            return {"D/r1": penalty * self.block.penalty_every}
        with torch.no_grad():
            fake = self.maker.imagine("Dmain", len(real), chance)
        terms = self.told_apart(real, fake, step)
        if "held_out" in batch:
            self.watch(batch["held_out"], step)
        if self.block.contrastive and step % self.block.contrast_every == 0:
            terms |= self.contrast({"real": real, "fake": fake}, chance)
        return terms

    def told_apart(self, real: Tensor, fake: Tensor, step: int) -> dict[str, Tensor]:
        """The adversarial terms of all heads; notes what they say."""
        shown = self.look(torch.cat([real, fake]), parts=2)
        logits = self.logits(shown)
        terms = {}
        for height, both in logits.items():
            on_real, on_fake = both.chunk(2)
            terms[f"D/adversarial_{height}"] = self.weight(height) * logistic_discriminator(on_real, on_fake)
        probed = self.probed(shown)
        for height, both in probed.items():
            terms[f"D/probe_{height}"] = logistic_discriminator(*both.chunk(2))
        halves = [both.chunk(2) for both in (*logits.values(), *probed.values())]
        for domain, place in (("real", 0), ("fake", 1)):
            self.note(domain, [half[place] for half in halves], step)
        return terms

    @torch.no_grad()
    def watch(self, held_out: Tensor, step: int) -> None:
        """Notes what all heads say of photos that nobody trains on."""
        shown = self.look(held_out)
        self.note("held_out", [*self.logits(shown).values(), *self.probed(shown).values()], step)

    def note(self, domain: str, logits: list[Tensor], step: int) -> None:
        """Adds to the sums of this step's tick."""
        dynamics.note(self.memory[dynamics.MEMORY], step // self.block.tick_steps, domain, logits, self.world)

    def contrast(self, images: dict[str, Tensor], chance: Chance) -> dict[str, Tensor]:
        """lambda / heights times the contrastive loss of each domain and height; queues move on."""
        block, domains = self.block, self.block.contrast_domains
        moved = block.pairs == "coords"
        one, two = (
            [seen(images[domain], block, chance, f"contrast/{domain}/{side}", moved) for domain in domains]
            for side in ("query", "key")
        )
        queries = self.project(torch.cat([pictures for pictures, _ in one]), slow=False)
        with torch.no_grad():
            keys = self.project(torch.cat([pictures for pictures, _ in two]), slow=block.keys == "momentum")
        terms: dict[str, Tensor] = {}
        for height in block.heights:
            pairs = zip(queries[height].chunk(len(domains)), keys[height].chunk(len(domains)), strict=True)
            for place, (domain, (query, key)) in enumerate(zip(domains, pairs, strict=True)):
                views, others = one[place][1], two[place][1]
                name = f"{domain}_{height}"
                queue = self.memory.get(f"queue/{domain}") if height == 1 else None
                found = contrastive(
                    query,
                    key,
                    match(views.boxes, views.flips, others.boxes, others.flips, height, block.near),
                    temperature=block.temperature,
                    keys_kept=block.keys_kept,
                    queue=queue,
                    chance=chance,
                    name=f"contrast/{name}",
                    world=self.world,
                )
                terms[f"D/contrast_{name}"] = block.weight_contrast / len(block.heights) * found.loss
                terms |= {f"D/stat/{fact}_{name}": value for fact, value in found.facts.items()}
                if queue is not None and found.queue is not None:
                    queue.copy_(found.queue)
        return terms

    def project(self, images: Tensor, slow: bool) -> dict[int, Tensor]:
        """Projections at all heights, by the networks or by their slow copies: [B embedding H H]."""
        parts = len(self.block.contrast_domains)
        branches = self.nets["branches"]
        if not slow:
            shown = self.look(images, parts)
            return branches(shown.maps, shown.dense, projecting=True)
        judge = momentum.parameters_of(self.memory, "discriminator")
        shown = functional_call(self.nets["discriminator"], judge, (images,), self.ways(parts))
        held = momentum.parameters_of(self.memory, "branches")
        return functional_call(branches, held, (shown.maps, shown.dense), {"projecting": True})

    def weight(self, height: int) -> float:
        """w_l."""
        return 1.0 if height == 1 else self.block.weight_local

    def ways(self, parts: int) -> dict:
        """How the discriminator runs on `parts` batches stacked: deviation groups over each whole global batch."""
        gather: Callable | None = self.world.gather if self.world.size > 1 else None
        own = slice(self.world.rank, None, self.world.size)
        return {"parts": parts, "gather": gather, "own": own, "whole": True}

    def look(self, images: Tensor, parts: int = 1) -> Seen:
        """What the discriminator makes of images."""
        return self.nets["discriminator"](images, **self.ways(parts))

    def logits(self, shown: Seen) -> Logits:
        """Logits of the heights that count: [B 1 l l] each."""
        found = {1: shown.logit[:, :, None, None]}
        return found | (self.nets["branches"](shown.maps, shown.dense) if self.block.local else {})

    def probed(self, shown: Seen) -> Logits:
        """Logits of the heads that only watch."""
        if "probe" not in self.nets:
            return {}
        maps = {height: shown.maps[height].detach() for height in self.block.probe}
        return self.nets["probe"](maps, shown.dense.detach())

    def judge(self, images: Tensor) -> Logits:
        """Logits of images at the heights that count."""
        return self.logits(self.look(images))

    def mean_logit(self, images: Tensor) -> Tensor:
        """What the gradient penalty is on, sum_l w_l mean_ij D^l_ij: [B].  Source: ours (gap G3), spec 4.2."""
        logits = self.judge(images)
        heights = self.block.heights if self.block.penalty_heights == "all" else (1,)
        means = [self.weight(height) * logits[height].float().mean((1, 2, 3)) for height in heights]
        return torch.stack(means).sum(0)

    def produce(self, batch: dict, chance: Chance) -> dict[str, Tensor]:
        """One image a row."""
        return self.maker.produce(batch, chance)


def heads_of(block: Block) -> list[dynamics.Head]:
    """All heads that give logits, in the order of the dynamics."""
    return [("own", height) for height in block.heights] + [("probe", height) for height in block.probe]


def for_training(block: Block, inputs: dict[str, Path], seed: int, world: World) -> tuple[GAN, Photos]:
    """The method and its photos. Inputs: data.

    Raises: ValueError if the photos have another side than the method.
    """
    return GAN(block, world, seed), source_of(block, inputs["data"], seed, world, block.tick_steps)


def for_sampling(block: Block, world: World) -> GAN:
    """All networks; weights are loaded afterwards."""
    return GAN(block, world, 0)


def finish(block: Block, inputs: dict[str, Path], out: Path, world: World, progress: Callable) -> None:
    """Leaves dynamics.parquet, made of the sums that training left in its memory."""
    sums = load_file(out / FILE)[f"memory.{dynamics.MEMORY}"]
    total = block.iterations * block.batch
    dynamics.write(sums, heads_of(block), block.dynamics_every_images, total, out)
