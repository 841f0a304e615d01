"""The drawn LSUN birds."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from stages.draw.scenes import lsun
from stages.draw.scenes.bird import bird_backdrop, paint_bird
from stages.draw.scenes.bird_factors import bird_pose, species_list
from stages.draw.scenes.canvas import Canvas
from stages.draw.scenes.chance import generator
from stages.draw.scenes.extras import paint_person
from stages.draw.scenes.supply import Progress

LAYOUT = lsun.LAYOUT
NAME = "lsun_bird"


class Block(lsun.LsunBlock):
    """Drawing numbers; `species` is how many kinds of birds there are."""

    species: int


def painter(block: Block) -> lsun.Painter:
    """Chooses species, pose and company of each picture; the species is drawn apart from everything around it."""
    kinds = species_list(block.species, block.seed)

    def paint(request: lsun.Request) -> tuple[np.ndarray, lsun.Paint, lsun.Paint, dict[str, object]]:
        key = request.key
        which = int(generator(block.seed, NAME, "species", key).integers(len(kinds)))
        pose = bird_pose(generator(block.seed, NAME, "pose", key))
        pose = replace(pose, size=pose.size * request.scale, lean=pose.lean if request.scale <= 1 else -0.15)
        backdrop, facts = bird_backdrop(block.seed, f"{NAME}/{key}", request.width, request.height, pose)
        rng = generator(block.seed, NAME, "company", key)

        def main(canvas: Canvas, part: str, hides: tuple[str, ...]) -> str:
            paint_bird(canvas, kinds[which], pose, part, hides)
            return "bird"

        def other(canvas: Canvas, part: str, hides: tuple[str, ...]) -> str:
            left = float(rng.choice([0.12, 0.88])) * canvas.width
            if request.passer_by == "small" and rng.random() < 0.5:
                across = 0.5 + (left - canvas.width / 2) / min(canvas.width, canvas.height)
                small = replace(bird_pose(rng), size=0.09, centre=(across, 0.30))
                paint_bird(canvas, kinds[int(rng.integers(len(kinds)))], small, part, hides)
                return "bird"
            share = {"small": 0.30, "on_top": 0.40, "larger": 0.98}[request.passer_by]
            at = canvas.width * 0.3 if request.passer_by == "larger" else left
            paint_person(canvas, (at, 0.99 * canvas.height), share * canvas.height, rng, part, hides)
            return "person"

        return backdrop, main, other, {"species": which, "pose": pose, **facts}

    return paint


def draw(block: Block, out: Path, progress: Progress | None = None) -> None:
    """Writes the set's raw folder."""
    lsun.draw(block, NAME, painter(block), out, progress)
