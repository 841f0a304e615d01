"""The adversarial pair of ContrasFill, CoModGAN and CollageGAN, against a discriminator that sees the hole."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor

from stages.engine.chance import Chance
from stages.engine.plan import Descent, Phase
from stages.engine.world import World
from stages.losses.adversarial import logistic_discriminator, logistic_generator
from stages.losses.penalty import r1
from stages.nets.stylegan.stylegan2 import Discriminator, beside_mask
from stages.papers.contrasfill.keys import CommonBlock
from stages.papers.contrasfill.start import started


@dataclass(frozen=True)
class Adversary:
    """The adversarial pair against a discriminator that sees the hole mask."""

    net: Discriminator
    block: CommonBlock
    world: World

    def judge(self, images: Tensor, mask: Tensor, name: str, chance: Chance, parts: int = 1) -> Tensor:
        """Logits of `parts` batches stacked; deviation groups are shuffled over each whole global batch (spec §4.5)."""
        total = len(images) // parts * self.world.size
        order = chance.permutation(name, total).to(images.device)
        own = slice(self.world.rank, None, self.world.size)
        gather = self.world.gather if self.world.size > 1 else None
        return self.net(beside_mask(images, mask), parts, order, gather, own)

    def discriminator_terms(
        self, fake: Tensor, real: Tensor, mask: Tensor, chance: Chance, step: int
    ) -> dict[str, Tensor]:
        """Logistic loss on (S, M) and (I, M); R1 on the reals every `penalty_every` steps, times that number."""
        both = torch.cat([fake, real]), torch.cat([mask, mask])
        on_fake, on_real = self.judge(*both, "D/order", chance, parts=2).chunk(2)
        terms = {
            "D/adversarial": logistic_discriminator(on_real, on_fake),
            "D/stat/sign_real": on_real.detach().sign().mean(),
            "D/stat/sign_fake": on_fake.detach().sign().mean(),
        }
        if step % self.block.penalty_every == 0 and self.block.penalty_gamma > 0:
            penalty = r1(lambda x: self.judge(x, mask, "D/order_penalty", chance), real, self.block.penalty_gamma)
            terms["D/r1"] = penalty * self.block.penalty_every
        return terms

    def generator_terms(self, fake: Tensor, mask: Tensor, chance: Chance) -> dict[str, Tensor]:
        """Logistic loss of the generator on (S, M)."""
        return {"G/adversarial": logistic_generator(self.judge(fake, mask, "G/order", chance))}


def fakes_of(phase: Phase, shared: dict, fill: Callable[[str], Tensor]) -> Tensor:
    """The fakes of a phase: the step's one filling, or one of its own by `fill(its name)`; D sees no graph of G.

    Source: one for each phase: StyleGAN2 (code); one for both: key fills (gap G10).
    """
    if phase.name != "D":
        return shared["filled"] if shared else fill(phase.name)
    if shared:
        return shared["filled"].detach()
    with torch.no_grad():
        return fill("D")


def discriminator_of(block: CommonBlock) -> Discriminator:
    """The discriminator that all three methods train against."""
    net = Discriminator(4, block.size_px, block.channel_base, block.channel_limit, block.deviation_group)
    return cast(Discriminator, started(net, block.kernel_mean))


def adam(block: CommonBlock, nets: tuple[str, ...], lazy_every: int | None) -> Descent:
    """Adam as in StyleGAN2, with its correction for a regulariser that is in one of `lazy_every` steps."""
    return Descent(
        kind="adam",
        nets=nets,
        learning_rate=block.learning_rate,
        betas=block.betas,
        eps=block.epsilon,
        lazy_every=lazy_every,
    )
