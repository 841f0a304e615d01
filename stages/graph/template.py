"""Texts with ${names}: which names they hold, and what they say at every point of a matrix."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import product

NAME = re.compile(r"\$\{([^}]*)\}")
# What `profile:` may say; the graph has the same shape in each.
PROFILES = ("smoke", "demo", "lite", "paper")

Axes = Mapping[str, Sequence[str | int]]


def names(text: str) -> list[str]:
    """All names in a text, in order."""
    return NAME.findall(text)


def fill(text: str, values: Mapping[str, object]) -> str:
    """The text with the names that `values` has put in; others stay."""
    return NAME.sub(lambda match: str(values.get(match[1], match[0])), text)


def points(axes: Axes) -> Iterator[dict[str, str | int]]:
    """Every combination of the axes, the first outermost; one empty point for no axes."""
    for chosen in product(*axes.values()):
        yield dict(zip(axes, chosen, strict=True))


def readings(texts: Iterable[str], axes: Axes) -> Iterator[tuple[str, ...]]:
    """What texts say at every point of a matrix, in every profile; equal readings come once."""
    listed = tuple(texts)
    held = {name for text in listed for name in names(text)}
    over = {axis: values for axis, values in axes.items() if f"item.{axis}" in held}
    for profile in PROFILES if "profile" in held else PROFILES[:1]:
        for point in points(over):
            values = {f"item.{name}": value for name, value in point.items()} | {"profile": profile}
            yield tuple(fill(text, values) for text in listed)
