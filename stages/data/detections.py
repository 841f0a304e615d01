"""The table of detected instances: one form for every detector."""

import base64
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import cast

import numpy as np
from PIL import Image

from stages.data.files import read_json, read_table, write_json, write_table
from stages.data.image import Note, decode_mask
from stages.data.reading import reading
from stages.data.sizes import MOST_BYTES

_TYPES = {
    "key": "str", "width": "int", "height": "int", "rank": "int", "class_name": "str", "score": "float",
    "box_x1": "float", "box_y1": "float", "box_x2": "float", "box_y2": "float",
    "rle_counts": "str", "rle_height": "int", "rle_width": "int",
}  # fmt: skip

LONGEST_BITS = 60
GIVEN = "given"  # the class of a mask that the user gives, whatever the photo shows
RECORD = "{key, width, height, instances: [{class, score, box, rle or png}]}"


@dataclass(frozen=True)
class Instance:
    """One instance: COCO class name, score, box (x1, y1, x2, y2) and the mask as a COCO compressed run-length code."""

    class_name: str
    score: float
    box: tuple[float, float, float, float]
    rle: tuple[str, int, int]  # counts, height, width

    @property
    def mask(self) -> np.ndarray:
        """Shapes: bool [height width]. Raises: ValueError for a code whose runs do not fill the mask."""
        counts, height, width = self.rle
        runs = _runs(counts)
        if sum(runs) != height * width:
            raise ValueError(f"expected runs that fill {width} x {height} px, came a run-length code of another size")
        return np.repeat(np.arange(len(runs)) % 2 == 1, runs).reshape(width, height).T

    @property
    def area(self) -> int:
        """Pixels of the mask, from the runs alone."""
        return sum(_runs(self.rle[0])[1::2])


@dataclass(frozen=True)
class ImageDetections:
    """What a detector found in one image; instances sorted by score, best first."""

    width: int
    height: int
    instances: tuple[Instance, ...]


def encode_mask(mask: np.ndarray) -> tuple[str, int, int]:
    """Shapes: bool [H W] -> (counts, H, W)."""
    from pycocotools import mask as coco

    code = coco.encode(np.asfortranarray(mask.astype(np.uint8)))
    return cast(bytes, code["counts"]).decode("ascii"), int(mask.shape[0]), int(mask.shape[1])


def write_detections(folder: Path, found: Iterable[tuple[str, ImageDetections]], facts: Mapping) -> None:
    """Writes detections.parquet (rows in key order, rank by score) and detect.json with `facts` and the counts.

    Raises: ValueError for a key that comes twice.
    """
    rows: dict[str, list] = {name: [] for name in _TYPES}
    classes: Counter = Counter()
    images = sorted(found, key=lambda item: item[0])
    for (key, _), (following, _) in pairwise(images):
        if key == following:
            raise ValueError(f"{folder}: expected one record per image, came two for key {key!r}")
    for key, image in images:
        ordered = sorted(image.instances, key=lambda instance: -instance.score)
        for rank, instance in (
            enumerate(ordered) if ordered else [(-1, Instance("", 0.0, (0.0, 0.0, 0.0, 0.0), ("", 0, 0)))]
        ):
            values = (
                key,
                image.width,
                image.height,
                rank,
                instance.class_name,
                instance.score,
                *instance.box,
                *instance.rle,
            )
            for column, value in zip(rows.values(), values, strict=True):
                column.append(value)
        classes.update(instance.class_name for instance in ordered)
    write_table(Path(folder) / "detections.parquet", rows, _TYPES)
    counts = {"images": len(images), "instances": dict(classes), "without_instance": rows["rank"].count(-1)}
    write_json(Path(folder) / "detect.json", {**facts, "counts": counts})


def read_detections(folder: Path) -> dict[str, ImageDetections]:
    """Reads a folder into {key: ImageDetections}. Raises: FileNotFoundError, ValueError for missing columns."""
    path = Path(folder) / "detections.parquet"
    table = read_table(path)
    missing = sorted(set(_TYPES) - set(table))
    if missing:
        raise ValueError(f"{path}: expected the columns {sorted(_TYPES)}, missing {missing}; run the detect stage anew")
    columns = [
        values.tolist() if isinstance(values, np.ndarray) else values for values in (table[name] for name in _TYPES)
    ]
    found: dict[str, tuple[int, int, list]] = {}
    for key, width, height, rank, class_name, score, x1, y1, x2, y2, counts, rle_height, rle_width in zip(
        *columns, strict=True
    ):
        instances = found.setdefault(key, (width, height, []))[2]
        if rank >= 0:
            instances.append((rank, Instance(class_name, score, (x1, y1, x2, y2), (counts, rle_height, rle_width))))
    return {
        key: ImageDetections(width, height, tuple(instance for _, instance in sorted(ranked, key=lambda pair: pair[0])))
        for key, (width, height, ranked) in found.items()
    }


def read_facts(folder: Path) -> dict:
    """detect.json: source, model, threshold, counts."""
    return read_json(Path(folder) / "detect.json")


def read_records(path: Path) -> Iterator[tuple[str, ImageDetections]]:
    """Reads a precomputed file, per line {key, width, height, instances: [{class, score, box, rle | png}]}.

    `rle` is COCO's {"size": [height, width], "counts": str}; `png` is a base64 mask image.
    Raises: ValueError naming file, line and what is wrong.
    """
    with Path(path).open("rb") as stream:
        # A line without an end would fill the memory.
        for number, line in enumerate(iter(partial(stream.readline, MOST_BYTES), b""), 1):
            with reading(f"{path}, line {number}", RECORD, "write the file anew"):
                record = json.loads(line)
                size = record["height"], record["width"]
                if size[0] * size[1] > (Image.MAX_IMAGE_PIXELS or 0):
                    raise ValueError(f"{size[1]} x {size[0]} px, more than the {Image.MAX_IMAGE_PIXELS} of any photo")
                instances = tuple(
                    _instance(entry, *size, partial(_note, path, number)) for entry in record["instances"]
                )
                image = ImageDetections(int(record["width"]), int(record["height"]), instances)
                key = str(record["key"])
            yield key, image


def _note(path: Path, number: int, text: str) -> None:
    print(f"{path}, line {number}: {text}", flush=True)


def _instance(entry: dict, height: int, width: int, note: Note) -> Instance:
    if "rle" in entry:
        (rle_height, rle_width), counts = entry["rle"]["size"], entry["rle"]["counts"]
        if sum(_runs(counts)) != rle_height * rle_width:
            raise ValueError("the runs do not fill the mask")
        code = (counts, int(rle_height), int(rle_width))
    else:
        code = encode_mask(decode_mask(base64.b64decode(entry["png"], validate=True), note))
    if code[1:] != (height, width):
        raise ValueError(f"a mask of {code[2]} x {code[1]} px in an image of {width} x {height} px")
    x1, y1, x2, y2 = (float(value) for value in entry["box"])
    return Instance(str(entry["class"]), float(entry["score"]), (x1, y1, x2, y2), code)


def _runs(counts: str) -> list[int]:
    """Run lengths of a COCO compressed code, off and on in turn, column by column.

    Each number is little-endian base 32 with a sign bit, six bits a character from '0'; from the fourth on, the
    difference to the number two before. Source: COCO mask format (code).
    Raises: ValueError for a code that ends amid a number.
    """
    runs: list[int] = []
    value, shift = 0, 0
    for character in counts:
        bits = ord(character) - 48
        if not 0 <= bits < 64:
            raise ValueError(f"expected a COCO run-length code, came the character {character!r}")
        if shift > LONGEST_BITS:
            raise ValueError(f"expected a COCO run-length code, came a number of more than {LONGEST_BITS} bits")
        value |= (bits & 31) << shift
        shift += 5
        if not bits & 32:
            if bits & 16:
                value -= 1 << shift
            runs.append(value + (runs[-2] if len(runs) > 2 else 0))
            value, shift = 0, 0
    if shift or any(run < 0 for run in runs):
        raise ValueError("expected a COCO run-length code, came one that is cut or has a negative run")
    return runs
