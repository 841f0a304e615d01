"""What a trained filling method does with photos and masks of one's own: the verb sample's own fillings, k of each."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from stages.data.own.kind import Kind, Made

if TYPE_CHECKING:
    from stages.data.prepared.packed import Packed
    from stages.engine.method import Method
    from stages.engine.world import World

AT_ONCE = 8
FILLS = Kind("fills the holes of photos", masked=True, options={"codes": 4})
KINDS = dict.fromkeys(("contrasfill", "comodgan", "collagegan", "batfill"), FILLS)


def frame_of(facts: Mapping[str, Any]) -> str:
    """How photos are framed, for every set that these methods are trained on.  Source: gap G7."""
    return "around_mask"


def make(
    method: "Method", facts: Mapping[str, Any], own: "Packed", seed: int, asked: Mapping[str, Any], world: "World"
) -> Iterator[Made]:
    """`codes` fillings of each photo; filling n depends on (seed, the photo's name, n) alone.

    A model that was trained for box holes fills the tight box of each mask.
    Raises: ValueError and FloatingPointError as `sampling.produce`.
    """
    import torch

    from stages.papers.contrasfill.sampling import produce

    hole = facts["block"].get("hole", "object")
    for position, key in enumerate(own.keys):
        for start in range(0, asked["codes"], AT_ONCE):
            numbers = range(start, min(start + AT_ONCE, asked["codes"]))
            with torch.no_grad():
                made = produce(method, own, [(position, number) for number in numbers], seed, hole, 0, world)
            for number, picture in zip(numbers, made, strict=True):
                yield Made(f"{key}_{number}", picture, {"photo": key, "filling": number, "hole": hole})
