"""Unpaired translation whose content is held by spatial self-similarity: FSeSim, and LSeSim, its learned form."""

from pathlib import Path

import torch
from torch import Tensor

from stages.engine.chance import Chance, initialised
from stages.engine.method import Source
from stages.engine.plan import Phase
from stages.engine.world import World
from stages.losses.adversarial import least_squares_discriminator, least_squares_generator
from stages.losses.self_similarity import contrastive_map_loss, self_similarity_loss, similarity_maps
from stages.nets.similarity_head import SimilarityHead
from stages.papers.monce.common import adam, falls_after_half
from stages.papers.monce.contrasting import draw_positions
from stages.papers.monce.features import features_of
from stages.papers.monce.methods.lsesim.block import Block
from stages.papers.monce.pool import empty_pool, exchanged
from stages.papers.monce.unpaired_nets import discriminator_of, generator_of, unpaired_source


class SelfSimilar:
    """L_G = lambda_GAN (D(G(a)) - 1)^2 + lambda_S distance(S(G(a)), S(a)), S the self-similarity of VGG-16's features.

    In the learned form S comes from heads behind the features, which a contrastive step teaches first: a place of the
    source has to find itself in the translation, beside those of a real target picture, turned about both axes. The
    augmented pairs that the public code can add to that step are left out (gap G9).

    Source: supp §2 (the official code); code (F-LSeSim), spec §4.8.
    """

    average = ()

    def __init__(self, block: Block, world: World, seed: int, training: bool):
        self.block, self.world = block, world
        self.nets: dict = {"generator": generator_of(block, seed, "generator")}
        self.frozen: dict = {}
        self.memory = {"pool": empty_pool(block.pool, block.size_px)}
        self.descents: dict = {}
        if training:
            self.nets["discriminator"] = discriminator_of(block, seed, "discriminator")
            for name, net in (("D", "discriminator"), ("G", "generator")):
                self.descents[name] = self.descent(net)

    def descent(self, net: str):
        """Adam over one net."""
        block = self.block
        return adam(block, (net,), block.learning_rate, falls_after_half(block.iterations, block.epochs))

    def look_through(self, folder: Path, seed: int) -> None:
        """Takes the frozen VGG-16, and makes the heads of the learned form."""
        features = features_of(folder, self.block.features, normalise=True)
        self.frozen["features"] = features
        if self.block.learned:
            with initialised(seed, "monce/similarity"):
                self.nets["similarity"] = SimilarityHead(features.widths())
            self.descents["S"] = self.descent("similarity")

    def phases(self, step: int) -> list[Phase]:
        before = [Phase("S", "S", ("similarity",))] if self.block.learned else []
        return [*before, Phase("D", "D", ("discriminator",)), Phase("G", "G", ("generator",))]

    def forward(self, batch: dict, chance: Chance) -> dict:
        """The translations, and what VGG-16 sees in the sources."""
        with torch.no_grad():
            keys = self.frozen["features"](batch["source"])
        return {"fake": self.nets["generator"](batch["source"])[0], "keys": keys}

    def losses(self, phase: Phase, batch: dict, shared: dict, chance: Chance, step: int) -> dict[str, Tensor]:
        block, fake, keys = self.block, shared["fake"], shared["keys"]
        if phase.name == "S":
            return {"S/contrast": self.taught(fake.detach(), batch["target"], keys, chance)}
        judge = self.nets["discriminator"]
        if phase.name == "D":
            seen = exchanged(self.memory["pool"], fake, step, chance, "D/pool", self.world)
            return {"D/adversarial": least_squares_discriminator(judge(batch["target"]), judge(seen))}
        queries = self.frozen["features"](fake)
        if block.learned:
            queries, keys = self.nets["similarity"](queries), self.nets["similarity"](keys)
        places = draw_positions(keys, block.positions, chance, "positions")
        distance = self_similarity_loss(keys, queries, places, block.window, normed=block.learned)
        return {
            "G/adversarial": block.weight_adversarial * least_squares_generator(judge(fake)),
            "G/similarity": block.weight_similarity * distance,
        }

    def taught(self, fake: Tensor, target: Tensor, keys: list[Tensor], chance: Chance) -> Tensor:
        """The contrastive step of the heads, a mean over layers."""
        head, features = self.nets["similarity"], self.frozen["features"]
        with torch.no_grad():
            seen, others = features(fake), features(target.flip(2, 3))
        places = draw_positions(keys, self.block.positions, chance, "positions/taught")
        three = zip(head(keys), head(seen), head(others), places, strict=True)
        terms = []
        for own, made, other, at in three:
            own, made, other = (similarity_maps(one, at, self.block.window, True) for one in (own, made, other))
            terms.append(contrastive_map_loss(own, made, other, self.block.temperature))
        return torch.stack(terms).mean()

    @torch.no_grad()
    def produce(self, batch: dict, chance: Chance) -> dict[str, Tensor]:
        """The translation of every source."""
        return {"image": self.nets["generator"](batch["source"])[0]}


def for_training(block: Block, inputs: dict[str, Path], seed: int, world: World) -> tuple[SelfSimilar, Source]:
    """The method and the two sets behind one source. Inputs: data, features (VGG-16).

    Raises: ValueError if the data have another side than the method, or the features are of no VGG.
    """
    method = SelfSimilar(block, world, seed, training=True)
    method.look_through(inputs["features"], seed)
    return method, unpaired_source(block, inputs["data"], seed, world)


def for_sampling(block: Block, world: World) -> SelfSimilar:
    """The generator alone; weights are loaded afterwards."""
    return SelfSimilar(block, world, 0, training=False)
