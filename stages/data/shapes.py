"""Stanford Cars' class names grouped into eight body shapes."""

from collections.abc import Mapping, Sequence

SHAPES = ("SUV", "Sedan", "Hatchback", "Coupe", "Convertible", "Wagon", "Cab", "Van")
# Compounds that end in these words count too: SuperCab, Minivan.
_SUFFIXES = {"cab": "Cab", "van": "Van"}


def shape_of(class_name: str) -> str | None:
    """The shape that the last voting word of a class name names; None where no word votes.

    A word votes if it equals a shape, or ends with cab or van in any case.
    Source: supp (eight shapes), spec §2.5 (gap G22: classes without a shape are left out).
    """
    shape = None
    for word in class_name.split(" "):
        if word in SHAPES:
            shape = word
        else:
            ending = next((name for suffix, name in _SUFFIXES.items() if word.lower().endswith(suffix)), None)
            shape = ending or shape
    return shape


def group_shapes(class_names: Sequence[str], curated: Mapping[str, str]) -> tuple[list[int], list[str]]:
    """Index into SHAPES for each class, -1 = none, and the names of the classes without a shape.

    `curated` gives shapes by class number (from 1, as text) to classes that the rule leaves out.
    Raises: ValueError for a curated class that does not exist or already has a shape, or a shape not among the eight.
    """
    shapes = [shape_of(name) for name in class_names]
    for number, shape in curated.items():
        place = int(number) - 1 if number.isdecimal() else -1
        if not 0 <= place < len(shapes) or shapes[place] is not None or shape not in SHAPES:
            raise ValueError(
                f"curated_shapes: expected the number of a class without a shape and one of {SHAPES}, "
                f"came {number}: {shape}"
            )
        shapes[place] = shape
    left_out = [name for name, shape in zip(class_names, shapes, strict=True) if shape is None]
    return [-1 if shape is None else SHAPES.index(shape) for shape in shapes], left_out
