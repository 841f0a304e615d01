"""What the prepared sets of whole scenes share: a square of each picture by one filter, and a few held out by hash."""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Literal

import numpy as np

from stages.block import Block as Base
from stages.data.image import centre_square, decode_upright, resize_by
from stages.data.prepared.ledger import Ledger
from stages.data.prepared.packed import Index, Row, pack
from stages.data.prepared.walk import Walk, Watch
from stages.data.raw import RawFolder
from stages.data.sets.wide import kinds_of, not_blank
from stages.data.splits import by_hash, count_facts
from stages.data.truth import read_kinds

STEPS = ("found", "decode")
TRAIN, HELD_OUT = "train", "held_out"
NEARLY = 0.99  # the share of a published part that still counts as all of it

# Key, source, part of the published set, and what reads the content, or raises Refused where there is none.
Item = tuple[str, str, str, Callable[[], bytes]]


class SceneBlock(Base):
    """Parameters of such a set; max_images 0 takes all, else the first by the sha256 of their keys."""

    enabled: bool
    size_px: int
    crop: Literal["center", "squash", "letterbox"]
    filter: Literal["lanczos", "box"]
    max_images: int
    held_out: int
    expected_counts: dict[str, int]
    minimum_kept: int
    decode_error_limit: float


def framed(image: np.ndarray, side: int, crop: str, resampling: str) -> np.ndarray:
    """A picture as a square: its middle, all of it squashed, or all of it between two black bars.

    Source: spec §2.1 [D]; a rest of bars that is odd goes below or right.
    Shapes: uint8 [H W 3] -> uint8 [side side 3].
    """
    if crop == "center":
        return resize_by(centre_square(image), side, side, resampling)
    if crop == "squash":
        return resize_by(image, side, side, resampling)
    longer = max(image.shape[:2])
    height, width = (max(1, round(side * length / longer)) for length in image.shape[:2])
    square = np.zeros((side, side, 3), np.uint8)
    top, left = (side - height) // 2, (side - width) // 2
    square[top : top + height, left : left + width] = resize_by(image, height, width, resampling)
    return square


def chosen(keys: Sequence[str], max_images: int) -> Sequence[str]:
    """The keys to take, whose order says nothing of what they show: all, or the first by their sha256.

    Raises: ValueError for a negative number.
    """
    if max_images < 0:
        raise ValueError(f"max_images: expected 0 (all) or a number of pictures, came {max_images}")
    if not max_images or max_images >= len(keys):
        return keys
    return sorted(keys, key=lambda key: hashlib.sha256(key.encode()).digest())[:max_images]


def prepare_scenes(
    name: str,
    block: SceneBlock,
    raw: RawFolder,
    total: int,
    items: Iterable[Item],
    out: Path,
    watch: Watch | None = None,
) -> None:
    """Packs `total` items, which come in key order; a drawn set's kinds are known by source or, in a database, by key.

    Raises: ValueError for too many rejects, and for more to hold out than half of the set.
    """
    kinds, ledger = read_kinds(raw), Ledger(STEPS, root=raw.root, total=total)

    def row(key: str, source: str, part: str, read: Callable[[], bytes]) -> Row:
        content = read()
        image = framed(not_blank(decode_upright(content), source), block.size_px, block.crop, block.filter)
        told = {"part": part, "picture": source if source in kinds else key}
        return Row(key, image, None, source, hashlib.sha256(content).hexdigest(), told=told)

    def complete(keys: list[str]) -> Index:
        ledger.check(name, block.minimum_kept, block.decode_error_limit)
        held = by_hash(keys, block.held_out, HELD_OUT, "held_out") if block.held_out else [TRAIN] * len(keys)
        numbers, names = kinds_of(walk.told["picture"], kinds)
        counts = count_facts(walk.told["part"], block.expected_counts)
        _say(name, counts["count_differences"], block.max_images)
        facts = {"crop": block.crop, "filter": block.filter, "max_images": block.max_images, "found": total}
        return Index(held, (HELD_OUT,) if block.held_out else (), {"kind": numbers}, {"kind": names}, facts | counts)

    walk = Walk(items, total, row, f"{name} pictures")
    pack(out, name, block.size_px, False, walk, complete, ledger, watch=watch)


def _say(name: str, differences: dict[str, list[int]], max_images: int) -> None:
    """Tells the log where a set is far from the one that published numbers are of."""
    lacks = [f"max_images {max_images}"] if max_images else []
    for part, (count, came) in differences.items():
        if came < NEARLY * count:
            lacks.append(f"{part}: {count} expected, {came} came")
    if lacks:
        print(f"{name}: NOT comparable with published numbers, which are of the whole set; {'; '.join(lacks)}")
