"""The drawn summer2winter: ridges, firs and a valley, green in A and under snow in B."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from stages.draw.scenes import domains
from stages.draw.scenes.canvas import Colour, Scene, smooth, tint
from stages.draw.scenes.domains import DomainsBlock, draw_domains, folder_of
from stages.draw.scenes.labelled import LabelledCanvas, textured, vertical
from stages.draw.scenes.supply import Progress

LAYOUT = "  summer2winter_yosemite/{trainA,trainB,testA,testB}/*.jpg (A summer, B winter)"
NAME = "summer2winter"
BASE = "summer2winter_yosemite"
CLASSES = ("sky", "ridge", "valley", "lake", "fir")  # the numbers in the maps of what is where
GRAINS = {0: (0.05, 0.0), 1: (0.12, 0.04), 2: (0.08, 0.04), 3: (0.06, 0.02), 4: (0.12, 0.10)}


@dataclass(frozen=True)
class Season:
    """Colours of one season; kinds: with a lake, without."""

    kinds: tuple[str, str]
    months: tuple[int, ...]
    sky: tuple[Colour, Colour]
    ridges: tuple[Colour, Colour, Colour]
    snow: float
    valley: Colour
    lake: Colour
    fir: Colour
    laden: Colour


SEASONS = {
    "A": Season(("summer lake", "summer valley"), (6, 7, 8), ((92, 150, 214), (196, 218, 234)),
                ((128, 146, 162), (112, 128, 120), (92, 116, 84)), 0.06, (116, 142, 66), (72, 118, 150), (46, 84, 50),
                (70, 108, 60)),
    "B": Season(("winter lake", "winter valley"), (12, 1, 2), ((128, 158, 196), (206, 214, 224)),
                ((156, 168, 186), (150, 158, 170), (168, 174, 182)), 0.62, (226, 231, 238), (150, 172, 190),
                (58, 76, 70), (222, 228, 234)),
}  # fmt: skip


class Block(DomainsBlock):
    """Drawing numbers."""


def listing(block: Block) -> list[tuple[str, int, str]]:
    """(split with its domain, number, its fault or an empty text)."""
    return domains.listing(NAME, block)


def file_of(split: str, number: int) -> str:
    """The path of one picture, which is named by a day and a time, as the set's are."""
    months = SEASONS[split[-1]].months
    day = f"{2006 + number // 84:04d}-{months[number % 3]:02d}-{number // 3 % 28 + 1:02d}"
    return f"{folder_of(BASE, split)}/{day} {number % 12 + 7:02d}_{number % 60:02d}_{number * 7 % 60:02d}.jpg"


def scene_of(block: Block, split: str, number: int) -> Scene:
    """One picture; factors: kind, and `where`, the class of each pixel."""
    rng = block.rng(NAME, split[:-1], "scene", split, number)
    season, side = SEASONS[split[-1]], block.image_px
    shore = float(rng.uniform(0.52, 0.66))
    canvas = LabelledCanvas(vertical(side, side, *season.sky, shore), 0)
    for depth, colour in enumerate(season.ridges):
        _ridge(canvas, rng, season, colour, shore - (0.30, 0.17, 0.05)[depth], shore)
    canvas.identifier = 2
    canvas.band(shore * side, side, season.valley)
    for _ in range(12):
        x, y = rng.uniform(0, 1), rng.uniform(shore + 0.02, 1)
        hump = np.array([[x - 0.16, y], [x, y - 0.012], [x + 0.16, y], [x, y + 0.012]])
        canvas.fill(hump * side, tint(season.valley, float(rng.uniform(0.90, 1.06))))
    lake = rng.random() < 0.5
    if lake:
        canvas.identifier = 3
        middle, low = float(rng.uniform(0.3, 0.7)), float(rng.uniform(0.10, 0.20))
        outline = smooth(np.array([[-0.42, 0.02], [0.0, -0.005], [0.40, 0.02], [0.30, low], [-0.24, 0.9 * low]]))
        canvas.fill(np.add(outline, (middle, shore + 0.04)) * side, season.lake)
        canvas.fill((outline * (0.7, 0.35) + (middle, shore + 0.055)) * side, tint(season.lake, 1.15))
    canvas.identifier = 4
    for foot in sorted(float(value) for value in rng.uniform(shore + 0.02, 0.99, int(rng.integers(7, 13)))):
        _fir(canvas, rng, season, foot, shore)
    where = canvas.ids().astype(np.uint8)
    image = textured(canvas.image(), where, GRAINS, rng, float(rng.uniform(-1, 1)))
    return Scene(image, {}, [], {"kind": season.kinds[0 if lake else 1], "where": where})


def _ridge(
    canvas: LabelledCanvas, rng: np.random.Generator, season: Season, colour: Colour, crest: float, shore: float
) -> None:
    """A chain of peaks; snow lies on the upper part of each, its lower edge is ragged."""
    canvas.identifier = 1
    count = int(rng.integers(4, 7))
    x = np.linspace(-0.1, 1.1, 2 * count + 1)
    x[1:-1] += rng.uniform(-0.03, 0.03, 2 * count - 1)
    rise = float(rng.uniform(0.08, 0.15))
    y = np.where(np.arange(2 * count + 1) % 2, crest - rng.uniform(0.3, 1, 2 * count + 1) * rise, crest + 0.02)
    outline = np.stack([x, y], 1)
    canvas.fill(np.vstack([outline, [[1.1, shore], [-0.1, shore]]]) * canvas.width, colour)
    for peak in range(1, 2 * count, 2):
        a, b, c = outline[peak - 1], outline[peak], outline[peak + 1]
        canvas.fill(
            np.array([b, c, (b + c) / 2 + (-0.03, 0.05)]) * canvas.width, tint(colour, 0.84)
        )  # the side in shade
        if crest < shore - 0.1 or season.snow > 0.5:
            left, right = b + (a - b) * (season.snow + 0.18), b + (c - b) * (season.snow + 0.18)
            cap = np.array([b, right, (b + right) / 2 + (0, 0.03), np.add(b, (0, 0.02 + 0.05 * season.snow)), left])
            canvas.fill(cap * canvas.width, (240, 243, 248))


def _fir(canvas: LabelledCanvas, rng: np.random.Generator, season: Season, foot: float, shore: float) -> None:
    """Three tiers, each with light or snow on one edge."""
    high = (0.14 + 0.55 * (foot - shore)) * float(rng.uniform(0.85, 1.2))
    x, wide = float(rng.uniform(0.02, 0.98)), 0.24 * high
    shade = tint(season.fir, float(rng.uniform(0.88, 1.12)))
    at, unit = np.array([x, foot]), canvas.width
    canvas.fill(
        (np.array([[-0.02, -0.1], [0.02, -0.1], [0.02, 0], [-0.02, 0]]) * high * (2, 1) + at) * unit, (82, 64, 50)
    )
    for base, top, share in ((0.08, 0.55, 1.0), (0.32, 0.80, 0.76), (0.56, 1.0, 0.52)):
        left, right, tip = (-share * wide, -base * high), (share * wide, -base * high), (0.0, -top * high)
        canvas.fill((np.array([left, right, tip]) + at) * unit, shade)
        lit = np.array(
            [tip, left, (-0.45 * share * wide, -(base + 0.02) * high), (0.0, -(0.7 * top + 0.3 * base) * high)]
        )
        canvas.fill((lit + at) * unit, season.laden)


def draw(block: Block, out: Path, progress: Progress | None = None) -> None:
    """Writes the set's raw folder."""
    draw_domains(block, listing(block), partial(scene_of, block), file_of, out, progress)
