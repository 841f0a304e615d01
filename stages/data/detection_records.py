"""Detections made elsewhere: a file with a line of JSON for each photo, in any order."""

import base64
import json
from array import array
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from PIL import Image

from stages.data.image import Note, decode_mask
from stages.data.instances import ImageDetections, Instance, encode_mask, runs_of
from stages.data.reading import reading
from stages.data.sizes import MOST_BYTES

RECORD = "{key, width, height, instances: [{class, score, box, rle or png}]}"
REMEDY = "write the file anew"


class Records:
    """The records of a file by key. What is in memory is where each begins, not what it says.

    `rle` is COCO's {"size": [height, width], "counts": str}; `png` is a base64 mask image.
    Raises: ValueError naming file, line and what is wrong, and for a key that comes twice.
    """

    def __init__(self, path: Path) -> None:
        self.path, self._starts = path, array("Q")
        self._numbers: dict[str, int] = {}
        for number, line, start in self._lines():
            with reading(self._place(number), RECORD, REMEDY):
                key = str(json.loads(line)["key"])
            if key in self._numbers:
                raise ValueError(f"{path}: expected one record per image, came two for key {key!r}")
            self._numbers[key] = number
            self._starts.append(start)

    def get(self, key: str) -> ImageDetections | None:
        """The record of a photo, None without one."""
        number = self._numbers.get(key)
        if number is None:
            return None
        with self.path.open("rb") as stream:
            stream.seek(self._starts[number - 1])
            return self._record(number, stream.readline(MOST_BYTES))

    def __iter__(self) -> Iterator[tuple[str, ImageDetections]]:
        """(key, record) of all photos, in the file's order."""
        for key, (number, line, _) in zip(self._numbers, self._lines(), strict=True):
            yield key, self._record(number, line)

    def _lines(self) -> Iterator[tuple[int, bytes, int]]:
        start = 0
        with self.path.open("rb") as stream:
            # A line without an end would fill the memory.
            for number, line in enumerate(iter(partial(stream.readline, MOST_BYTES), b""), 1):
                yield number, line, start
                start += len(line)

    def _record(self, number: int, line: bytes) -> ImageDetections:
        with reading(self._place(number), RECORD, REMEDY):
            record = json.loads(line)
            size = record["height"], record["width"]
            if size[0] * size[1] > (Image.MAX_IMAGE_PIXELS or 0):
                raise ValueError(f"{size[1]} x {size[0]} px, more than the {Image.MAX_IMAGE_PIXELS} of any photo")
            instances = tuple(_instance(entry, *size, partial(self._note, number)) for entry in record["instances"])
            return ImageDetections(int(record["width"]), int(record["height"]), instances)

    def _place(self, number: int) -> str:
        return f"{self.path}, line {number}"

    def _note(self, number: int, text: str) -> None:
        print(f"{self._place(number)}: {text}", flush=True)


def read_records(path: Path) -> Iterator[tuple[str, ImageDetections]]:
    """(key, record) of all photos of a file, in its order. Raises: as Records."""
    return iter(Records(path))


def _instance(entry: dict, height: int, width: int, note: Note) -> Instance:
    if "rle" in entry:
        (rle_height, rle_width), counts = entry["rle"]["size"], entry["rle"]["counts"]
        if sum(runs_of(counts)) != rle_height * rle_width:
            raise ValueError("the runs do not fill the mask")
        code = (counts, int(rle_height), int(rle_width))
    else:
        code = encode_mask(decode_mask(base64.b64decode(entry["png"], validate=True), note))
    if code[1:] != (height, width):
        raise ValueError(f"a mask of {code[2]} x {code[1]} px in an image of {width} x {height} px")
    x1, y1, x2, y2 = (float(value) for value in entry["box"])
    return Instance(str(entry["class"]), float(entry["score"]), (x1, y1, x2, y2), code)
