"""Stanford Dogs: its .mat lists, and annotations that are XML files without a suffix."""

from dataclasses import dataclass
from xml.parsers import expat

import numpy as np

from stages.data.layout import NotLaidOut, beside, find_base
from stages.data.raw import RawFolder
from stages.data.reading import finite, mat, reading, whole

TITLE = "Stanford Dogs"
LAYOUT = """
  Images/<class>/<file>.jpg             Annotation/<class>/<file>, XML without a suffix
  train_list.mat, test_list.mat         beside Images, or in lists/"""
CORNERS = ("xmin", "ymin", "xmax", "ymax")
LARGEST_BYTES = 1 << 20  # no annotation of some boxes is larger

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Dog:
    """One photo: path, path of its annotation ("" = none), class from 0, split."""

    name: str
    annotation: str
    class_id: int
    split: str


def read_dogs(raw: RawFolder) -> tuple[list[str], list[Dog]]:
    """The class folders in the order of their labels, and all listed photos by path.

    Raises: FileNotFoundError with the layout; ValueError for lists that are none, or whose labels are not 1 to N with a
    folder each.
    """
    base = find_base(raw, TITLE, LAYOUT, "Images/*/*")
    folders: dict[int, str] = {}
    dogs: dict[str, Dog] = {}
    for split in ("train", "test"):
        listed = beside(raw, base, f"{split}_list.mat")
        if listed is None:
            raise NotLaidOut(raw, TITLE, LAYOUT, f"no {split}_list.mat")
        for file, annotation, label in _rows(raw, listed):
            folder = file.split("/")[0]
            place = f"{base}Annotation/{annotation}"
            name = f"{base}Images/{file}"
            if name in dogs or folders.setdefault(label, folder) != folder:
                raise ValueError(
                    f"{raw.root / listed}: {file}, label {label}: expected a photo that no list has yet, and one class "
                    f"folder for each label, came {dogs.get(name, folders[label])}"
                )
            dogs[name] = Dog(name, place if raw.exists(place) else "", label - 1, split)
    if sorted(folders) != list(range(1, len(folders) + 1)) or len(set(folders.values())) != len(folders):
        raise ValueError(
            f"{raw.root / base}: expected labels 1 to N, a class folder each, came {dict(sorted(folders.items()))}"
        )
    return [folders[label] for label in sorted(folders)], sorted(dogs.values(), key=lambda dog: dog.name)


def read_box(raw: RawFolder, name: str) -> Box | None:
    """The largest box (x1, y1, x2, y2) of an annotation, limits as edges; None where it names no object.

    Source: spec §2.1 (largest box). Raises: ValueError naming the file, also for a DOCTYPE, whose entities can grow.
    """
    content = raw.read(name)
    with reading(raw.root / name, "XML without DOCTYPE, with xmin, ymin, xmax and ymax of each bndbox"):
        if len(content) > LARGEST_BYTES:
            raise ValueError(f"{len(content)} bytes")
        boxes = [_box(found) for found in _Annotation().parse(content)]
    return max(boxes, key=lambda box: (box[2] - box[0]) * (box[3] - box[1])) if boxes else None


def _box(found: dict[str, str]) -> Box:
    left, top, right, bottom = (finite(found[corner]) for corner in CORNERS)
    if not (left < right and top < bottom):
        raise ValueError(f"a box {left, top, right, bottom}")
    return left, top, right, bottom


class _Annotation:
    """The texts below each bndbox of each object. Only expat's own events are used, and no entity is ever declared."""

    def __init__(self) -> None:
        self.path: list[str] = []
        self.boxes: list[dict[str, str]] = []

    def parse(self, content: bytes) -> list[dict[str, str]]:
        parser = expat.ParserCreate()
        parser.StartDoctypeDeclHandler = self.doctype
        parser.StartElementHandler = self.start
        parser.EndElementHandler = self.end
        parser.CharacterDataHandler = self.text
        parser.Parse(content, True)
        return self.boxes

    def doctype(self, *facts: object) -> None:
        raise ValueError("a DOCTYPE")

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self.path.append(name)
        if self.path == ["annotation", "object", "bndbox"]:
            self.boxes.append(dict.fromkeys(CORNERS, ""))

    def end(self, name: str) -> None:
        self.path.pop()

    def text(self, text: str) -> None:
        if self.path[:-1] == ["annotation", "object", "bndbox"] and self.path[-1] in CORNERS:
            self.boxes[-1][self.path[-1]] += text


def _rows(raw: RawFolder, name: str) -> list[tuple[str, str, int]]:
    """(photo under Images/, annotation under Annotation/, label from 1) of a list."""
    content = mat(raw.read(name), raw.root / name)
    needed = ("file_list", "annotation_list", "labels")
    if not set(needed) <= set(content):
        raise ValueError(f"{raw.root / name}: expected {', '.join(needed)}, came {sorted(content)}")
    with reading(raw.root / name, "file names and labels from 1 in lists of one length"):
        files, annotations = ([_text(value) for value in content[key].ravel()] for key in needed[:2])
        rows = list(zip(files, annotations, whole(content["labels"]), strict=True))
        if wrong := [row for row in rows if row[0].count("/") != 1 or row[2] < 1]:
            raise ValueError(f"the row {wrong[0]}")
    return rows


def _text(value: np.ndarray) -> str:
    return str(np.asarray(value).ravel()[0])
