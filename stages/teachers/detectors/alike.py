"""Only photos of one size go through a network together.

Beside a larger one a photo is padded, the network sees the padding, and finds other things: what is found in a photo
would depend on its neighbours.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

Input = TypeVar("Input")
Result = TypeVar("Result")
# How many batches of photos are looked through for such of one size.
BATCHES_AHEAD = 8


def run_alike(
    inputs: Sequence[Input],
    shapes: Sequence[tuple[int, ...]],
    batch: int,
    run: Callable[[list[Input]], Iterable[Result]],
) -> list[Result]:
    """What `run` gives for each input, in their order; it gets inputs of one shape, at most `batch` at once."""
    places: dict[tuple[int, ...], list[int]] = {}
    for place, shape in enumerate(shapes):
        places.setdefault(shape, []).append(place)
    found: dict[int, Result] = {}
    for same in places.values():
        for start in range(0, len(same), batch):
            chosen = same[start : start + batch]
            found |= dict(zip(chosen, run([inputs[place] for place in chosen]), strict=True))
    return [found[place] for place in range(len(inputs))]
