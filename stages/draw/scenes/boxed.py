"""What the drawn sets of boxes share: one object anywhere on speckled ground, and the same ground without it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from stages.data import extras
from stages.draw.scenes.backdrop import soft_field
from stages.draw.scenes.canvas import Canvas, Colour
from stages.draw.scenes.chance import generator
from stages.draw.scenes.encode import jpeg, png, png_mask, spoiled
from stages.draw.scenes.faults import SPOILED, planted_faults
from stages.draw.scenes.marks import tight_box
from stages.draw.scenes.supply import RawBlock
from stages.draw.scenes.taught import write

MARGIN_PX = 3
REACH_PX = 160  # no object reaches further from its own middle
GREY = ("grey", "sixteen_bit")  # faults that take a photo's colours, and with them the ground's
# Paints the object moved by (x, y) pixels; its mask is the part `main`.
Painter = Callable[[Canvas, float, float], None]


class BoxedBlock(RawBlock):
    """Drawing numbers; counts are of good photos, `length_px` is the range of the object's box, its longer side."""

    train: int
    test: int
    width_px: tuple[int, int]
    height_px: tuple[int, int]
    length_px: tuple[int, int]
    quality: int


@dataclass(frozen=True)
class Drawn:
    """A photo and the ground alone, uint8 [H W 3], the exact mask, bool [H W], and what the object was drawn from."""

    image: np.ndarray
    background: np.ndarray
    mask: np.ndarray
    factors: dict[str, object]


def listing(name: str, block: BoxedBlock) -> list[tuple[int, str, str]]:
    """(number, split, its fault or an empty text); faults stand in test, so that none is trained on."""
    good = block.train + block.test
    faults = planted_faults(name, good, block.faults)
    splits = ["train"] * block.train + ["test"] * (block.test + len(faults))
    return [(number, split, faults[number].kind if number in faults else "") for number, split in enumerate(splits)]


def frame_of(name: str, block: BoxedBlock, number: int) -> tuple[int, int, float]:
    """(width, height, longer side of the object's box) of one photo."""
    rng = generator(block.seed, name, "frame", number)
    width, height = int(rng.integers(*block.width_px)), int(rng.integers(*block.height_px))
    return width, height, float(rng.uniform(*block.length_px))


def speckled(rng: np.random.Generator, width: int, height: int, grounds: Sequence[Colour]) -> np.ndarray:
    """Ground of one colour with soft patches and speckles of about 14 and 6 px. Shapes: -> uint8 [height width 3]."""
    base = np.asarray(grounds[int(rng.integers(len(grounds)))], np.float32) * float(rng.uniform(0.85, 1.15))
    longer = max(width, height)
    light = np.ones((height, width), np.float32)
    for share, cells in ((0.10, 4), (0.17, longer // 14), (0.12, longer // 6)):
        light += share * soft_field(rng, width, height, cells)
    hues = np.stack([soft_field(rng, width, height, longer // 20) for _ in range(3)], 2) * 6
    return np.clip(base * light[..., None] + hues, 0, 255).astype(np.uint8)


def compose(name: str, block: BoxedBlock, number: int, ground: Sequence[Colour], paint: Painter, **factors) -> Drawn:
    """The object moved to a place drawn evenly among all where it is whole, and the same ground without it."""
    width, height, _ = frame_of(name, block, number)
    rng = generator(block.seed, name, "place", number)
    trial = Canvas(np.zeros((2 * REACH_PX, 2 * REACH_PX, 3), np.uint8))
    paint(trial, float(REACH_PX), float(REACH_PX))
    x1, y1, x2, y2 = (limit - REACH_PX for limit in tight_box(trial.mask("main")))
    across, down = (
        float(rng.uniform(MARGIN_PX - low, limit - MARGIN_PX - high - 1))
        for low, high, limit in ((x1, x2, width), (y1, y2, height))
    )
    background = speckled(generator(block.seed, name, "ground", number), width, height, ground)
    canvas = Canvas(background)
    paint(canvas, across, down)
    return Drawn(canvas.image(), background, canvas.coverage("main") >= 0.5, factors)


def photo_bytes(block: BoxedBlock, image: np.ndarray, kind: str) -> bytes:
    """A jpeg, in one channel or spoiled as a fault says."""
    if kind == "grey":
        return jpeg(grey(image), block.quality)
    return spoiled(image, kind, block.quality) if kind in SPOILED else jpeg(image, block.quality)


def grey(image: np.ndarray) -> np.ndarray:
    """Its luma. Shapes: uint8 [H W 3] -> uint8 [H W]."""
    return np.asarray(Image.fromarray(image).convert("L"))


def write_photo(out: Path, block: BoxedBlock, photo: str, drawn: Drawn, kind: str) -> None:
    """The photo, unless it is to be missing, and what lies in extras/."""
    if kind != "missing_photo":
        write(out / photo, photo_bytes(block, drawn.image, kind))
    write(out / extras.background_name(photo), png(grey(drawn.background) if kind in GREY else drawn.background))
    write(out / extras.mask_name(photo), png_mask(drawn.mask))


def degraded(mask: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A mask as networks find it: its rim wanders by some pixels, and a piece at one end is lost.

    Formula: G_σ * M + a·noise > 0.5, less a disk about a point of the rim. Shapes: bool [H W] -> bool [H W].
    """
    from scipy.ndimage import gaussian_filter

    height, width = mask.shape
    x1, y1, x2, y2 = tight_box(mask)
    longer = max(x2 - x1, y2 - y1)
    soft = gaussian_filter(mask.astype(np.float32), 0.035 * longer)
    found = soft + 0.40 * soft_field(rng, width, height, max(6, 6 * max(mask.shape) // longer)) > 0.5
    rows, columns = np.nonzero(mask)
    angle = float(rng.uniform(0, 2 * np.pi))
    far = int(np.argmax(columns * np.cos(angle) + rows * np.sin(angle)))
    y, x = np.ogrid[:height, :width]
    lost = np.hypot(y - rows[far], x - columns[far]) < float(rng.uniform(0.10, 0.20)) * longer
    return found & ~lost & (soft > 0.02)
