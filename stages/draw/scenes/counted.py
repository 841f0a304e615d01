"""Things that a scene counts: each painted over what is there, known by its box and by how much of it is hidden."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from stages.draw.scenes.labelled import LabelledCanvas
from stages.draw.scenes.marks import tight_box

Paint = Callable[[LabelledCanvas, np.random.Generator], None]
FIRST = 1000  # identifiers of things begin here; those of what lies behind them are smaller


@dataclass(frozen=True)
class Thing:
    """Something to paint: its COCO class name and how."""

    category: str
    paint: Paint


@dataclass(frozen=True)
class Found:
    """What is to be seen of a thing.

    Units: box (x1, y1, x2, y2) in pixels, right and lower limits are edges; covered = share of it that others hide.
    """

    category: str
    box: tuple[int, int, int, int]
    covered: float


@dataclass(frozen=True)
class Counted:
    """A picture uint8 [H W 3], what it counts, and what kind of scene it is."""

    image: np.ndarray
    found: list[Found]
    kind: str

    def facts(self) -> dict[str, Any]:
        """What the truth of a drawn set says of the picture."""
        height, width = self.image.shape[:2]
        objects = [{"category": one.category, "box": one.box, "covered": round(one.covered, 4)} for one in self.found]
        return {"width": width, "height": height, "objects": objects}


def paint_things(canvas: LabelledCanvas, things: Sequence[Thing], rng: np.random.Generator) -> list[Found]:
    """Paints things, the farthest first; those of which no pixel is to be seen are not counted."""
    whole = []
    for number, thing in enumerate(things):
        seed = int(rng.integers(1 << 62))
        # The same strokes on nothing: what the thing would show if no other stood before it.
        alone = LabelledCanvas(np.zeros((canvas.height, canvas.width, 3), np.uint8), 0)
        for where in (canvas, alone):
            where.identifier = FIRST + number
            thing.paint(where, np.random.Generator(np.random.PCG64(seed)))
        whole.append(int((alone.ids() == FIRST + number).sum()))
    ids, found = canvas.ids(), []
    for number, thing in enumerate(things):
        seen = ids == FIRST + number
        if seen.any():
            x1, y1, x2, y2 = tight_box(seen)
            found.append(Found(thing.category, (x1, y1, x2 + 1, y2 + 1), 1 - int(seen.sum()) / whole[number]))
    return found
