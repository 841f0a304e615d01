"""The table of detected instances: one form for every detector."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from pathlib import Path

import numpy as np

from stages.data.files import read_json, write_json
from stages.data.grouped_table import GroupedTable, group_bytes, group_columns, write_groups
from stages.data.instances import ImageDetections, Instance

TABLE = "detections.parquet"
_TYPES = {
    "key": "str", "width": "int", "height": "int", "rank": "int", "class_name": "str", "score": "float",
    "box_x1": "float", "box_y1": "float", "box_x2": "float", "box_y2": "float",
    "rle_counts": "str", "rle_height": "int", "rle_width": "int",
}  # fmt: skip
NOTHING = Instance("", 0.0, (0.0, 0.0, 0.0, 0.0), ("", 0, 0))


def shard_of(found: Iterable[tuple[str, ImageDetections]]) -> bytes:
    """The rows of some images, in key order, rank by score: a group of detections.parquet.

    Raises: ValueError for a key that comes twice.
    """
    rows: dict[str, list] = {name: [] for name in _TYPES}
    images = sorted(found, key=lambda item: item[0])
    for (key, _), (following, _) in pairwise(images):
        if key == following:
            raise ValueError(f"detections: expected one record per image, came two for key {key!r}")
    for key, image in images:
        ordered = sorted(image.instances, key=lambda instance: -instance.score)
        for rank, instance in enumerate(ordered) if ordered else [(-1, NOTHING)]:
            size = (key, image.width, image.height, rank)
            values = (*size, instance.class_name, instance.score, *instance.box, *instance.rle)
            for column, value in zip(rows.values(), values, strict=True):
                column.append(value)
    return group_bytes(rows, _TYPES)


def write_shards(folder: Path, shards: Iterable[bytes], facts: Mapping) -> None:
    """Writes detections.parquet, a row group for each shard, and detect.json with `facts` and the counts.

    One shard is in memory at a time. Raises: ValueError for keys that do not rise from shard to shard.
    """
    classes, counts, last = Counter[str](), Counter[str](), ""

    def counted() -> Iterator[bytes]:
        nonlocal last
        for content in shards:
            columns = group_columns(content)
            keys, ranks = columns["key"], columns["rank"]
            if keys and last and keys[0] <= last:
                raise ValueError(f"{folder}: expected shards in key order, came key {keys[0]!r} behind {last!r}")
            last = keys[-1] if keys else last
            found = np.flatnonzero(ranks >= 0)
            classes.update(columns["class_name"][place] for place in found.tolist())
            counts.update(images=int((ranks <= 0).sum()), without_instance=int((ranks < 0).sum()))
            yield content

    write_groups(Path(folder) / TABLE, counted())
    written = {"images": counts["images"], "instances": dict(classes), "without_instance": counts["without_instance"]}
    write_json(Path(folder) / "detect.json", {**facts, "counts": written})


def write_detections(folder: Path, found: Iterable[tuple[str, ImageDetections]], facts: Mapping) -> None:
    """Writes the detections of few images, as `write_shards` does."""
    write_shards(folder, [shard_of(found)], facts)


class Detections(Mapping[str, ImageDetections]):
    """The detections of a folder by key, a row group in memory at a time: ask for keys in their order.

    Raises: FileNotFoundError; ValueError for missing columns.
    """

    def __init__(self, folder: Path) -> None:
        self._table = GroupedTable(Path(folder) / TABLE, _TYPES)
        self._place, self._group = -1, dict[str, ImageDetections]()

    def __getitem__(self, key: str) -> ImageDetections:
        place = self._table.place(key)
        if place is None:
            raise KeyError(key)
        return self._read(place)[key]

    def __iter__(self) -> Iterator[str]:
        for place in range(len(self._table)):
            yield from self._read(place)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def _read(self, place: int) -> dict[str, ImageDetections]:
        if place != self._place:
            self._group = {}
            self._place, self._group = place, _images(self._table.read(place))
        return self._group


def _images(table: Mapping) -> dict[str, ImageDetections]:
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
