"""ContrasFill: adversarial filling with a contrastive loss in the known and in the unknown space."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast

import torch
from pydantic import Field
from torch import Tensor, nn

from stages.engine.chance import Chance, initialised
from stages.engine.plan import Phase
from stages.engine.world import World
from stages.losses.nce import cosines, info_nce, require_sets
from stages.nets.encoders.load import Encoder, load_encoder
from stages.nets.stylegan.codes import pulled
from stages.papers.contrasfill import combinations
from stages.papers.contrasfill.adversarial import Adversary, adam, discriminator_of, fakes_of
from stages.papers.contrasfill.codes import noise_rows, normal_codes, prepared
from stages.papers.contrasfill.combinations import Cell
from stages.papers.contrasfill.holes import alone, composite, holes
from stages.papers.contrasfill.keys import CommonBlock, sizes, training_source
from stages.papers.contrasfill.methods.contrasfill.nets import Generator, UnknownEncoder
from stages.papers.contrasfill.start import started

CODES = {2: ("known", "unknown"), 1: ("unknown",)}


class Block(CommonBlock):
    """Keys of ContrasFill.

    lambda_*: one value per equal share of the iterations. codes 1 is ContrasFill-1, with `images_per_code` images each.
    """

    codes: Literal[1, 2]
    combination: Literal["product", "sum", "concat"]
    codes_per_space: int = Field(ge=2)
    subsample: Literal["cycle", "blocks", "full", "random"]
    images_per_code: int = Field(ge=2)
    temperature: float = Field(gt=0)
    denominator: Literal["pair", "supcon"]
    lambda_known: tuple[float, ...] = Field(min_length=1)
    lambda_unknown: tuple[float, ...] = Field(min_length=1)
    unknown_encoder: Literal["joint", "frozen"]
    unknown_features: int = Field(gt=0)
    unknown_view: Literal["image", "hole"]
    context_free: bool
    decoder_skips: bool


@dataclass(frozen=True)
class Sets:
    """The sets of one pattern and space on the device: masks, and the rows and columns of those that hold any pair."""

    masks: dict[str, Tensor]
    places: dict[str, tuple[Tensor, ...]]


def weight_at(values: tuple[float, ...], step: int, iterations: int) -> float:
    """The value of a step when each of `values` holds for an equal share of the iterations (settled 22)."""
    return values[min(step * len(values) // iterations, len(values) - 1)]


def cells_of(block: Block, chance: Chance, name: str) -> list[Cell]:
    """The combinations of one phase's global batch; image j uses the codes of cell j."""
    n = block.codes_per_space
    if block.codes == 1:
        return combinations.repeated(n, block.images_per_code)
    if block.subsample == "full":
        return combinations.full_grid(n, n)
    if block.subsample == "random":
        return combinations.random_cells(n, n, block.batch, chance.numpy(name))
    return combinations.subsample(n, n, block.subsample)


class ContrasFill:
    """Two codes jointly modulate the generator; images of equal codes agree in that code's feature space.

    G: L_adv + lambda_1 L_known + lambda_2 L_unknown;  D: logistic pair with R1.

    Source: supp §1 to §3, main Eq 2 to 4.
    Raises: ValueError if the batch does not fit the code combinations.
    """

    def __init__(self, block: Block, world: World, seed: int, frozen: dict[str, nn.Module]):
        self.block, self.world = block, world
        with initialised(seed, "generator"):
            generator = Generator(
                **sizes(block),
                codes=block.codes,
                combination=block.combination,
                decoder_skips=block.decoder_skips,
            )
        with initialised(seed, "discriminator"):
            discriminator = discriminator_of(block)
        generator = prepared(generator, block)
        self.nets: dict[str, nn.Module] = {"generator": generator, "discriminator": discriminator}
        self.average: tuple[str, ...] = ("generator",)
        if block.unknown_encoder == "joint" and any(block.lambda_unknown):
            with initialised(seed, "unknown"):
                size, base, limit = block.size_px, block.channel_base, block.channel_limit
                unknown = UnknownEncoder(size, base, limit, block.unknown_features)
                self.nets["unknown"] = started(unknown, block.kernel_mean)
            self.average = ("generator", "unknown")
        self.frozen = frozen
        self.memory = {"latent_average": torch.zeros(block.codes, block.latent)}
        self.descents = {
            "D": adam(block, ("discriminator",), block.penalty_every),
            "G": adam(block, self.average, None),
        }
        self.adversary = Adversary(discriminator, block, world)
        self.sets: dict[tuple[Cell, ...], dict[str, Sets]] = {}

    @property
    def generator(self) -> Generator:
        return cast(Generator, self.nets["generator"])

    def phases(self, step: int) -> list[Phase]:
        return [Phase("D", "D", ("discriminator",)), Phase("G", "G", self.average)]

    def forward(self, batch: dict, chance: Chance) -> dict[str, Tensor]:
        """The step's one filling where both phases share it."""
        if self.block.fills == "fresh":
            return {}
        return {"filled": self.filled("G", batch["image"], holes(batch["mask"], self.block.hole), chance)}

    def losses(self, phase: Phase, batch: dict, shared: dict, chance: Chance, step: int) -> dict[str, Tensor]:
        """Both phases fill the same holes; the contrastive sets span the global batch (spec §5.5)."""
        image, mask = batch["image"], holes(batch["mask"], self.block.hole)
        fake = fakes_of(phase, shared, lambda name: self.filled(name, image, mask, chance))
        if phase.name == "D":
            fake, real = self.judged(fake, mask), self.judged(image, mask)
            return self.adversary.discriminator_terms(fake, real, mask, chance, step)
        terms = self.adversary.generator_terms(self.judged(fake, mask), mask, chance)
        return terms | self.contrastive_terms(fake, mask, cells_of(self.block, chance, "G/cells"), step)

    def filled(self, name: str, image: Tensor, mask: Tensor, chance: Chance) -> Tensor:
        """Composites of one phase's code combinations. Raises: ValueError if these are not as many as the images."""
        cells = cells_of(self.block, chance, f"{name}/cells")
        if len(cells) != len(image) * self.world.size:
            raise ValueError(
                f"batch: {len(cells)} code combinations need a global batch of {len(cells)}, "
                f"came {len(image) * self.world.size} (keys batch, codes_per_space, subsample)"
            )
        return self.fill(image, mask, self.coded(cells, name, image.device, chance), name, chance)

    def judged(self, image: Tensor, mask: Tensor) -> Tensor:
        """What the discriminator sees: the image, or its hole alone in the context-free variant (gap G17)."""
        return image * mask if self.block.context_free else image

    def coded(self, cells: list[Cell], name: str, device: torch.device, chance: Chance) -> list[Tensor]:
        """Mapped codes of this process's images: a few codes per space, drawn alike everywhere, spread on the cells."""
        mapped = []
        own = cells[self.world.rank :: self.world.size]
        for number, space in enumerate(CODES[self.block.codes]):
            used = [cell[combinations.SPACES.index(space)] for cell in own]
            normal = chance.shared_normal(f"{name}/code_{space}", self.block.codes_per_space, self.block.latent)
            codes = self.generator.mapping[number](normal.to(device))
            if name == "G":
                with torch.no_grad():
                    average = self.memory["latent_average"][number]
                    average.lerp_(codes.mean(0).float(), 1 - self.block.latent_average_keep)
            mapped.append(codes[torch.tensor(used, device=device)])
        return mapped

    def fill(self, image: Tensor, mask: Tensor, mapped: list[Tensor], name: str, chance: Chance) -> Tensor:
        """S = G(I, M, codes) inside the hole, I outside."""
        flat = noise_rows(self.generator.trunk.noise, self.block.noise, f"{name}/noise", len(image), chance)
        return composite(self.colours(image, mask, mapped, flat), image, mask)

    def colours(self, image: Tensor, mask: Tensor, mapped: list[Tensor], flat: Tensor | None) -> Tensor:
        """The generator's raw output; the context-free variant is shown no image (supp §5, figure 11)."""
        shown = torch.zeros_like(image) if self.block.context_free else image
        return self.generator(shown, mask, mapped, flat)

    def contrastive_terms(self, fake: Tensor, mask: Tensor, cells: list[Cell], step: int) -> dict[str, Tensor]:
        """lambda_s times the loss of each space s, with the mean cosines of its sets (main Eq 2 to 4)."""
        terms: dict[str, Tensor] = {}
        weights = {"known": self.block.lambda_known, "unknown": self.block.lambda_unknown}
        for space in CODES[self.block.codes]:
            if not any(weights[space]):
                continue
            sets = self.sets_of(cells, space, fake.device)
            similarity = cosines(self.features(space, fake, mask))
            tau, denominator = self.block.temperature, self.block.denominator
            loss = info_nce(similarity, sets.masks["positive"], sets.masks["negative"], tau, denominator)
            terms[f"G/{space}"] = weight_at(weights[space], step, self.block.iterations) * loss
            terms[f"G/stat/{space}_loss"] = loss.detach()
            for name, pairs in sets.places.items():
                terms[f"G/stat/{space}_{name}"] = similarity.detach()[pairs].mean()
        return terms

    def features(self, space: str, images: Tensor, mask: Tensor) -> Tensor:
        """E_k of all processes' images, or E_u of them or of their holes alone (gap G2), with gradients: [B D]."""
        if space == "unknown" and self.block.unknown_view == "hole":
            images = alone(images, mask)
        if space == "unknown" and "unknown" in self.nets:
            net = cast(UnknownEncoder, self.nets["unknown"])
            return net.norm(self.world.gather(net.own(images)))
        return self.world.gather(cast(Encoder, self.frozen[space]).encode(images))

    def sets_of(self, cells: list[Cell], space: str, device: torch.device) -> Sets:
        """The sets on the device, found and checked once for each pattern, before they go there."""
        key = tuple(cells)
        if key not in self.sets:
            self.sets = {key: {}}
        if space not in self.sets[key]:
            sets = {name: torch.from_numpy(mask) for name, mask in combinations.masks(cells, space).items()}
            require_sets(sets["positive"], sets["negative"])
            self.sets[key][space] = Sets(
                {name: mask.to(device) for name, mask in sets.items()},
                {
                    name: tuple(axis.to(device) for axis in mask.nonzero(as_tuple=True))
                    for name, mask in sets.items()
                    if mask.any()
                },
            )
        return self.sets[key][space]

    @torch.no_grad()
    def produce(self, batch: dict, chance: Chance) -> dict[str, Tensor]:
        """One filling per row. Rows of code_known and code_unknown in the batch replace drawn codes (for grids)."""
        image, mask = batch["image"], holes(batch["mask"], self.block.hole)
        generator, mapped = self.generator, []
        for number, space in enumerate(CODES[self.block.codes]):
            name = f"code_{space}"
            normal = batch[name] if name in batch else normal_codes(name, batch, chance, self.block.latent)
            average = self.memory["latent_average"][number].to(image.device)
            mapped.append(pulled(generator.mapping[number](normal), average, self.block.truncation))
        flat = noise_rows(generator.trunk.noise, self.block.noise_evaluation, "noise", len(image), chance)
        colours = self.colours(image, mask, mapped, flat).float()
        return {"image": composite(colours, image, mask), "colours": colours, "mask": mask}


def for_training(block: Block, inputs: dict[str, Path], seed: int, world: World) -> tuple[ContrasFill, object]:
    """The method with its frozen encoders (inputs encoder for E_k, encoder_unknown for a frozen E_u), and its data."""
    frozen = {}
    if block.codes == 2 and any(block.lambda_known):
        frozen["known"] = load_encoder(inputs["encoder"])
    if block.unknown_encoder == "frozen" and any(block.lambda_unknown):
        frozen["unknown"] = load_encoder(inputs["encoder_unknown"])
    return ContrasFill(block, world, seed, frozen), training_source(block, inputs, seed, world)


def for_sampling(block: Block, world: World) -> ContrasFill:
    """The method without encoders and data; weights are loaded afterwards."""
    return ContrasFill(block, world, 0, {})
