"""The prepared Stanford Cars: class, body shape and colour of each photo, for the known-factor encoders."""

import hashlib
from pathlib import Path
from typing import Literal

import numpy as np

from stages.block import Block as Base
from stages.data.colour import cluster_colours, foreground, mean_colour, nearest_colour
from stages.data.detections import Detections
from stages.data.image import decode, resize
from stages.data.prepared.crop import square_window
from stages.data.prepared.ledger import Ledger, Refused
from stages.data.prepared.packed import Index, Row, pack
from stages.data.prepared.walk import Walk, Watch
from stages.data.raw import RawFolder, unlisted
from stages.data.shapes import SHAPES, group_shapes
from stages.data.stanford_cars import read_cars

STEPS = ("found", "decode", "box")


class Block(Base):
    """Parameters of the Stanford Cars set."""

    size_px: int
    view: Literal["stretch", "square"]
    curated_shapes: dict[str, str]
    boxes: Literal["annotated", "whole"]
    colours: int
    colour_restarts: int
    colour_seed: int
    foreground_classes: tuple[str, ...]
    foreground_iou: float
    box_shrink: float
    minimum_kept: int
    decode_error_limit: float


def prepare(block: Block, inputs: dict[str, Path], out: Path, watch: Watch | None = None) -> None:
    """Packs all annotated photos; colours are grouped on the training photos. Raises: FileNotFoundError, ValueError."""
    raw = RawFolder.open(inputs["raw"])
    classes, cars = read_cars(raw)
    shapes, left_out = group_shapes(classes, block.curated_shapes)
    detections = Detections(inputs["detections"])
    photos = {car.name: raw.find(car.name) for car in cars}
    strays = unlisted(raw, (photos[car.name] or car.name for car in cars))
    ledger = Ledger(STEPS, root=raw.root, total=len(cars) + len(strays))
    for name in strays:
        ledger.reject(name, "found", "no_annotation", "a photo without a row in the annotations", name)
    by_name = {car.name: car for car in cars}

    def row(key: str, listed: str) -> Row:
        car, place = by_name[key], photos[key]
        if place is None:
            raise Refused("found", "no_image", "annotated, but the photo is not there")
        content = raw.read(place)
        image = decode(content)
        height, width = image.shape[:2]
        box = _inside(car.box, height, width) if block.boxes == "annotated" else (0, 0, width - 1, height - 1)
        limits = (block.foreground_classes, block.foreground_iou, block.box_shrink)
        mask, origin = foreground(detections.get(key), box, height, width, *limits)
        told = {"colour": mean_colour(image, mask).tolist(), "origin": origin}
        if block.view == "square":
            image = square_window(width, height, box).cut(image)
        image = resize(image, block.size_px, block.size_px)
        return Row(key, image, None, place, hashlib.sha256(content).hexdigest(), told=told)

    def complete(keys: list[str]) -> Index:
        ledger.check("cars", block.minimum_kept, block.decode_error_limit)
        splits = [by_name[key].split for key in keys]
        colours = np.array(walk.told["colour"])
        training = np.array([split == "train" for split in splits])
        clusters = cluster_colours(colours[training], block.colours, block.colour_restarts, block.colour_seed)
        class_ids = np.array([by_name[key].class_id for key in keys], np.int64)
        labels = {
            "class_id": class_ids,
            "shape": np.where(class_ids < 0, -1, np.array(shapes, np.int64)[class_ids]),
            "colour": nearest_colour(colours, clusters.centroids),
        }
        names = {"class_id": classes, "shape": list(SHAPES), "colour": [f"colour {i}" for i in range(block.colours)]}
        origins = walk.told["origin"]
        facts = {
            "colour_centroids": np.round(clusters.centroids, 6).tolist(),
            "colour_sizes": clusters.sizes.tolist(),
            "colour_from": {origin: origins.count(origin) for origin in sorted(set(origins))},
            "classes_without_shape": left_out,
        }
        # A devkit without the test photos' annotations is one to train on.
        evaluation = ("test",) if any(car.split == "test" for car in cars) else ()
        return Index(splits, evaluation, labels, names, facts)

    walk = Walk([(car.name, photos[car.name] or car.name) for car in cars], len(cars), row, "cars")
    pack(out, "cars", block.size_px, False, walk, complete, ledger, watch=watch)


def _inside(box: tuple[int, int, int, int], height: int, width: int) -> tuple[int, int, int, int]:
    # Some published boxes end a pixel beyond the photo; those further out do not belong to it.
    if box[2] > width or box[3] > height:
        raise Refused("box", "box", f"box {box} in a photo of {width} x {height} px")
    return box[0], box[1], min(box[2], width - 1), min(box[3], height - 1)
