"""What a trained OneGAN says of photos of one's own: where the object is, its cluster, and the ground without it."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from stages.data.own.kind import Kind, Made

if TYPE_CHECKING:
    from stages.data.prepared.packed import Packed
    from stages.engine.world import World
    from stages.papers.onegan.methods.gan.method import OneGAN

AT_ONCE = 8
KINDS = {"gan": Kind("finds the object of photos, names its cluster and paints the ground", masked=False, options={})}


def frame_of(facts: Mapping[str, Any]) -> str:
    """How photos are framed: as the crops about a box are, so that a photo should be cropped about its object."""
    return "stretched_bilinear"


def make(
    method: "OneGAN", facts: Mapping[str, Any], own: "Packed", seed: int, asked: Mapping[str, Any], world: "World"
) -> Iterator[Made]:
    """Of each photo the soft mask (0 to 255), the painted ground, and both classes, by the codes' means.

    Source: supp §D.2, §D.4. Raises: FloatingPointError as `passes.rebuilt`.
    """
    from stages.papers.onegan.passes import encoded
    from stages.papers.onegan.rebuilding import rebuild
    from stages.papers.onegan.sampling import to_levels

    device = str(world.device)
    seen = encoded(method.model, own.images, AT_ONCE, device)
    found = rebuild(method.model, own.images, AT_ONCE, device)
    masks = to_levels(found.masks)
    for place, key in enumerate(own.keys):
        child = int(seen.child[place])
        said = {"photo": key, "cluster": child, "share": float(seen.shares[place, child])}
        said |= {"parent": int(seen.parent[place]), "object": float(found.masks[place].mean())}
        yield Made(f"{key}_mask", masks[place], said)
        yield Made(f"{key}_ground", found.grounds[place], {"photo": key})
