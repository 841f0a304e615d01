"""The drawn LSUN cars."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from stages.draw import lsun
from stages.draw.canvas import Canvas
from stages.draw.car import car_backdrop, car_of, car_pose, paint_car
from stages.draw.car_shapes import COLOURS, SHAPES
from stages.draw.chance import generator
from stages.draw.extras import paint_person

LAYOUT = lsun.LAYOUT
NAME = "lsun_car"


class Block(lsun.LsunBlock):
    """Drawing numbers."""


def painter(block: Block) -> lsun.Painter:
    """Chooses shape, colour, pose and company of each picture; shape and colour are drawn apart from everything around."""

    def paint(_: lsun.LsunBlock, request: lsun.Request):
        key = request.key
        look = generator(block.seed, NAME, "car", key)
        car = car_of(str(look.choice(list(SHAPES))), str(look.choice(list(COLOURS))), look)
        pose = car_pose(generator(block.seed, NAME, "pose", key))
        pose = replace(pose, size=pose.size * request.scale)
        if request.scale > 1:
            car = replace(car, shape="Van")  # tall enough to fill the picture
            pose = replace(pose, centre=(0.5, 0.98), size=0.9 * request.scale)
        backdrop, facts = car_backdrop(block.seed, f"{NAME}/{key}", request.width, request.height, pose)
        rng = generator(block.seed, NAME, "company", key)

        def main(canvas: Canvas, part: str, hides: tuple[str, ...]) -> str:
            paint_car(canvas, car, pose, part, hides)
            return "truck" if car.shape == "Cab" else "car"  # COCO calls a pick-up a truck

        def other(canvas: Canvas, part: str) -> str:
            left = float(rng.choice([0.10, 0.90])) * canvas.width
            if request.passer_by == "small" and rng.random() < 0.5:
                centre = (0.5 + (left - canvas.width / 2) / min(canvas.width, canvas.height), pose.centre[1] - 0.14)
                small = replace(car_pose(rng), size=0.24, centre=centre)
                parked = car_of(str(rng.choice(list(SHAPES))), str(rng.choice(list(COLOURS))), rng)
                paint_car(canvas, parked, small, part)
                return "truck" if parked.shape == "Cab" else "car"
            share = {"small": 0.34, "on_top": 0.45, "larger": 0.98}[request.passer_by]
            at = canvas.width * 0.25 if request.passer_by == "larger" else left
            paint_person(canvas, (at, (0.99 if request.passer_by == "larger" else 0.80) * canvas.height), share * canvas.height, rng, part)
            return "person"

        return backdrop, main, other, {"shape": car.shape, "colour": car.colour, "pose": pose, **facts}

    return paint


def draw(block: Block, out: Path, progress: Callable[[int, int], None] | None = None) -> None:
    """Writes the set's raw folder."""
    lsun.draw(block, NAME, painter(block), out, progress)
