"""LSUN objects as drawn: one bird or car, sometimes a passer-by, and what a perfect detector finds."""

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from stages.draw.scenes import lsun_files
from stages.draw.scenes.canvas import Canvas, Instance, Scene
from stages.draw.scenes.chance import generator
from stages.draw.scenes.encode import jpeg, spoiled, webp
from stages.draw.scenes.faults import FRAMES, SPOILED, planted_faults
from stages.draw.scenes.marks import run_lengths, tight_box
from stages.draw.scenes.supply import Progress, RawBlock

LAYOUT = """  data.mdb and lock.mdb, or images in six nested folders by key, or one zip of images
  detections.jsonl where detections are precomputed"""


class LsunBlock(RawBlock):
    """Drawing numbers that birds and cars share; shares are probabilities."""

    form: Literal["lmdb", "tree", "zip"]
    images: int
    width_px: tuple[int, int]
    height_px: tuple[int, int]
    portrait_share: float
    passer_by_share: float
    jpeg_share: float
    quality: int


@dataclass(frozen=True)
class Request:
    """What one picture must show: its frame, how large and where the main object is, and who else is there."""

    key: str
    width: int
    height: int
    scale: float
    passer_by: str  # none, small, on_top (scored above the object), larger
    main: bool


# A painter turns a request into a backdrop, two functions that paint the object and the passer-by and return their
# classes, and the factors. Each function takes the canvas, the name of its mask, and the masks that it hides.
Paint = Callable[[Canvas, str, tuple[str, ...]], str]
Painter = Callable[[Request], tuple[np.ndarray, Paint, Paint, dict[str, object]]]


def key_of(name: str, seed: int, number: int) -> str:
    """40 hex characters, as LSUN's keys."""
    return hashlib.sha256(f"{name}/{seed}/{number}".encode()).hexdigest()[:40]


def request_of(block: LsunBlock, name: str, number: int) -> tuple[Request, str]:
    """What item `number` shows, and its fault's kind or an empty text."""
    key = key_of(name, block.seed, number)
    fault = planted_faults(name, block.images, block.faults).get(number)
    kind = fault.kind if fault else ""
    rng = generator(block.seed, name, "frame", key)
    width, height = int(rng.integers(*block.width_px)), int(rng.integers(*block.height_px))
    if rng.random() < block.portrait_share:
        width, height = height, width
    width, height = FRAMES.get(kind, (width, height))
    scale = {"cut_by_crop": 2.6, "tiny_object": 0.12, "huge_object": 2.4}.get(kind, 1.0)
    if kind == "cut_by_crop":
        width, height = 1200, 410
    elif kind == "huge_object":
        width, height = 516, 514
    elif kind == "larger_other":
        scale = 0.45
    company = "small" if not kind and rng.random() < block.passer_by_share else "none"
    company = {"other_class_on_top": "on_top", "larger_other": "larger"}.get(kind, company)
    return Request(key, width, height, scale, company, kind != "no_object"), kind


def scene_of(block: LsunBlock, name: str, request: Request, painter: Painter) -> Scene:
    """Backdrop, passer-by, then the main object in front."""
    backdrop, paint_main, paint_other, factors = painter(request)
    canvas = Canvas(backdrop)
    rng = generator(block.seed, name, "scores", request.key)
    high, low = float(rng.uniform(0.93, 0.995)), float(rng.uniform(0.55, 0.9))
    scores = {"main": low, "other": high} if request.passer_by == "on_top" else {"main": high, "other": low}
    classes = {}
    if request.passer_by != "none":
        classes["other"] = paint_other(canvas, "other", ())
    if request.main:
        classes["main"] = paint_main(canvas, "main", ("other",))
    masks = {part: canvas.mask(part) for part in classes}
    found = [Instance(classes[part], mask, round(scores[part], 4)) for part, mask in masks.items() if mask.any()]
    return Scene(canvas.image(), masks, found, factors)


def record_of(key: str, scene: Scene, stretch: int = 0) -> str:
    """One line of detections.jsonl; `stretch` adds to the height, as in a record of another copy of the image."""
    height, width = scene.image.shape[:2]
    instances = []
    for instance in scene.instances:
        mask = np.pad(instance.mask, ((0, stretch), (0, 0)))
        x1, y1, x2, y2 = tight_box(mask)
        box = [x1, y1, x2 + 1, y2 + 1]  # as detectors give it: right and lower limits are edges
        instances.append({"class": instance.class_name, "score": instance.score, "box": box, "rle": run_lengths(mask)})
    record = {"key": key, "width": width, "height": height + stretch, "instances": instances}
    return json.dumps(record, sort_keys=True, separators=(",", ":"))


def items(block: LsunBlock, name: str, painter: Painter) -> Iterator[tuple[str, str, bytes, str]]:
    """(key, suffix, file bytes, detection line or nothing) of every picture, good and bad, by item number."""
    total = block.images + len(planted_faults(name, block.images, block.faults))
    for number in range(total):
        request, kind = request_of(block, name, number)
        scene = scene_of(block, name, request, painter)
        as_jpeg = generator(block.seed, name, "file", request.key).random() < block.jpeg_share
        if kind in SPOILED:
            suffix, content = "jpg", spoiled(scene.image, kind, block.quality)
        elif as_jpeg:
            suffix, content = "jpg", jpeg(scene.image, block.quality)
        else:
            suffix, content = "webp", webp(scene.image, block.quality)
        line = "" if kind == "no_record" else record_of(request.key, scene, 8 if kind == "record_of_other_size" else 0)
        yield request.key, suffix, content, line


def draw(block: LsunBlock, name: str, painter: Painter, out: Path, progress: Progress | None = None) -> None:
    """Writes the images in the block's form, and detections.jsonl, all in key order."""
    total = block.images + len(planted_faults(name, block.images, block.faults))
    drawn = []
    for number, item in enumerate(items(block, name, painter), 1):
        drawn.append(item)
        if progress:
            progress(number, total)
    drawn.sort()
    images = [(key, suffix, content) for key, suffix, content, _ in drawn]
    {"lmdb": lsun_files.write_lmdb, "tree": lsun_files.write_tree, "zip": lsun_files.write_zip}[block.form](out, images)
    (out / "detections.jsonl").write_text("".join(line + "\n" for _, _, _, line in drawn if line), encoding="utf-8")
