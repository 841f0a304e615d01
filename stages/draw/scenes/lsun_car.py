"""The drawn LSUN cars."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from stages.draw.scenes import lsun
from stages.draw.scenes.canvas import Canvas
from stages.draw.scenes.car import car_backdrop, car_of, car_pose, paint_car
from stages.draw.scenes.car_shapes import COLOURS, SHAPES
from stages.draw.scenes.chance import generator
from stages.draw.scenes.extras import paint_person
from stages.draw.scenes.supply import Progress

LAYOUT = lsun.LAYOUT
NAME = "lsun_car"


class Block(lsun.LsunBlock):
    """Drawing numbers."""


def painter(block: Block) -> lsun.Painter:
    """Chooses shape, colour, pose and company of each picture; shape and colour are drawn apart from the rest."""

    def paint(request: lsun.Request) -> tuple[np.ndarray, lsun.Paint, lsun.Paint, dict[str, object]]:
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

        def other(canvas: Canvas, part: str, hides: tuple[str, ...]) -> str:
            left = float(rng.choice([0.10, 0.90])) * canvas.width
            if request.passer_by == "small" and rng.random() < 0.5:
                centre = (0.5 + (left - canvas.width / 2) / min(canvas.width, canvas.height), pose.centre[1] - 0.14)
                small = replace(car_pose(rng), size=0.24, centre=centre)
                parked = car_of(str(rng.choice(list(SHAPES))), str(rng.choice(list(COLOURS))), rng)
                paint_car(canvas, parked, small, part, hides)
                return "truck" if parked.shape == "Cab" else "car"
            share = {"small": 0.34, "on_top": 0.45, "larger": 0.98}[request.passer_by]
            foot = (0.25 * canvas.width, 0.99 * canvas.height) if share > 0.9 else (left, 0.80 * canvas.height)
            paint_person(canvas, foot, share * canvas.height, rng, part, hides)
            return "person"

        return backdrop, main, other, {"shape": car.shape, "colour": car.colour, "pose": pose, **facts}

    return paint


def draw(block: Block, out: Path, progress: Progress | None = None) -> None:
    """Writes the set's raw folder."""
    lsun.draw(block, NAME, painter(block), out, progress)
