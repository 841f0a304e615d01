"""What a trained generator of scenes makes: pictures by number, as the verb sample makes its uncurated ones."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from stages.data.own.kind import Kind, Made

if TYPE_CHECKING:
    from stages.data.prepared.packed import Packed
    from stages.engine.method import Method
    from stages.engine.world import World

AT_ONCE = 8
SAMPLES = Kind("makes pictures", masked=False, options={"count": 16, "psi": 1.0})
KINDS = dict.fromkeys(("gan", "insgen", "projectedgan"), SAMPLES)


def frame_of(facts: Mapping[str, Any]) -> str:
    """No photo is read."""
    return ""


def make(
    method: "Method", facts: Mapping[str, Any], own: "Packed | None", seed: int, asked: Mapping[str, Any],
    world: "World",
) -> Iterator[Made]:  # fmt: skip
    """`count` pictures, truncated by `psi`; picture n depends on (seed, n) alone.

    Raises: FloatingPointError as `pictures_of`.
    """
    from stages.papers.mscond.generated import pictures_of, trained_of

    number = 0
    numbers = range(asked["count"])
    for images in pictures_of(trained_of(method), seed, numbers, AT_ONCE, asked["psi"], noisy=False):
        for image in images:
            yield Made(f"sample_{number:05d}", image, {"latent": number})
            number += 1
