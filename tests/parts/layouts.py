"""Small whole datasets as the official pages give them, and changes of a tree as mirrors, archives and people make."""

import hashlib
import shutil
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image
from scipy.io import savemat

from tests.parts import wild_fixtures
from tests.parts.raw_fixtures import class_names, encode, faces, flat, jpeg, lmdb_folder, put, struct

COUNT = 4  # photos of each set
KEYS = [hashlib.sha1(str(number).encode()).hexdigest() for number in range(COUNT)]
STRAY = "MATLAB 5.0 MAT-file, cut"
CARS = ["Acura TL Sedan 2012", "BMW X5 SUV 2007"]
POINTS = (10, 5, 30, 5, 20, 12, 12, 18, 28, 18)


def celebamask_hq(root: Path) -> None:
    faces(root, COUNT)


def ffhq(root: Path) -> None:
    for number in range(COUNT):
        put(root / f"images1024x1024/00000/{number:05d}.png", encode(flat(16, 16, (9, 60 * number, 9)), "PNG"))
        put(root / f"labels/{number:05d}.png", encode(np.ones((16, 16), np.uint8), "PNG"))
    listed = ", ".join(f'"{number}": {{"category": "training"}}' for number in range(COUNT))
    put(root / "ffhq-dataset-v2.json", f"{{{listed}}}")


def lsun_bird(root: Path) -> None:
    for key in KEYS:
        put(root.joinpath(*key[:6], f"{key}.webp"), encode(flat(8, 9), "WEBP"))


lsun_car = lsun_bird


def stanford_cars(root: Path) -> None:
    corners = ("bbox_x1", "bbox_y1", "bbox_x2", "bbox_y2")
    rows = {corner: [np.array([[value]], np.uint8)] * 2 for corner, value in zip(corners, (3, 3, 20, 12), strict=True)}
    rows |= {"class": [np.array([[value]], np.uint8) for value in (1, 2)], "fname": ["00001.jpg", "00002.jpg"]}
    (root / "devkit").mkdir(parents=True)
    savemat(root / "devkit/cars_meta.mat", {"class_names": class_names(CARS)})
    savemat(root / "devkit/cars_train_annos.mat", {"annotations": struct(rows)})
    savemat(root / "cars_test_annos_withlabels.mat", {"annotations": struct(rows)})
    savemat(
        root / "devkit/cars_test_annos.mat", {"annotations": struct({k: v for k, v in rows.items() if k != "class"})}
    )
    for number in range(COUNT):
        folder = "cars_test" if number // 2 else "cars_train"
        put(root / folder / f"{number % 2 + 1:05d}.jpg", jpeg(flat(16, 24, (60 * number, 90, 9))))


def single_cars(root: Path) -> None:
    """The other layout of Stanford Cars."""
    fields = ("bbox_x1", "bbox_y1", "bbox_x2", "bbox_y2", "class", "test")
    rows: dict[str, list] = {
        field: [1 + (place == 2) * 9 + (place == 3) * 9] * COUNT for place, field in enumerate(fields)
    }
    rows |= {"test": [0, 0, 1, 1], "relative_im_path": [f"car_ims/{number:06d}.jpg" for number in range(COUNT)]}
    root.mkdir(parents=True, exist_ok=True)
    savemat(root / "cars_annos.mat", {"annotations": struct(rows), "class_names": class_names(CARS)})
    for number in range(COUNT):
        put(root / f"car_ims/{number:06d}.jpg", jpeg(flat(16, 24, (60 * number, 90, 9))))


def cub(root: Path) -> None:
    base = root / "CUB_200_2011"
    names = [f"00{number % 2 + 1}.{'AB'[number % 2]}/{number}.jpg" for number in range(COUNT)]
    put(base / "classes.txt", "1 001.A\n2 002.B\n")
    rows = {"images": names, "image_class_labels": [1, 2, 1, 2], "train_test_split": [1, 1, 0, 1]}
    for file, values in rows.items():
        put(base / f"{file}.txt", "".join(f"{place} {value}\n" for place, value in enumerate(values, 1)))
    for name in names:
        put(base / "images" / name, jpeg(flat(16, 24)))
    put(root / "attributes.txt", "1 has_bill_shape\n")


def bird_boxes(root: Path) -> None:
    cub(root)
    base = root / "CUB_200_2011"
    put(base / "bounding_boxes.txt", "".join(f"{place} 4.0 3.0 12.0 9.0\n" for place in range(1, COUNT + 1)))
    mask = np.zeros((16, 24), np.uint8)
    mask[4:11, 5:15] = 255
    for photo in sorted((base / "images").rglob("*.jpg")):
        put(root / "segmentations" / photo.relative_to(base / "images").with_suffix(".png"), encode(mask, "PNG"))


def dog_boxes(root: Path) -> None:
    lists: dict[str, list] = {"train": [], "test": []}
    for number in range(COUNT):
        path = f"n{number % 2}-{'AB'[number % 2]}/n{number % 2}_{number}"
        corners = zip(("xmin", "ymin", "xmax", "ymax"), (3, 3, 20, 12), strict=True)
        box = "".join(f"<{side}>{value}</{side}>" for side, value in corners)
        put(root / f"Images/{path}.jpg", jpeg(flat(16, 24, (60 * number, 90, 9))))
        put(root / f"Annotation/{path}", f"<annotation><object><bndbox>{box}</bndbox></object></annotation>")
        lists["test" if number // 2 else "train"].append((path, number % 2 + 1))
    (root / "lists").mkdir()
    for split, rows in lists.items():
        cells = {key: np.empty((len(rows), 1), object) for key in ("file_list", "annotation_list")}
        for place, (path, _) in enumerate(rows):
            cells["file_list"][place, 0], cells["annotation_list"][place, 0] = f"{path}.jpg", path
        labels = np.array([[float(label)] for _, label in rows])
        savemat(root / f"lists/{split}_list.mat", cells | {"labels": labels})


def car_boxes(root: Path) -> None:
    stanford_cars(root)


def cub_masks(root: Path) -> None:
    codes = {f"00{number % 2 + 1}.A/{number}.jpg": "0022"[number] for number in range(COUNT)}
    wild_fixtures.masked_birds(root / "CUB_200_2011", codes)


def celeba_wild(root: Path) -> None:
    photos = {f"{number:06d}.jpg": (40, 40, (0, 0, 40, 40), POINTS) for number in range(1, COUNT + 1)}
    names = sorted(photos)
    lists = {"celebA_training": names[:1], "training": names[1:2], "testing": names[2:]}
    wild_fixtures.wild_faces(root, photos, lists, "Anno")


def flowers(root: Path) -> None:
    wild_fixtures.flowers(root, {"trnid": [1, 2], "valid": [5], "tstid": [3, 4]})


def taichi(root: Path) -> None:
    joints = np.full((18, 2), 9, np.float32)
    wild_fixtures.taichi(root, ["v/1.png", "v/2.png"], {"00001.png": joints}, {"00002.png": joints})


def shaded(height: int, width: int, red: int = 60) -> np.ndarray:
    """A picture that is not of one colour."""
    rows, columns = np.indices((height, width), np.uint8) * 9
    return np.stack([np.full_like(rows, red), rows, columns], 2)


def cityscapes(root: Path) -> None:
    for split, city in (("train", "aachen"), ("val", "lindau")):
        stem = f"{split}/{city}/{city}_000000_000019"
        put(root / f"leftImg8bit/{stem}_leftImg8bit.png", encode(shaded(8, 16), "PNG"))
        put(root / f"gtFine/{stem}_gtFine_labelIds.png", encode(np.full((8, 16), 7, np.uint8), "PNG"))
        put(root / f"gtFine/{stem}_gtFine_color.png", encode(flat(8, 16, (128, 64, 128)), "PNG"))


def city_scenes(root: Path) -> None:
    for split, city in (("train", "aachen"), ("val", "lindau"), ("test", "berlin"), ("train_extra", "troisdorf")):
        path = root / f"leftImg8bit/{split}/{city}/{city}_000000_000019_leftImg8bit.png"
        put(path, encode(shaded(8, 16), "PNG"))


def livingroom(root: Path) -> None:
    for split, keys in (("train", KEYS), ("val", [key[::-1] for key in KEYS[:2]])):
        values = {key: encode(shaded(12, 16), "WEBP", lossless=True) for key in keys}
        lmdb_folder(root / f"living_room_{split}_lmdb", values)


def kitchen(root: Path) -> None:
    livingroom(root)
    for split in ("train", "val"):
        (root / f"living_room_{split}_lmdb").rename(root / f"kitchen_{split}_lmdb")


def horse2zebra(root: Path) -> None:
    for folder in ("trainA", "trainB", "testA", "testB"):
        put(root / folder / f"n0_{folder}.jpg", jpeg(shaded(16, 16)))


def folder(root: Path) -> None:
    for number, place in enumerate(("a.jpg", "trip/b.png", "trip/deep er/c.jpeg", "trip/deep er/d.webp")):
        kind = {"jpg": "JPEG", "jpeg": "JPEG", "png": "PNG", "webp": "WEBP"}[place.rpartition(".")[2]]
        put(root / place, encode(shaded(16, 16 + number), kind))


def summer2winter(root: Path) -> None:
    horse2zebra(root / "summer2winter_yosemite")


def ade20k(root: Path) -> None:
    base = root / "ADEChallengeData2016"
    for split, folder in (("train", "training"), ("val", "validation")):
        for number in (1, 2):
            put(base / f"images/{folder}/ADE_{split}_{number:08d}.jpg", jpeg(shaded(12, 16)))
            labels = encode(np.full((12, 16), 3, np.uint8), "PNG")
            put(base / f"annotations/{folder}/ADE_{split}_{number:08d}.png", labels)


def deepfashion(root: Path) -> None:
    base = root / "DeepFashion"
    for split, numbers in (("train", (1, 2)), ("val", (3, 4))):
        names = [f"WOMEN/Dresses/id_{number:08d}/01_1_front" for number in numbers]
        put(base / f"{split}.txt", "".join(f"img/{name}.jpg\n" for name in names))
        for name in names:
            put(base / f"img/{name}.jpg", jpeg(shaded(16, 16)))
            put(base / f"pose/{name}_candidate.txt", "4 5 0.9 0\n6 7 0.8 1\n")
            put(base / f"pose/{name}_subset.txt", " ".join(["0", "1", *["-1"] * 16, "1.7", "2"]) + "\n")


def change(folder: Path, line: str) -> Path:
    """One change of the tree `folder / "set"`, as a line of a shell would say it; gives the user's folder."""
    root = folder / "set"
    word, *names = line.split()
    one, other = (root / name for name in [*names, "", ""][:2])
    if word == "in":  # everything moves some folders deeper
        root.rename(folder / "moved")
        one.parent.mkdir(parents=True)
        (folder / "moved").rename(one)
    elif word == "mv":
        one.rename(folder / "moved")  # it may move into a folder of its own name
        other.parent.mkdir(parents=True, exist_ok=True)
        (folder / "moved").rename(other)
    elif word == "out":  # what a folder holds comes one folder higher
        one.rename(folder / "moved")
        for path in (folder / "moved").iterdir():
            path.rename(root / path.name)
    elif word == "cp":
        shutil.copytree(one, other) if one.is_dir() else shutil.copy(one, other)
    elif word == "rm":
        shutil.rmtree(one) if one.is_dir() else one.unlink()
    elif word == "suffix":  # all pictures below get another suffix, and the format of that name
        for path in [path for path in one.rglob("*") if path.is_file()]:
            if path.suffix.lower() != names[1].lower():
                Image.open(path).save(path.with_suffix(names[1].lower()))
                path.unlink()
            path.with_suffix(names[1].lower()).rename(path.with_suffix(names[1]))
    elif word == "flat":  # all files below come into one folder
        for path in [path for path in one.rglob("*") if path.is_file()]:
            path.rename(one / path.name)
    elif word == "linked":  # a folder lies on another disk
        (folder / "disk").mkdir(exist_ok=True)
        one.rename(folder / "disk" / one.name)
        one.symlink_to(folder / "disk" / one.name)
    elif word == "deeper":  # the link leads too deep
        return one
    elif word == "empty":
        for path in [path for path in one.rglob("*") if path.is_file()]:
            path.write_bytes(b"")
    elif word == "put":
        put(one, STRAY)
    elif word in ("zip", "lmdb"):
        held = {path.name: path.read_bytes() for path in sorted(root.rglob("*.webp"))}
        shutil.rmtree(root)
        if word == "lmdb":
            lmdb_folder(one, {name.removesuffix(".webp"): content for name, content in held.items()})
        else:
            one.parent.mkdir(parents=True)
            with zipfile.ZipFile(one, "w") as archive:
                for name, content in held.items():
                    archive.writestr(f"bird/{name}", content)
    else:
        raise ValueError(line)
    return root
