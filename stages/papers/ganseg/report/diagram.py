"""Boxes with tensors' shapes and the arrows between them."""

from itertools import pairwise
from typing import Any

from stages.draw import style

INKS = {
    "noise": "#e8e2d4",
    "points": "#dbe7f3",
    "masks": "#e4efd9",
    "front": "#f6e0d6",
    "back": "#e9e1f1",
    "end": "#fbf1d2",
}


class Diagram:
    """A figure whose units are tenths of an inch, with (0, 0) at its lower left corner."""

    def __init__(self, width: float, height: float) -> None:
        self.figure = style.figure(width / 10, height / 10)
        self.axes = self.figure.add_axes((0, 0, 1, 1))
        self.axes.set_xlim(0, width)
        self.axes.set_ylim(0, height)
        self.axes.set_axis_off()

    def box(self, x: float, y: float, width: float, height: float, text: str, kind: str) -> "Box":
        """A rounded box with text in its middle; (x, y) is its lower left corner."""
        from matplotlib.patches import FancyBboxPatch

        shape = FancyBboxPatch(
            (x, y), width, height, boxstyle="round,pad=0,rounding_size=0.8", linewidth=0.7, edgecolor=style.SOFT,
            facecolor=INKS[kind],
        )  # fmt: skip
        self.axes.add_patch(shape)
        self.axes.text(x + width / 2, y + height / 2, text, ha="center", va="center", fontsize=6.2, linespacing=1.35)
        return Box(x, y, width, height)

    def arrow(self, start: tuple[float, float], end: tuple[float, float], bend: float = 0.0, label: str = "") -> None:
        """An arrow between two points, bent by a share of its length."""
        from matplotlib.patches import FancyArrowPatch

        self.axes.add_patch(
            FancyArrowPatch(
                start, end, arrowstyle="-|>", mutation_scale=6, linewidth=0.7, color=style.INK, shrinkA=0, shrinkB=0,
                connectionstyle=f"arc3,rad={bend}",
            )
        )  # fmt: skip
        if label:
            middle = ((start[0] + end[0]) / 2, (start[1] + end[1]) / 2 + 0.9)
            self.axes.text(*middle, label, ha="center", va="bottom", fontsize=5.6, color=style.SOFT)

    def path(self, *corners: tuple[float, float]) -> None:
        """A line with corners that ends in an arrow."""
        for start, end in pairwise(corners[:-1]):
            self.axes.plot(*zip(start, end, strict=True), color=style.INK, linewidth=0.7, solid_capstyle="butt")
        self.arrow(corners[-2], corners[-1])

    def write(self, x: float, y: float, text: str, size: float = 7.0, weight: str = "normal") -> None:
        """Text that begins at (x, y)."""
        self.axes.text(x, y, text, ha="left", va="center", fontsize=size, weight=weight)


class Box:
    """Where a box's sides are."""

    def __init__(self, x: float, y: float, width: float, height: float) -> None:
        self.left, self.right = (x, y + height / 2), (x + width, y + height / 2)
        self.bottom, self.top = (x + width / 2, y), (x + width / 2, y + height)


def shape_text(shape: tuple[int, ...]) -> str:
    """A tensor's shape without its batch: 64 x 52 x 52."""
    return " × ".join(str(side) for side in shape[1:])


def observed(module: Any, run: Any) -> dict[str, tuple[int, ...]]:
    """The shape of what every named submodule gives, while `run()` runs; the last one where it runs several times."""
    shapes: dict[str, tuple[int, ...]] = {}

    def note(name: str) -> Any:
        def hook(_: Any, __: Any, out: Any) -> None:
            if hasattr(out, "shape"):
                shapes[name] = tuple(out.shape)

        return hook

    handles = [part.register_forward_hook(note(name)) for name, part in module.named_modules() if name]
    try:
        run()
    finally:
        for handle in handles:
            handle.remove()
    return shapes
