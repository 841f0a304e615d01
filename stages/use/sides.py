"""The two sets of pictures that a score compares: a folder of files, or a split of a prepared set."""

import hashlib
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from stages.data.image import centre_square, resize_by
from stages.data.own.pictures import Picture, list_pictures, read_photo
from stages.data.prepared.packed import Packed
from stages.use.folder import vouched

ALIKE = "none: all are squares of one size"
BROUGHT = "the middle square, Lanczos, to {} px"


class Side(NamedTuple):
    """Pictures of one size by their names, and what the protocol says of them. Shapes: uint8 [N S S 3]."""

    names: list[str]
    images: np.ndarray
    said: dict[str, Any]


def read_side(place: Path, size: int | None, split: str) -> Side:
    """The pictures at a place, brought to a side of `size` px where one is named.

    Raises: FileNotFoundError and ValueError as `list_pictures`, `read_photo` and `vouched`, and for pictures of several
    sizes where no size is named.
    """
    return _of_pack(place, size, split) if (place / "card.json").is_file() else _of_folder(place, size)


def _of_pack(place: Path, size: int | None, split: str) -> Side:
    made, data = vouched(place, "prepare", "a prepared set"), Packed.open(place)
    positions = data.positions(split)
    images = np.asarray(data.images[positions])
    if size is not None:
        images = np.stack([_brought(image, size) for image in images])
    said = {"set": data.card["name"], "split": split, "receipt": made.digest, "sha256": made.sha256}
    return Side([data.keys[place] for place in positions], images, said | _counted(images, size))


def _of_folder(place: Path, size: int | None) -> Side:
    files = {key: read_photo(path, place, marked=False) for key, path in list_pictures(place, "pictures").items()}
    images = {key: file.pixels if size is None else _brought(file.pixels, size) for key, file in files.items()}
    first = next(iter(files))
    tall, wide = images[first].shape[:2]
    for key in files:
        height, width = images[key].shape[:2]
        if (height, width) != (tall, wide) or height != width:
            raise ValueError(
                f"{place}: expected squares of one size, came {files[first].path} of {wide} x {tall} px and "
                f"{files[key].path} of {width} x {height} px; name a side with --size"
            )
    stacked = np.stack(list(images.values()))
    return Side(list(files), stacked, {"folder": place.name, "sha256": _digest(files)} | _counted(stacked, size))


def _counted(images: np.ndarray, size: int | None) -> dict[str, Any]:
    resized = ALIKE if size is None else BROUGHT.format(size)
    return {"pictures": len(images), "size_px": images.shape[1], "resize": resized}


def _brought(image: np.ndarray, size: int) -> np.ndarray:
    return resize_by(centre_square(image), size, size, "lanczos")


def _digest(files: dict[str, Picture]) -> str:
    """sha256 over lines `sha256  path`, as of any folder's listing."""
    lines = sorted(f"{file.sha256}  {file.path}\n" for file in files.values())
    return hashlib.sha256("".join(lines).encode()).hexdigest()
