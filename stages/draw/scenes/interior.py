"""What rooms share: a wall and a floor as wide as the picture, windows, pictures on the wall, all of weak colours."""

import numpy as np

from stages.draw.scenes.canvas import Colour, ellipse, tint
from stages.draw.scenes.labelled import LabelledCanvas, vertical

WALL, FLOOR, DETAIL = 1, 2, 3  # identifiers of what is not counted, each with a texture of its own
GRAINS = {WALL: (0.04, 0.0), FLOOR: (0.07, 0.0), DETAIL: (0.03, 0.0)}
WALLS: tuple[Colour, ...] = ((216, 206, 184), (188, 200, 206), (208, 190, 182), (196, 206, 188))
WOODS: tuple[Colour, ...] = ((150, 116, 86), (124, 98, 78), (182, 152, 118))
GROUND = 0.70  # where the wall ends and the floor begins, of the height

# One hue for each kind of thing, and nothing else in a room as saturated, so that hue alone finds them.
RED: Colour = (204, 36, 40)
YELLOW: Colour = (238, 190, 36)
GREEN: Colour = (38, 150, 44)
TEAL: Colour = (16, 150, 146)
BLUE: Colour = (46, 82, 200)


class Brush:
    """Paints in shares of the picture's middle square, which is as high as the picture; x may leave it."""

    def __init__(self, canvas: LabelledCanvas):
        self.canvas, self.unit = canvas, canvas.height
        self.offset = np.array([(canvas.width - canvas.height) / 2, 0.0])

    @property
    def reach(self) -> float:
        """How far the picture goes on beside the square, of the square's side."""
        return float(self.offset[0]) / self.unit

    def fill(self, points: np.ndarray, colour: Colour) -> None:
        """A polygon. Shapes: points [N 2]."""
        self.canvas.fill(points * self.unit + self.offset, colour)

    def box(self, left: float, top: float, right: float, bottom: float, colour: Colour) -> None:
        """A rectangle."""
        self.fill(np.array([[left, top], [right, top], [right, bottom], [left, bottom]]), colour)

    def oval(self, x: float, y: float, radius_x: float, radius_y: float, colour: Colour) -> None:
        """An ellipse."""
        self.fill(ellipse((x, y), radius_x, radius_y), colour)


def room(rng: np.random.Generator, width: int, height: int) -> tuple[LabelledCanvas, Brush]:
    """Wall, skirting and floor of boards, with nothing in it."""
    wall, wood = WALLS[int(rng.integers(len(WALLS)))], WOODS[int(rng.integers(len(WOODS)))]
    canvas = LabelledCanvas(vertical(height, width, tint(wall, 1.04), tint(wall, 0.94)), WALL)
    brush = Brush(canvas)
    left, right = -brush.reach, 1 + brush.reach
    canvas.identifier = FLOOR
    brush.box(left, GROUND, right, 1.0, wood)
    for share in np.linspace(-0.4, 1.4, 10):
        foot = 0.5 + (share - 0.5) * 1.7
        board = np.array([[share, GROUND], [share + 0.006, GROUND], [foot + 0.012, 1.0], [foot, 1.0]])
        brush.fill(board, tint(wood, 0.86))
    canvas.identifier = DETAIL
    brush.box(left, GROUND - 0.025, right, GROUND, tint(wall, 1.15))
    return canvas, brush


def window(brush: Brush, rng: np.random.Generator, left: float, top: float, right: float, bottom: float) -> None:
    """A window of two panes that shows a sky of the day's colour."""
    brush.canvas.identifier = DETAIL
    sky = ((150, 190, 226), (196, 204, 212), (168, 200, 220))[int(rng.integers(3))]
    brush.box(left - 0.025, top - 0.025, right + 0.025, bottom + 0.025, (244, 243, 238))
    brush.box(left, top, right, bottom, sky)
    brush.box(left, top + 0.6 * (bottom - top), right, bottom, tint((142, 160, 128), float(rng.uniform(0.9, 1.1))))
    middle = (left + right) / 2
    brush.box(middle - 0.010, top, middle + 0.010, bottom, (244, 243, 238))
