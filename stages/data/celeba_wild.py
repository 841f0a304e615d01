"""CelebA in the wild: its boxes, its landmarks, and MAFL's lists of who trains and who tests."""

from dataclasses import dataclass

import numpy as np

from stages.data.layout import NotLaidOut, beside, find_base
from stages.data.raw import RawFolder

LAYOUT = """
  img_celeba/<6 digits>.jpg                                   photos as found, neither aligned nor cropped
  list_landmarks_celeba.txt, list_bbox_celeba.txt             here or in Anno/
  MAFL/celebA_training.txt, MAFL/training.txt, MAFL/testing.txt   one file name a line"""
TITLE = "CelebA in the wild"
LISTS = {"train": "celebA_training", "reg_train": "training", "test": "testing"}
POINTS = ("lefteye", "righteye", "nose", "leftmouth", "rightmouth")
BOX = ("x_1", "y_1", "width", "height")
FARTHEST_PX = 1 << 31  # no photo is larger


@dataclass(frozen=True)
class WildFaces:
    """The photos' folder, and what the lists say.

    Shapes: boxes x, y, width, height; landmarks float64 [5 2] (x, y). Units: photo pixels.
    """

    folder: str
    splits: dict[str, list[str]]
    boxes: dict[str, tuple[int, ...]]
    landmarks: dict[str, np.ndarray]


def passes_face_share(box_width: int, box_height: int, width: int, height: int, share: float) -> bool:
    """Whether the box covers at least `share` of the photo; both ends of the limit and an empty box are decided here.

    Formula: w_box · h_box ≥ share · (W · H).  Source: code (GANSeg and SCOPS), spec §2.1.
    """
    return box_width > 0 and box_height > 0 and box_width * box_height >= share * (width * height)


def to_frame(landmarks: np.ndarray, width: int, height: int, size_px: int) -> np.ndarray:
    """Landmarks in a photo that is stretched to a square: x · S / W, y · S / H.

    Source: spec §2.1. Shapes: [L 2] (x, y) -> float32 [L 2] (x, y).
    """
    return (np.asarray(landmarks, np.float64) * (size_px / width, size_px / height)).astype(np.float32)


def read_faces(raw: RawFolder) -> WildFaces:
    """The three lists, all boxes and all landmarks.

    Raises: FileNotFoundError with the layout; ValueError naming file and line, or a test photo that also trains.
    """
    base = find_base(raw, TITLE, LAYOUT, "img_celeba/*")
    splits = {split: _read_names(raw, base, f"MAFL/{name}.txt") for split, name in LISTS.items()}
    for split in ("train", "reg_train"):
        if both := sorted(set(splits["test"]) & set(splits[split])):
            raise ValueError(
                f"{raw.root}/MAFL: expected no photo of testing.txt in {LISTS[split]}.txt, came {both[:3]}; "
                "restore the published lists"
            )
    boxes = _read_rows(raw, base, "list_bbox_celeba.txt", BOX, "image_id")
    points = _read_rows(
        raw, base, "list_landmarks_celeba.txt", tuple(f"{p}_{axis}" for p in POINTS for axis in "xy"), ""
    )
    landmarks = {name: np.array(row, np.float64).reshape(len(POINTS), 2) for name, row in points.items()}
    return WildFaces(f"{base}img_celeba/", splits, boxes, landmarks)


def _read_names(raw: RawFolder, base: str, name: str) -> list[str]:
    path = _find(raw, base, name)
    names = raw.text(path).split()
    if not names or len(set(names)) != len(names):
        raise ValueError(f"{raw.root / path}: expected file names, each once, came {len(names)}, some twice or none")
    return sorted(names)


def _read_rows(
    raw: RawFolder, base: str, name: str, columns: tuple[str, ...], first: str
) -> dict[str, tuple[int, ...]]:
    """Rows of one of CelebA's lists: line 1 the count, line 2 the columns' names, then a file name and integers."""
    path = _find(raw, base, name)
    lines = raw.text(path).splitlines()
    header = lines[1].split() if len(lines) > 1 else []
    count = lines[0].strip() if lines else ""
    if header != [*([first] if first else []), *columns] or not (count.isdecimal() and len(count) < 10):
        raise ValueError(f"{raw.root / path}: expected a count and the columns {' '.join(columns)}, came {lines[:2]}")
    rows = {}
    for number, line in enumerate(lines[2:], 3):
        words = line.split()
        if not words:
            continue
        try:
            values = tuple(int(word) for word in words[1:])
            values = values if all(abs(value) < FARTHEST_PX for value in values) else ()
        except ValueError:
            values = ()
        if len(values) != len(columns) or words[0] in rows:
            raise ValueError(
                f"{raw.root / path}, line {number}: expected a new name and {len(columns)} integers, came {line!r}"
            )
        rows[words[0]] = values
    if len(rows) != int(count):
        raise ValueError(f"{raw.root / path}: expected {count} rows, as line 1 says, came {len(rows)}")
    return rows


def _find(raw: RawFolder, base: str, name: str) -> str:
    found = beside(raw, base, name)
    if found is None:
        raise NotLaidOut(raw, f"{name} of {TITLE}", LAYOUT, f"no {name}")
    return found
