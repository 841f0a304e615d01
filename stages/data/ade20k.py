"""ADE20K for scene parsing: photos and label maps of equal names, in the published folders or all in one."""

import re
from dataclasses import dataclass

import numpy as np

from stages.data.ade20k_labels import CLASSES, numbers_of
from stages.data.image import ImageError, decode_labels
from stages.data.layout import NotLaidOut
from stages.data.raw import RawFolder

LAYOUT = """
  images/{training,validation}/ADE_{train,val}_<8 digits>.jpg
  annotations/{training,validation}/ADE_{train,val}_<8 digits>.png (0 unknown, 1 to 150)
  (or all of them in one folder; pairs are made by name)"""
TITLE = "ADE20K (ADEChallengeData2016)"
NAME = re.compile(r"(ADE_(train|val|teach)_\d{8})\.(jpe?g|png)", re.IGNORECASE | re.ASCII)
# Of the instance challenge, whose files have the same names.
OTHERS = "annotations_"


@dataclass(frozen=True)
class Photo:
    """One photo and its label map: paths, empty where there is none."""

    split: str
    name: str
    photo: str
    labels: str


def read_photos(raw: RawFolder) -> tuple[list[Photo], list[str]]:
    """All photos of train and val, by split and name, those for teaching of a drawn set, and jpgs of other names.

    Raises: NotLaidOut where a split has no photo or no label map; ValueError for a name that comes twice.
    """
    photos: dict[str, str] = {}
    labels: dict[str, str] = {}
    for path in raw.files():
        *folders, file = path.split("/")
        match = NAME.fullmatch(file)
        if match is None or any(folder.startswith(OTHERS) for folder in folders):
            continue
        held = labels if match[3].lower() == "png" else photos
        if (other := held.setdefault(match[1], path)) != path:
            raise ValueError(f"{raw.root}: expected {file} once, came {other} and {path}; move one away")
    for split in ("train", "val"):
        for held, what in ((photos, "jpg"), (labels, "png")):
            if not any(name.startswith(f"ADE_{split}_") for name in held):
                raise NotLaidOut(raw, TITLE, LAYOUT, f"no ADE_{split}_<8 digits>.{what}")
    places = {path.rpartition("/")[0] for path in photos.values()}
    known = set(photos.values())
    strange = [
        path for path in raw.files() if _is_jpeg(path) and path.rpartition("/")[0] in places and path not in known
    ]
    return [
        Photo(name.split("_")[1], name, photos.get(name, ""), labels.get(name, ""))
        for name in sorted(photos.keys() | labels.keys())
    ], strange


def _is_jpeg(path: str) -> bool:
    return path.lower().endswith((".jpg", ".jpeg"))


def read_numbers(raw: RawFolder, photo: Photo) -> np.ndarray:
    """The class number of each pixel, 0 to 149, 150 = unknown. Shapes: -> uint8 [H W]. Raises: ImageError."""
    if not photo.labels:
        raise ImageError("no_labels", f"expected {photo.name}.png, came no such file")
    labels = decode_labels(raw.read(photo.labels))
    if labels.max(initial=0) > CLASSES:
        raise ImageError("label_value", f"expected labels 0 to {CLASSES} in {photo.labels}, came {labels.max()}")
    return numbers_of(labels)
