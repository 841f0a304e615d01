"""Stanford Cars: its .mat annotations in both published layouts."""

import io
from dataclasses import dataclass

import numpy as np

from stages.data.raw import RawFolder

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
    single = raw.first("cars_annos.mat", "devkit/cars_annos.mat")
    if single:
        return _read_single(raw, single)
    for base in ("", *sorted({name.split("/")[0] + "/" for name in raw.files() if name.count("/") >= 2})):
        if raw.files(base + "cars_train/"):
            return _read_devkit(raw, base)
    raise FileNotFoundError(f"{raw.root}: expected Stanford Cars{LAYOUT}\ncame neither cars_train nor cars_annos.mat")


def _read_devkit(raw: RawFolder, base: str) -> tuple[list[str], list[Car]]:
    classes = read_class_names(raw, _require(raw, "cars_meta.mat", f"{base}devkit/", "devkit/", base))
    cars = []
    train = _require(raw, "cars_train_annos.mat", base, f"{base}devkit/", "devkit/")
    cars += read_annotations(raw, train, f"{base}cars_train/", "train", len(classes))
    if raw.files(base + "cars_test/"):
        places = [folder + "cars_test_annos_withlabels.mat" for folder in (base, f"{base}devkit/", "devkit/", "")]
        test = raw.first(*places) or _require(raw, "cars_test_annos.mat", base, f"{base}devkit/", "devkit/")
        cars += read_annotations(raw, test, f"{base}cars_test/", "test", len(classes))
    return classes, sorted(cars, key=lambda car: car.name)


def _read_single(raw: RawFolder, name: str) -> tuple[list[str], list[Car]]:
    content = _load(raw, name)
    classes = [_text(value) for value in content["class_names"].ravel()]
    cars = read_annotations(raw, name, "", "", len(classes))
    return classes, sorted(cars, key=lambda car: car.name)


def read_class_names(raw: RawFolder, name: str) -> list[str]:
    """The class names of cars_meta.mat, in its own order. Raises: ValueError."""
    content = _load(raw, name)
    if "class_names" not in content:
        raise ValueError(f"{raw.root / name}: expected class_names, came {_keys(content)}")
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
        x1, y1, x2, y2 = (_number(row[f"bbox_{corner}"]) - 1 for corner in ("x1", "y1", "x2", "y2"))
        class_id = _number(row["class"]) - 1 if "class" in fields else -1
        if not (0 <= x1 <= x2 and 0 <= y1 <= y2) or not (class_id == -1 or 0 <= class_id < class_count):
            raise ValueError(
                f"{raw.root / name}, row {number}: "
                f"expected a box from 1 with x1 <= x2, y1 <= y2 and a class of 1 to {class_count}, "
                f"came box {(x1 + 1, y1 + 1, x2 + 1, y2 + 1)}, class {class_id + 1}"
            )
        if split:
            cars.append(Car(folder + _text(row["fname"]), (x1, y1, x2, y2), class_id, split))
        else:
            side = "test" if _number(row["test"]) else "train"
            cars.append(Car(_text(row["relative_im_path"]), (x1, y1, x2, y2), class_id, side))
    return cars


def _load(raw: RawFolder, name: str) -> dict:
    from scipy.io import loadmat

    try:
        return loadmat(io.BytesIO(raw.read(name)))
    # scipy's reader raises these on damaged files, without a type of its own.
    except (ValueError, TypeError, KeyError, OSError, NotImplementedError, IndexError, OverflowError) as error:
        raise ValueError(
            f"{raw.root / name}: expected a MATLAB file, came one that does not parse ({error})"
        ) from error


def _require(raw: RawFolder, name: str, *folders: str) -> str:
    found = raw.first(*(folder + name for folder in folders))
    if found is None:
        raise FileNotFoundError(f"{raw.root}: expected {name} in Stanford Cars{LAYOUT}\ncame no such file")
    return found


def _number(value: np.ndarray) -> int:
    return int(np.asarray(value).ravel()[0])


def _text(value: np.ndarray) -> str:
    return str(np.asarray(value).ravel()[0])


def _keys(content: dict) -> list[str]:
    return sorted(key for key in content if not key.startswith("__"))
