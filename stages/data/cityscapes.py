"""Cityscapes: photos of streets, and their classes as ids, as colours or as both."""

import re
from dataclasses import dataclass

import numpy as np

from stages.data import layout
from stages.data.cityscapes_labels import LABELS, TRAIN_IDS, colours_of, train_ids_of_colours
from stages.data.image import ImageError, decode, decode_channel
from stages.data.raw import RawFolder
from stages.data.truth import FOLDER

LAYOUT = """
  leftImg8bit/{train,val}/<city>/<city>_<sequence>_<frame>_leftImg8bit.png
  gtFine/{train,val}/<city>/<city>_<sequence>_<frame>_gtFine_{labelIds,color}.png (one of the two will do)
  (each may lie in the folder that its own archive unpacks)"""
TITLE = "Cityscapes"
SPLITS = ("train", "val")
ALL_SPLITS = ("train", "val", "test", "train_extra")  # of these two more there are photos, and no fine labels
PHOTO = re.compile(r"([A-Za-z-]+_\d{6}_\d{6})_leftImg8bit\.(png|jpe?g|webp)", re.IGNORECASE | re.ASCII)


@dataclass(frozen=True)
class Frame:
    """One frame; `labels` and `colours` are paths, empty where there is none, and so is `photo`."""

    split: str
    name: str
    photo: str
    labels: str
    colours: str


def find_bases(raw: RawFolder) -> tuple[str, str]:
    """The folders of leftImg8bit/ and of gtFine/. Raises: as layout.find_base; FileNotFoundError for no gtFine/."""
    photos = layout.find_base(raw, TITLE, LAYOUT, *(f"leftImg8bit/{split}/*/*" for split in SPLITS))
    labels = layout.beside(raw, photos, "gtFine/train/*/*")
    if labels is None:
        raise layout.NotLaidOut(raw, TITLE, LAYOUT, "no gtFine/train/<city>/<file>.png")
    return photos, labels.removesuffix("gtFine/train/")


def read_frames(raw: RawFolder) -> tuple[list[Frame], list[str]]:
    """All frames of train and val, by split and name, those for teaching of a drawn set, and files of other names.

    A frame is what has a photo or labels. Raises: as find_bases.
    """
    photos, labels = find_bases(raw)
    places = [(split, photos, labels) for split in SPLITS] + [("teach", f"{FOLDER}/", f"{FOLDER}/")]
    frames, strange = [], []
    for split, first, second in places:
        found, odd = _photos(raw, f"{first}leftImg8bit/{split}/")
        strange += odd
        beside = {kind: _labels(raw, f"{second}gtFine/{split}/", kind) for kind in ("labelIds", "color")}
        frames += [
            Frame(split, name, found.get(name, ""), beside["labelIds"].get(name, ""), beside["color"].get(name, ""))
            for name in sorted(found.keys() | beside["labelIds"].keys() | beside["color"].keys())
        ]
    return frames, strange


def read_photos(raw: RawFolder) -> tuple[list[Frame], list[str]]:
    """The photos of all four splits without their labels, by split and name, and files of other names.

    train has to be there; which others are is the user's, and each may lie where its own archive unpacks it.
    Raises: as layout.find_base.
    """
    first = layout.find_base(raw, TITLE, LAYOUT, "leftImg8bit/train/*/*")
    frames, strange = [], []
    for split in ALL_SPLITS:
        folder = layout.beside(raw, first, f"leftImg8bit/{split}/*/*")
        found, odd = _photos(raw, folder) if folder else ({}, [])
        strange += odd
        frames += [Frame(split, name, path, "", "") for name, path in sorted(found.items())]
    return frames, strange


def _photos(raw: RawFolder, folder: str) -> tuple[dict[str, str], list[str]]:
    """{<city>/<city>_<sequence>_<frame>: path} of the photos of a split, and files of other names."""
    found, strange = {}, []
    for path in raw.files(folder):
        city, _, file = path.removeprefix(folder).rpartition("/")
        match = PHOTO.fullmatch(file)
        if match is None or "/" in city:
            strange.append(path)
        else:
            found[f"{city}/{match[1]}"] = path
    return found, strange


def _labels(raw: RawFolder, folder: str, kind: str) -> dict[str, str]:
    """{<city>/<city>_<sequence>_<frame>: path} of one kind of label file."""
    end = f"_gtFine_{kind}.png".lower()
    return {path[len(folder) : -len(end)]: path for path in raw.files(folder) if path.lower().endswith(end)}


def read_labels(raw: RawFolder, frame: Frame) -> tuple[np.ndarray, np.ndarray]:
    """The train id of each pixel, VOID = 255, and the official colours, each from its own file or from the other.

    Shapes: -> uint8 [H W], uint8 [H W 3]. Raises: ImageError.
    """
    if not frame.labels and not frame.colours:
        raise ImageError("no_labels", f"expected {frame.name}_gtFine_labelIds.png or _color.png, came neither")
    colours = decode(raw.read(frame.colours)) if frame.colours else None
    if not frame.labels:
        assert colours is not None
        return train_ids_of_colours(colours), colours
    ids = decode_channel(raw.read(frame.labels))
    if ids.max(initial=0) >= len(LABELS):
        raise ImageError("label_value", f"expected ids 0 to {len(LABELS) - 1} in {frame.labels}, came {ids.max()}")
    return TRAIN_IDS[ids], colours_of(ids) if colours is None else colours
