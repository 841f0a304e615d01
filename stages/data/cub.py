"""CUB-200-2011: its text lists, and smaller lists of the same form."""

from dataclasses import dataclass

from stages.data.layout import NotLaidOut, find_base
from stages.data.raw import RawFolder
from stages.data.reading import finite, reading

LAYOUT = """
  CUB_200_2011/images.txt               id path            CUB_200_2011/image_class_labels.txt   id class (from 1)
  CUB_200_2011/classes.txt              class name         CUB_200_2011/train_test_split.txt     id 1 (train) or 0
  CUB_200_2011/bounding_boxes.txt       id x y w h         CUB_200_2011/images/<class>/<file>.jpg"""

DIGITS = 18  # longer ids are no ids


@dataclass(frozen=True)
class Bird:
    """One photo: path under images/, class from 0, split, and box (x, y, width, height) where the lists give one."""

    name: str
    class_id: int
    split: str
    box: tuple[float, float, float, float] | None


def find_lists(raw: RawFolder) -> str:
    """The folder of lists and photos. Raises: as find_base."""
    return find_base(raw, "CUB-200-2011", LAYOUT, "images.txt", "images/*/*")


def read_birds(raw: RawFolder, base: str) -> tuple[list[str], list[Bird]]:
    """Class names in order, and all photos by path. Raises: FileNotFoundError, ValueError naming file and line."""
    names = _rows(raw, f"{base}images.txt", 2)
    labels = _rows(raw, f"{base}image_class_labels.txt", 2)
    training = _rows(raw, f"{base}train_test_split.txt", 2)
    classes = _rows(raw, f"{base}classes.txt", 2)
    boxes = _rows(raw, f"{base}bounding_boxes.txt", 5) if raw.exists(f"{base}bounding_boxes.txt") else None
    listed = {"image_class_labels.txt": labels, "train_test_split.txt": training}
    for file, rows in (listed | ({"bounding_boxes.txt": boxes} if boxes else {})).items():
        if rows.keys() != names.keys():
            stray = sorted(rows.keys() ^ names.keys())[:5]
            raise ValueError(f"{raw.root / base / file}: expected the ids of images.txt, came a difference at {stray}")
    numbers = sorted(map(int, classes))
    if numbers != list(range(1, len(classes) + 1)):
        raise ValueError(
            f"{raw.root / f'{base}classes.txt'}: expected classes 1 to {len(classes)}, came {numbers[:5]}.."
        )
    birds = []
    for key, (name,) in names.items():
        label, flag = _plain(labels[key][0]), training[key][0]
        if label not in classes or flag not in ("0", "1"):
            raise ValueError(
                f"{raw.root / base}: image {key}: expected a class of classes.txt and 0 or 1, came {label}, {flag}"
            )
        box = None
        if boxes:
            with reading(f"{raw.root / f'{base}bounding_boxes.txt'}, image {key}", "four finite numbers"):
                left, top, width, height = map(finite, boxes[key])
            box = left, top, width, height
        birds.append(Bird(name, int(label) - 1, "train" if flag == "1" else "test", box))
    return [classes[str(number)][0] for number in numbers], sorted(birds, key=lambda bird: bird.name)


def _rows(raw: RawFolder, name: str, width: int) -> dict[str, list[str]]:
    if not raw.exists(name):
        raise NotLaidOut(raw, f"{name} in CUB-200-2011", LAYOUT, f"no {name}")
    rows: dict[str, list[str]] = {}
    for number, line in enumerate(raw.text(name).splitlines(), 1):
        words = line.split()
        if not words:
            continue
        key = _plain(words[0])
        if len(words) != width or not key.isdecimal() or len(key) > DIGITS or key in rows:
            raise ValueError(
                f"{raw.root / name}, line {number}: expected a new id and {width - 1} values, came {line!r}"
            )
        rows[key] = words[1:]
    return rows


def _plain(number: str) -> str:
    """An id without leading zeros, which some exports write."""
    return number.lstrip("0") or number[-1:]
