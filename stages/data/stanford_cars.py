"""Stanford Cars: its .mat annotations in both published layouts."""

from dataclasses import dataclass

import numpy as np

from stages.data.layout import NotLaidOut, bases_of, beside, find_base
from stages.data.raw import RawFolder
from stages.data.reading import mat, reading, whole

TITLE = "Stanford Cars"
LAYOUT = """
  cars_train/00001.jpg ..     cars_test/00001.jpg ..
  devkit/cars_meta.mat        devkit/cars_train_annos.mat        devkit/cars_test_annos.mat
  cars_test_annos_withlabels.mat                                 beside devkit or in it; without it, no test classes
  or car_ims/000001.jpg .. with cars_annos.mat                   the single archive
  (a .mat file beside the photos, such as dev/cars_train_annos.mat for dev/cars_train, goes before devkit's)"""


@dataclass(frozen=True)
class Car:
    """One photo: path, box (x1, y1, x2, y2) from 0 with limits inclusive, class from 0 (-1 = not given), split."""

    name: str
    box: tuple[int, int, int, int]
    class_id: int
    split: str


def read_cars(raw: RawFolder) -> tuple[list[str], list[Car]]:
    """The 196 class names in cars_meta's order, and all annotated photos by path.

    Raises: FileNotFoundError with the layout, ValueError for files that are not the annotations they should be.
    """
    single, train = bases_of(raw, "car_ims/*"), bases_of(raw, "cars_train/*")
    if single and train:
        raise ValueError(
            f"{raw.root}: expected {TITLE} in one of its two layouts, came {raw.root / single[0]}/car_ims and "
            f"{raw.root / train[0]}/cars_train; move one away"
        )
    listed = beside(raw, single[0] if single else "", "cars_annos.mat")
    if single or (listed and not train):
        if listed is None:
            raise NotLaidOut(raw, TITLE, LAYOUT, "car_ims without cars_annos.mat")
        base = find_base(raw, TITLE, LAYOUT, "car_ims/*") if single else listed.removesuffix("cars_annos.mat")
        return _read_single(raw, listed, base)
    return _read_devkit(raw, find_base(raw, TITLE, LAYOUT, "cars_train/*"))


def _read_devkit(raw: RawFolder, base: str) -> tuple[list[str], list[Car]]:
    classes = read_class_names(raw, _require(raw, base, "cars_meta.mat"))
    train = _require(raw, base, "cars_train_annos.mat")
    cars = read_annotations(raw, train, f"{base}cars_train/", "train", len(classes))
    if folder := beside(raw, base, "cars_test/*"):
        test = _require(raw, base, "cars_test_annos_withlabels.mat", "cars_test_annos.mat")
        cars += read_annotations(raw, test, folder, "test", len(classes))
    return classes, sorted(cars, key=lambda car: car.name)


def _read_single(raw: RawFolder, name: str, base: str) -> tuple[list[str], list[Car]]:
    classes = read_class_names(raw, name)
    cars = read_annotations(raw, name, base, "", len(classes))
    return classes, sorted(cars, key=lambda car: car.name)


def read_class_names(raw: RawFolder, name: str) -> list[str]:
    """The class names of cars_meta.mat, in its own order. Raises: ValueError."""
    content = _load(raw, name)
    if "class_names" not in content:
        raise ValueError(f"{raw.root / name}: expected class_names, came {sorted(content)}")
    with reading(raw.root / name, "names in class_names"):
        return [_text(value) for value in content["class_names"].ravel()]


def read_annotations(raw: RawFolder, name: str, folder: str, split: str, class_count: int) -> list[Car]:
    """Rows of one annotations file; values are nested arrays of small integers, which become int before arithmetic.

    `split` is empty for the single-archive layout, whose rows say it themselves.
    Raises: ValueError naming file and row where a field is missing or out of range.
    """
    content = _load(raw, name)
    rows = content.get("annotations")
    fields = set(rows.dtype.names or ()) if rows is not None else set()
    needed = {"bbox_x1", "bbox_y1", "bbox_x2", "bbox_y2"} | (
        {"fname"} if split else {"relative_im_path", "test", "class"}
    )
    if not needed <= fields:
        raise ValueError(
            f"{raw.root / name}: expected annotations with the fields {sorted(needed)}, came {sorted(fields)}"
        )
    cars = []
    for number, row in enumerate(content["annotations"].ravel(), 1):
        with reading(f"{raw.root / name}, row {number}", "whole numbers, and a file name"):
            x1, y1, x2, y2 = (_number(row[f"bbox_{corner}"]) - 1 for corner in ("x1", "y1", "x2", "y2"))
            class_id = _number(row["class"]) - 1 if "class" in fields else -1
            photo = folder + _text(row["fname" if split else "relative_im_path"])
            side = split or ("test" if _number(row["test"]) else "train")
        if not (0 <= x1 <= x2 and 0 <= y1 <= y2) or not (class_id == -1 or 0 <= class_id < class_count):
            raise ValueError(
                f"{raw.root / name}, row {number}: "
                f"expected a box from 1 with x1 <= x2, y1 <= y2 and a class of 1 to {class_count}, "
                f"came box {(x1 + 1, y1 + 1, x2 + 1, y2 + 1)}, class {class_id + 1}"
            )
        cars.append(Car(photo, (x1, y1, x2, y2), class_id, side))
    return cars


def _load(raw: RawFolder, name: str) -> dict:
    return mat(raw.read(name), raw.root / name)


def _require(raw: RawFolder, base: str, *names: str) -> str:
    found = beside(raw, base, *names)
    if found is None:
        raise NotLaidOut(raw, f"{names[-1]} in {TITLE}", LAYOUT, f"no {names[-1]}")
    return found


def _number(value: np.ndarray) -> int:
    return whole(value)[0]


def _text(value: np.ndarray) -> str:
    return str(np.asarray(value).ravel()[0])
