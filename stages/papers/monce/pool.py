"""A pool of earlier translations, from which the discriminator sees half of its fakes."""

import torch
from torch import Tensor

from stages.engine.chance import Chance
from stages.engine.world import World


def empty_pool(places: int, side: int) -> Tensor:
    """The memory of one pool, before its first picture. Shapes: [places 3 side side]."""
    return torch.zeros(places, 3, side, side)


@torch.no_grad()
def exchanged(pool: Tensor, fakes: Tensor, step: int, chance: Chance, name: str, world: World) -> Tensor:
    """The pictures that the discriminator sees in place of its fakes; the pool takes what it has not.

    Until the pool is full a fake enters it and is seen; then with probability 1/2 a picture of the pool is seen and the
    fake takes its place. The fakes of all processes pass in the order of the whole batch, so every process holds the
    same pool; how many it holds follows from the step, since every step brings a whole batch.

    Source: code (CycleGAN). Shapes: pool [P 3 R R], changed in place; [b 3 R R] -> [b 3 R R].
    """
    whole = world.gather(fakes.detach().float())
    held, draws, seen = min(len(pool), step * len(whole)), chance.numpy(name), []
    for fake in whole:
        if held < len(pool):
            pool[held] = fake
            held += 1
            seen.append(fake)
        elif draws.random() < 0.5:
            seen.append(fake)
        else:
            place = int(draws.integers(len(pool)))
            seen.append(pool[place].clone())
            pool[place] = fake
    return torch.stack(seen)[world.rank :: world.size].to(fakes.dtype)
