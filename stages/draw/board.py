"""A blank sheet measured in inches, with the few marks that diagrams are made of."""

from dataclasses import dataclass
from typing import Any

from stages.draw import style

FOOT = 0.3  # inches kept free below for the footer
Point = tuple[float, float]


@dataclass(frozen=True)
class Board:
    """A figure and the one axes that spans it. Units: inches, from the left and from the bottom."""

    figure: Any
    axes: Any
    width: float
    height: float

    def text(self, at: Point, words: str, **look: Any) -> None:
        """Words centred on a point unless `ha` and `va` say otherwise."""
        self.axes.text(*at, words, **({"ha": "center", "va": "center", "color": style.INK} | look))

    def box(self, centre: Point, size: Point, **look: Any) -> None:
        """A rectangle around its centre; `rounded` is the radius of its corners."""
        from matplotlib.patches import FancyBboxPatch, Rectangle

        corner = (centre[0] - size[0] / 2, centre[1] - size[1] / 2)
        rounded = look.pop("rounded", 0.0)
        if rounded:
            shape = FancyBboxPatch(corner, *size, boxstyle=f"round,pad=0,rounding_size={rounded}", **look)
        else:
            shape = Rectangle(corner, *size, **look)
        self.axes.add_patch(shape)

    def disc(self, centre: Point, radius: float, **look: Any) -> None:
        """A filled circle."""
        from matplotlib.patches import Circle

        self.axes.add_patch(Circle(centre, radius, **look))

    def line(self, points: list[Point], **look: Any) -> None:
        """Straight pieces from point to point."""
        self.axes.plot(*zip(*points, strict=True), **({"solid_capstyle": "butt"} | look))

    def arrow(self, points: list[Point], colour: str, width: float) -> None:
        """Straight pieces whose last one ends in a head."""
        from matplotlib.patches import FancyArrowPatch

        if len(points) > 2:
            self.line(points[:-1], color=colour, linewidth=width)
        look = {"arrowstyle": "-|>", "mutation_scale": 5.0, "shrinkA": 0.0, "shrinkB": 0.0, "linewidth": width}
        self.axes.add_patch(FancyArrowPatch(points[-2], points[-1], color=colour, joinstyle="miter", **look))


def board(width: float, height: float) -> Board:
    """An empty sheet; its lowest `FOOT` inches belong to the footer."""
    import matplotlib

    figure = style.figure(width, height)
    with matplotlib.rc_context(style.settings()):
        axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    axes.set_axis_off()
    axes.set_xlim(0, width)
    axes.set_ylim(0, height)
    return Board(figure, axes, width, height)
