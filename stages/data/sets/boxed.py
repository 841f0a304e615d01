"""Packs of photos cropped about their box: birds, dogs and cars, with masks that no training reads."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from stages.block import Block as Base
from stages.data import extras
from stages.data.boxed import READERS, Box, Boxed, box_of
from stages.data.colour import cluster_colours, mean_colour, nearest_colour
from stages.data.image import decode, resize_bilinear, resize_mask
from stages.data.prepared.boxes import EDGES, Rectangle, box_crop, cover_mask
from stages.data.prepared.ledger import Ledger, Refused
from stages.data.prepared.packed import Extra, Index, Row, pack
from stages.data.prepared.walk import Watch
from stages.data.raw import RawFolder, unlisted
from stages.data.sets.walk import photo_of, walk_of
from stages.data.splits import count_facts

STEPS = ("found", "decode", "box", "mask")

BEYOND_PX = 1  # some published boxes end a pixel beyond the photo

# The object's mask in a photo, bool [H W], or None where there is none. Raises: Refused for one that does not fit.
MaskOf = Callable[[Boxed, np.ndarray, Box], np.ndarray | None]


class BoxedBlock(Base):
    """What the block of each such set holds."""

    size_px: int
    crop_factor: float
    colours: int
    colour_restarts: int
    colour_seed: int
    expected_counts: dict[str, int]
    minimum_kept: int
    decode_error_limit: float


def wide_of(size_px: int) -> int:
    """The side that windows are cut from: ⌊76/64 S⌋. Source: code (FineGAN), spec §2.2."""
    return 76 * size_px // 64


def inside(box: Box, height: int, width: int) -> Box:
    """A box cut off at the photo's rims. Raises: Refused for one that leaves the photo by more than a pixel."""
    x1, y1, x2, y2 = box
    if min(x1, y1) < -BEYOND_PX or x2 > width + BEYOND_PX or y2 > height + BEYOND_PX or min(x2, width) <= x1:
        raise Refused("box", "box", f"box {box} in a photo of {width} x {height} px")
    return max(x1, 0.0), max(y1, 0.0), min(x2, float(width)), min(y2, float(height))


def prepare_boxes(
    name: str, block: BoxedBlock, raw: RawFolder, mask_of: MaskOf, out: Path, watch: Watch | None
) -> None:
    """Packs all listed photos with a box: crops of S px, copies to cut windows from, masks and what drawn sets add.

    Raises: FileNotFoundError, ValueError.
    """
    classes, listed = READERS[name](raw)
    drawn, side = extras.has_extras(raw), block.size_px
    items = {item.key: item for item in listed}
    ledger = Ledger(STEPS, root=raw.root)

    def row(key: str, photo: str) -> Row:
        item = items.get(key)
        if item is None:
            raise Refused("found", "no_annotation", "a photo that no list names", photo)
        content, digest, found = photo_of(raw, photo)
        image = decode(content)
        box, crop = _placed(raw, item, image, block.crop_factor)
        mask = mask_of(item, image, box)
        if mask is not None and not mask.any():
            mask = None
        small = None if mask is None else resize_mask(crop.cut(mask), side, side)
        further = {"wide": _resized(crop.cut(image), wide_of(side))}
        true = mask
        if drawn:
            further["background"] = _resized(crop.cut(extras.read_background(raw, item.photo)), side)
            exact = extras.read_mask(raw, item.photo)
            further["exact"] = resize_mask(crop.cut(exact), side, side)
            # A detection leaves rims of the object out, which whoever paints the hole would see.
            true = None if mask is None else exact
        cover = np.zeros((side, side), np.uint8) if true is None else cover_mask(crop.cut(true), side, side)
        further["cover"] = cover
        told = {
            "masked": int(small is not None and small.any()),
            "shares": [float(share) for share in crop.shares(box)],
            "scale": float(crop.side / side),
            # Of the object; NaN without a mask.
            "colour": [np.nan] * 3 if mask is None else mean_colour(image, mask).tolist(),
        }
        return Row(key, _resized(crop.cut(image), side), small, found, digest, further, told)

    def complete(keys: list[str]) -> Index:
        ledger.check(name, block.minimum_kept, block.decode_error_limit)
        splits, masked = [items[key].split for key in keys], walk.told["masked"]
        colours, centroids = _grouped(block, np.array(walk.told["colour"]), np.array(splits) == "train")
        labels = {"label": np.array([items[key].label for key in keys]), "colour": colours}
        labels["masked"] = np.array(masked)
        facts = {
            "classes": classes, "drawn": drawn, "crop_factor": block.crop_factor, "wide_px": wide_of(side),
            "masked": sum(masked), "without_mask": masked.count(0), "colour_centroids": centroids,
            **count_facts(splits, block.expected_counts),
        }  # fmt: skip
        measures = dict(zip(EDGES, np.array(walk.told["shares"]).reshape(-1, 4).T, strict=True))
        names = {"label": classes, "colour": [f"colour {place}" for place in range(len(centroids))]}
        return Index(splits, ("test",), labels, names, facts, measures | {"scale": np.array(walk.told["scale"])})

    pairs = [(item.key, item.photo) for item in listed]
    pairs += [(place, place) for place in unlisted(raw, (raw.find(item.photo) or item.photo for item in listed))]
    arrays = {"wide": Extra((wide_of(side), wide_of(side), 3), "|u1"), "cover": Extra((side, side), "|u1")}
    if drawn:
        arrays |= {"background": Extra((side, side, 3), "|u1"), "exact": Extra((side, side), "|u1")}
    walk = walk_of(sorted(pairs), row, ledger, "photos")
    pack(out, name, side, True, walk, complete, ledger, arrays, blank_masks=True, watch=watch)


def _placed(raw: RawFolder, item: Boxed, image: np.ndarray, factor: float) -> tuple[Box, Rectangle]:
    if item.box is None and not item.annotation:
        raise Refused("box", "no_annotation", "listed, but its annotation is not there")
    box = box_of(raw, item)
    if box is None:
        raise Refused("box", "no_box", "its annotation names no object", item.annotation)
    height, width = image.shape[:2]
    box = inside(box, height, width)
    return box, box_crop(width, height, box, factor)


def _resized(image: np.ndarray, side: int) -> np.ndarray:
    return resize_bilinear(image, side, side)


def _grouped(block: BoxedBlock, colours: np.ndarray, training: np.ndarray) -> tuple[np.ndarray, list]:
    """Groups of the objects' mean colours, fitted on masked training photos; -1 without a mask, or with too few."""
    known = ~np.isnan(colours).any(axis=1)
    groups = np.full(len(colours), -1, np.int64)
    if len(np.unique(colours[known & training], axis=0)) < block.colours:
        return groups, []
    found = cluster_colours(colours[known & training], block.colours, block.colour_restarts, block.colour_seed)
    groups[known] = nearest_colour(colours[known], found.centroids)
    return groups, np.round(found.centroids, 6).tolist()
