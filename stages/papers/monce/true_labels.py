"""The true labels of a pack's test items: the pack's own, or those of the raw files at their own size."""

from collections.abc import Container, Iterator
from pathlib import Path

import numpy as np

from stages.data.ade20k import read_numbers, read_photos
from stages.data.cityscapes import read_frames, read_labels
from stages.data.image import decode
from stages.data.prepared.packed import Packed
from stages.data.raw import RawFolder
from stages.data.sets.rooms import table_of
from stages.nets.segmenter import VOID


def twins(data: Packed, positions: np.ndarray, split: str) -> np.ndarray:
    """The items of the other domain that show the same, by name. Shapes: int64 [n] -> int64 [n].

    Raises: ValueError naming an item without a twin.
    """
    places = {key: place for place, key in enumerate(data.keys)}
    wanted = [f"{split}/{data.keys[position].partition('/')[2]}" for position in positions]
    if lacking := [key for key in wanted if key not in places]:
        raise ValueError(f"{data.folder}: expected a pair for every test item, came none called {lacking[0]}")
    return np.array([places[key] for key in wanted], np.int64)


def packed_streets(data: Packed, positions: np.ndarray) -> Iterator[np.ndarray]:
    """Train ids, 255 = void. Shapes: -> uint8 [S S] each."""
    truth = data.array("truth")
    for position in positions:
        yield np.asarray(truth[position])


def raw_streets(data: Packed, positions: np.ndarray, raw: Path) -> Iterator[np.ndarray]:
    """Train ids at the files' own size, 255 = void. `positions` are of label maps. Shapes: -> uint8 [H W] each.

    Raises: ValueError naming a source that the raw set does not have; ImageError.
    """
    folder = RawFolder.open(raw)
    frames = {frame.colours or frame.labels: frame for frame in read_frames(folder)[0]}
    for source in sources(data, positions, frames, raw):
        yield read_labels(folder, frames[source])[0]


def packed_rooms(data: Packed, positions: np.ndarray) -> Iterator[np.ndarray]:
    """Class numbers from 0, 255 = unknown. Shapes: -> uint8 [S S] each."""
    labels, known = data.array("labels"), len(data.card["facts"]["classes"])
    for position in positions:
        found = np.asarray(labels[position])
        yield np.where(found < known, found, VOID).astype(np.uint8)


def raw_rooms(data: Packed, positions: np.ndarray, raw: Path) -> Iterator[np.ndarray]:
    """Class numbers at the files' own size, 255 = unknown. Shapes: -> uint8 [H W] each.

    Raises: ValueError naming a source that the raw set does not have; ImageError.
    """
    folder, classes = RawFolder.open(raw), tuple(data.card["facts"]["classes"])
    photos, table = {photo.photo: photo for photo in read_photos(folder)[0]}, table_of(classes)
    for source in sources(data, positions, photos, raw):
        found = table[read_numbers(folder, photos[source])]
        yield np.where(found < len(classes), found, VOID).astype(np.uint8)


def raw_photos(data: Packed, positions: np.ndarray, raw: Path) -> Iterator[np.ndarray]:
    """The photos at their own size. Shapes: -> uint8 [H W 3] each. Raises: FileNotFoundError, ImageError."""
    folder = RawFolder.open(raw)
    for source in data.column("source")[positions]:
        yield decode(folder.read(str(source)))


def sources(data: Packed, positions: np.ndarray, known: Container[str], raw: Path) -> Iterator[str]:
    """Where the items came from. Raises: ValueError for what is not there any more."""
    for source in data.column("source")[positions]:
        if str(source) not in known:
            raise ValueError(f"{raw}: expected {source}, which {data.folder} was packed from; prepare it anew")
        yield str(source)
