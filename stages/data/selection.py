"""The filters F1 to F3 of the object sets, as pure functions that say why they reject."""

from collections.abc import Sequence
from dataclasses import dataclass

from stages.data.instances import Instance


@dataclass(frozen=True)
class Refusal:
    """Why an image was refused: the filter's step, one word, and the facts."""

    step: str
    reason: str
    detail: str


def passes_size(width: int, height: int, minimum_side: int, minimum_long_side: int) -> bool:
    """F1: both sides and the longer side strictly above their limits. Source: supp, spec §2.4 F1."""
    return width > minimum_side and height > minimum_side and max(width, height) > minimum_long_side


def refuse_instances(instances: Sequence[Instance], classes: Sequence[str]) -> Refusal | None:
    """F2 and F3: the best-scored instance is of a wanted class, and no other instance of any class has a larger mask.

    Equal scores keep the table's order; equal areas keep the image.
    Source: supp, spec §2.4 F2, F3. Shapes: instances in any order.
    """
    if not instances:
        return Refusal("detector", "no_instance", "no instance above the detector's threshold")
    ordered = sorted(instances, key=lambda instance: -instance.score)
    best = ordered[0]
    if best.class_name not in classes:
        wanted = " or ".join(classes)
        return Refusal(
            "class", "other_class", f"best instance is {best.class_name} ({best.score:.3f}), wanted {wanted}"
        )
    area = best.area
    for other in ordered[1:]:
        if other.area > area:
            detail = f"{other.class_name} covers {other.area} px, the best instance {area} px"
            return Refusal("largest", "larger_instance", detail)
    return None
