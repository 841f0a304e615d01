"""The prepared LSUN objects, birds or cars: filters F1 to F3, the object's mask as the hole, a square crop."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np

from stages.block import Block as Base
from stages.data import junk
from stages.data.detections import Detections
from stages.data.image import decode_upright, resize, resize_mask, size_upright
from stages.data.lsun import LsunImages
from stages.data.prepared.crop import box_coverage, object_window
from stages.data.prepared.ledger import Ledger, Refused
from stages.data.prepared.packed import Index, Row, pack
from stages.data.prepared.walk import Walk, Watch
from stages.data.raw import RawFolder
from stages.data.selection import passes_size, refuse_instances
from stages.data.splits import by_hash

STEPS = ("decode", "size", "detector", "class", "largest", "crop", "coverage")


class Block(Base):
    """Parameters of an object set."""

    size_px: int
    classes: tuple[str, ...]
    minimum_side_px: int
    minimum_long_side_px: int
    inside_share: float
    coverage_low: float
    coverage_high: float
    evaluation_count: int
    minimum_kept: int
    decode_error_limit: float


def prepare(name: str, block: Block, inputs: dict[str, Path], out: Path, watch: Watch | None = None) -> None:
    """Packs the images that pass every filter. Raises: FileNotFoundError, ValueError."""
    raw = RawFolder.open(inputs["raw"])
    images = LsunImages(raw)
    if images.left_out:
        print(f"{raw.root}: {junk.said(images.left_out)}", flush=True)
    found = Detections(inputs["detections"])
    ledger = Ledger(STEPS, root=raw.root, total=len(images))

    def row(key: str, source: str, read: Callable[[], bytes]) -> Row:
        content = read()
        image, mask = _select(block, key, content, found)
        return Row(key, image, mask, source, hashlib.sha256(content).hexdigest())

    def complete(keys: list[str]) -> Index:
        ledger.check(name, block.minimum_kept, block.decode_error_limit)
        return Index(
            by_hash(keys, block.evaluation_count, "evaluation"), ("evaluation",), facts={"classes": list(block.classes)}
        )

    walk = Walk(images.readers(), ledger.total, row, f"{name} images")
    pack(out, name, block.size_px, True, walk, complete, ledger, watch=watch)


def _select(block: Block, key: str, content: bytes, found: Detections) -> tuple[np.ndarray, np.ndarray]:
    """One image through all filters, cheapest first.

    Shapes: -> uint8 [R R 3], uint8 0/1 [R R]. Raises: Refused, ImageError.
    """
    width, height = size_upright(content)
    if not passes_size(width, height, block.minimum_side_px, block.minimum_long_side_px):
        limits = f"both above {block.minimum_side_px}, the longer above {block.minimum_long_side_px}"
        raise Refused("size", "small", f"{width} x {height} px, wanted {limits}")
    detections = found.get(key)
    if detections is None:
        decode_upright(content)  # a photo that no detector could read is listed for what it is
        raise Refused("detector", "no_record", "the detections have no record of this key")
    if (detections.width, detections.height) != (width, height):
        raise Refused(
            "detector",
            "other_size",
            f"detected at {detections.width} x {detections.height}, image {width} x {height}",
        )
    refusal = refuse_instances(detections.instances, block.classes)
    if refusal:
        raise Refused(refusal.step, refusal.reason, refusal.detail)
    best = detections.instances[0]
    if best.rle[1:] != (height, width):
        raise Refused("detector", "mask_size", f"mask {best.rle[2]} x {best.rle[1]}, image {width} x {height}")
    if not best.area:
        raise Refused("detector", "empty_mask", "the best instance's mask has no pixel")
    mask = best.mask
    window, inside = object_window(mask)
    if inside < block.inside_share:
        raise Refused(
            "crop", "cut_by_crop", f"{inside:.3f} of the object lies in the crop, wanted {block.inside_share}"
        )
    cut = window.cut(mask)
    covered = box_coverage(cut)
    if not block.coverage_low <= covered <= block.coverage_high:
        reason = "small_hole" if covered < block.coverage_low else "large_hole"
        limits = f"{block.coverage_low} to {block.coverage_high}"
        raise Refused("coverage", reason, f"the hole's box covers {covered:.3f} of the crop, wanted {limits}")
    hole = resize_mask(cut, block.size_px, block.size_px)
    if not hole.any():
        raise Refused("coverage", "empty_mask", f"no object pixel at {block.size_px} px")
    return resize(window.cut(decode_upright(content)), block.size_px, block.size_px), hole
