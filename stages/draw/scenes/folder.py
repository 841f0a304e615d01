"""A drawn folder of somebody's photos: the flowers of the drawn Flowers 102 in albums, years and two formats."""

from pathlib import Path

from stages.draw.scenes.encode import jpeg, png, spoiled
from stages.draw.scenes.faults import SPOILED, planted_faults
from stages.draw.scenes.flowers import Look, scene_of
from stages.draw.scenes.supply import Progress

LAYOUT = "  any tree of folders with .jpg, .jpeg, .png or .webp photos"
NAME = "folder"
ALBUMS = ("2021/garden/IMG_{:04d}.jpg", "2022/IMG_{:04d}.JPG", "scans/roses and tulips/{:04d}.png", "{:04d}.jpeg")


class Block(Look):
    """Drawing numbers; `images` counts good photos."""

    images: int


def listing(block: Block) -> list[tuple[int, str, str]]:
    """(photo number, its path, its fault or an empty text)."""
    faults = planted_faults(NAME, block.images, block.faults)
    total = block.images + len(faults)
    kinds = {number: fault.kind for number, fault in faults.items()}
    return [(number, ALBUMS[number % len(ALBUMS)].format(number), kinds.get(number, "")) for number in range(total)]


def draw(block: Block, out: Path, progress: Progress | None = None) -> None:
    """Writes the set's raw folder."""
    rows = listing(block)
    for number, place, kind in rows:
        image = scene_of(block, number).image
        whole = png(image) if place.endswith(".png") else jpeg(image, block.quality)
        path = out / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(spoiled(image, kind, block.quality) if kind in SPOILED else whole)
        if progress:
            progress(number + 1, len(rows))
