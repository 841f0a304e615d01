"""The drawn LSUN birds."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from stages.draw import lsun
from stages.draw.bird import bird_backdrop, paint_bird
from stages.draw.bird_factors import bird_pose, species_list
from stages.draw.canvas import Canvas
from stages.draw.chance import generator
from stages.draw.extras import paint_person

LAYOUT = lsun.LAYOUT
NAME = "lsun_bird"


class Block(lsun.LsunBlock):
    """Drawing numbers; `species` is how many kinds of birds there are."""

    species: int


def painter(block: Block) -> lsun.Painter:
    """Chooses species, pose and company of each picture; the species is drawn apart from everything around it."""
    kinds = species_list(block.species, block.seed)

    def paint(_: lsun.LsunBlock, request: lsun.Request):
        key = request.key
        which = int(generator(block.seed, NAME, "species", key).integers(len(kinds)))
        pose = bird_pose(generator(block.seed, NAME, "pose", key))
        pose = replace(pose, size=pose.size * request.scale, lean=pose.lean if request.scale <= 1 else -0.15)
        backdrop, facts = bird_backdrop(block.seed, f"{NAME}/{key}", request.width, request.height, pose)
        rng = generator(block.seed, NAME, "company", key)

        def main(canvas: Canvas, part: str, hides: tuple[str, ...]) -> str:
            paint_bird(canvas, kinds[which], pose, part, hides)
            return "bird"

        def other(canvas: Canvas, part: str) -> str:
            left = float(rng.choice([0.12, 0.88])) * canvas.width
            if request.passer_by == "small" and rng.random() < 0.5:
                small = replace(bird_pose(rng), size=0.09, centre=(0.5 + (left - canvas.width / 2) / min(canvas.width, canvas.height), 0.30))
                paint_bird(canvas, kinds[int(rng.integers(len(kinds)))], small, part)
                return "bird"
            share = {"small": 0.30, "on_top": 0.40, "larger": 0.98}[request.passer_by]
            at = canvas.width * 0.3 if request.passer_by == "larger" else left
            paint_person(canvas, (at, 0.99 * canvas.height), share * canvas.height, rng, part)
            return "person"

        return backdrop, main, other, {"species": which, "pose": pose, **facts}

    return paint


def draw(block: Block, out: Path, progress: Callable[[int, int], None] | None = None) -> None:
    """Writes the set's raw folder."""
    lsun.draw(block, NAME, painter(block), out, progress)
