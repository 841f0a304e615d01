"""Generated pictures by the numbers of their latents, the same whatever is drawn beside them."""

from collections.abc import Iterator, Sequence
from typing import cast

import numpy as np
import torch

from stages.data.image import from_tensor
from stages.engine.method import Method
from stages.engine.rowchance import RowChance
from stages.nets.stylegan.generator import Generator
from stages.papers.mscond.trained import Trained, latents, make


def trained_of(method: Method) -> Trained:
    """What the verb `sample` has loaded, as measures open it; without model.json."""
    generator = cast(Generator, method.nets["generator"])
    return Trained(generator, method.memory["latent_average"], method.block, {})


def pictures_of(
    trained: Trained, seed: int, numbers: Sequence[int], batch: int, psi: float, noisy: bool
) -> Iterator[np.ndarray]:
    """Pictures of the latents (seed, number), in order; `noisy` ones draw their noise, the others have fixed planes.

    Source: spec §5.1, §5.5 (code: every picture has a draw of its own; rounded to 8 bits, 0 becomes 128).
    Shapes: -> uint8 [<= batch S S 3].
    Raises: FloatingPointError naming the first latent whose picture is not finite.
    """
    for start in range(0, len(numbers), batch):
        taken = numbers[start : start + batch]
        chance = RowChance(seed, [f"latent/{number}" for number in taken])
        drawn = latents(chance, len(taken), trained.generator.inputs)
        with torch.no_grad():
            images = make(trained, drawn, psi, chance if noisy else None)
        bad = ~torch.isfinite(images).flatten(1).all(1)
        if bool(bad.any()):
            raise FloatingPointError(f"the picture of latent {taken[int(bad.nonzero()[0])]} is not finite")
        yield from_tensor(images)
