"""The drawn Cityscapes: photos, and their classes as ids, colours and counted instances."""

from pathlib import Path

import numpy as np

from stages.data.cityscapes_labels import LABELS, colours_of
from stages.data.truth import FOLDER
from stages.draw.scenes.encode import png, png_wide, spoiled
from stages.draw.scenes.faults import SPOILED, planted_faults
from stages.draw.scenes.street import Street, draw_street
from stages.draw.scenes.supply import Progress
from stages.draw.scenes.taught import TaughtBlock, Truth, write

LAYOUT = """  leftImg8bit/{train,val}/<city>/<city>_<6 digits>_<6 digits>_leftImg8bit.png
  gtFine/{train,val}/<city>/<city>_<6 digits>_<6 digits>_gtFine_{color,labelIds,instanceIds}.png"""
NAME = "cityscapes"
CITIES = {"train": ("aachen", "bremen", "ulm"), "val": ("frankfurt", "munster"), "teach": ("weimar",)}
LAST = 19  # the frame of each sequence that is labelled


class Block(TaughtBlock):
    """Drawing numbers; counts are of good frames."""

    train: int
    val: int
    width_px: int
    height_px: int


def listing(block: Block) -> list[tuple[str, int, str, str]]:
    """(split, number, <city>/<name up to the kind of file>, its fault or an empty text); faults stand in train."""
    faults = planted_faults(NAME, block.train, block.faults)
    counts = {"train": block.train + len(faults), "val": block.val, "teach": block.teach}
    rows = []
    for split, count in counts.items():
        for number in range(count):
            city = CITIES[split][number % len(CITIES[split])]
            stem = f"{city}/{city}_{number:06d}_{LAST:06d}"
            kind = faults[number].kind if split == "train" and number in faults else ""
            rows.append((split, number, stem, kind))
    return rows


def scene_of(block: Block, split: str, number: int) -> Street:
    """The street of one frame."""
    return draw_street(block.rng(NAME, split, "scene", split, number), block.width_px, block.height_px)


def draw(block: Block, out: Path, progress: Progress | None = None) -> None:
    """Writes the set's raw folder."""
    truth, rows = Truth(out), listing(block)
    for done, (split, number, stem, kind) in enumerate(rows, 1):
        street = scene_of(block, split, number)
        top = f"{FOLDER}/" if split == "teach" else ""
        photo = f"{top}leftImg8bit/{split}/{stem}_leftImg8bit.png"
        if kind == "strange_name":
            photo = photo.replace(f"_{LAST:06d}_", "_last_")
        image = np.zeros_like(street.image) if kind == "black" else street.image
        if kind != "labels_without_photo":
            write(out / photo, spoiled(image, kind, 90) if kind in SPOILED else png(image))
        _write_labels(out / f"{top}gtFine/{split}", stem, street, kind)
        truth.add(photo, f"{street.row} {street.lead}")
        if progress:
            progress(done, len(rows))
    truth.close()


def _write_labels(folder: Path, stem: str, street: Street, kind: str) -> None:
    if kind in ("no_labels", "strange_name"):
        return
    labels, ids = street.labels, street.ids
    if kind == "labels_of_other_size":
        labels, ids = labels[::2, ::2], ids[::2, ::2]
    write(folder / f"{stem}_gtFine_color.png", png(colours_of(labels)))
    if kind == "colours_alone":
        return
    if kind == "label_above":
        labels = np.where(labels == labels[0, 0], len(LABELS), labels).astype(np.uint8)
    write(folder / f"{stem}_gtFine_labelIds.png", png(labels))
    write(folder / f"{stem}_gtFine_instanceIds.png", png_wide(ids))
