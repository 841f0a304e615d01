"""What a trained unpaired method makes of photos of one's own: its translations of a test split, of other photos."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from stages.data.own.kind import Kind, Made

if TYPE_CHECKING:
    from stages.data.prepared.packed import Packed
    from stages.engine.method import Method
    from stages.engine.world import World

AT_ONCE = 8
TRANSLATES = Kind("translates photos", masked=False, options={})
KINDS = dict.fromkeys(("contrast", "cycle", "lsesim"), TRANSLATES)


def frame_of(facts: Mapping[str, Any]) -> str:
    """How photos are framed, in every set of two domains.  Source: code (CUT)."""
    return "stretched_bicubic"


def make(
    method: "Method", facts: Mapping[str, Any], own: "Packed", seed: int, asked: Mapping[str, Any], world: "World"
) -> Iterator[Made]:
    """One translation of each photo, in the model's direction; nothing is drawn.

    Raises: FloatingPointError as `produced`.
    """
    import numpy as np

    from stages.data.image import from_tensor
    from stages.papers.monce.translating import Trained, produced

    trained, device = Trained(method, dict(facts)), str(world.device)
    made = produced(trained, own, np.arange(len(own)), AT_ONCE, device)
    images = np.concatenate([from_tensor(one) for one in made])
    for key, image in zip(own.keys, images, strict=True):
        yield Made(f"{key}_translated", image, {"photo": key, "direction": facts["block"]["direction"]})
