"""CUB-200-2011: its text lists, and smaller lists of the same form."""

from dataclasses import dataclass

from stages.data.raw import RawFolder

LAYOUT = """
  CUB_200_2011/images.txt               id path            CUB_200_2011/image_class_labels.txt   id class (from 1)
  CUB_200_2011/classes.txt              class name         CUB_200_2011/train_test_split.txt     id 1 (train) or 0
  CUB_200_2011/bounding_boxes.txt       id x y w h         CUB_200_2011/images/<class>/<file>.jpg"""


@dataclass(frozen=True)
class Bird:
    """One photo: path under images/, class from 0, split, and box (x, y, width, height) where the lists give one."""

    name: str
    class_id: int
    split: str
    box: tuple[float, float, float, float] | None


def find_lists(raw: RawFolder) -> str:
    """The folder of the lists: CUB_200_2011, the root, or the only one. Raises: FileNotFoundError with the layout."""
    bases = [name.removesuffix("images.txt") for name in raw.files() if name.rsplit("/", 1)[-1] == "images.txt"]
    with_photos = [base for base in bases if raw.files(base + "images/")]
    for base in ("CUB_200_2011/", "", *with_photos, *bases):
        if base in bases:
            return base
    raise FileNotFoundError(f"{raw.root}: expected CUB-200-2011{LAYOUT}\ncame no images.txt")


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
    numbers = sorted(int(number) for number in classes)
    if numbers != list(range(1, len(classes) + 1)):
        raise ValueError(f"{raw.root / base}classes.txt: expected classes 1 to {len(classes)}, came {numbers[:5]}..")
    birds = []
    for key, (name,) in names.items():
        label, flag = labels[key][0], training[key][0]
        if label not in classes or flag not in ("0", "1"):
            raise ValueError(
                f"{raw.root / base}: image {key}: expected a class of classes.txt and 0 or 1, came {label}, {flag}"
            )
        box = None
        if boxes:
            left, top, width, height = map(float, boxes[key])
            box = left, top, width, height
        birds.append(Bird(name, int(label) - 1, "train" if flag == "1" else "test", box))
    return [classes[str(number)][0] for number in numbers], sorted(birds, key=lambda bird: bird.name)


def _rows(raw: RawFolder, name: str, width: int) -> dict[str, list[str]]:
    if not raw.exists(name):
        raise FileNotFoundError(f"{raw.root}: expected {name} in CUB-200-2011{LAYOUT}\ncame no such file")
    rows: dict[str, list[str]] = {}
    for number, line in enumerate(raw.text(name).splitlines(), 1):
        words = line.split()
        if not words:
            continue
        if len(words) != width or not words[0].isdecimal() or words[0] in rows:
            raise ValueError(
                f"{raw.root / name}, line {number}: expected a new id and {width - 1} values, came {line!r}"
            )
        rows[words[0]] = words[1:]
    return rows
