"""The sets with boxes on real lists and photos, where ../shared/data is at hand."""

import shutil
import zipfile
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from stages.data.boxed import READERS
from stages.data.detections import write_detections
from stages.data.raw import RawFolder
from stages.draw.scenes.mat import write_annotations
from tests.parts.boxed_fixtures import packed, tiled
from tests.parts.raw_fixtures import encode, flat, jpeg, put

LISTS = ("images", "image_class_labels", "classes", "train_test_split", "bounding_boxes")


@pytest.fixture(scope="module")
def archives(shared_data):
    """A function that opens one of the zips."""

    def opened(name: str) -> zipfile.ZipFile:
        path = shared_data / f"{name}.zip"
        if not path.is_file():
            pytest.skip(f"needs {path.name} in ../shared/data")
        return zipfile.ZipFile(path)

    return opened


def test_the_real_lists_of_cub_give_boxes_classes_and_splits(archives, tmp_path):
    with archives("cub") as archive:
        for name in LISTS:
            put(tmp_path / f"CUB_200_2011/{name}.txt", archive.read(f"lists_2011/CUB_200_2011/{name}.txt"))
    first = "001.Black_footed_Albatross/Black_Footed_Albatross_0046_18"
    put(tmp_path / f"CUB_200_2011/images/{first}.jpg", b"x")
    put(tmp_path / f"segmentations/{first}.png", b"x")
    classes, birds = READERS["bird_boxes"](RawFolder.open(tmp_path))
    assert len(classes) == 200 and Counter(bird.split for bird in birds) == {"train": 5994, "test": 5794}
    found = next(bird for bird in birds if bird.key == f"{first}.jpg")
    assert found.box == (60, 27, 385, 331) and found.label == 0 and found.split == "test"
    assert found.segmentation == f"segmentations/{first}.png"
    longer = np.array([max(bird.box[2] - bird.box[0], bird.box[3] - bird.box[1]) for bird in birds if bird.box])
    assert (longer.min(), longer.max()) == (102, 500) and 286 < longer.mean() < 288


def test_the_real_annotations_of_cars_give_edges_from_zero(archives, tmp_path):
    with archives("stanford_cars") as archive:
        for name in ("cars_meta", "cars_train_annos", "cars_test_annos"):
            put(tmp_path / f"devkit/{name}.mat", archive.read(f"devkit/{name}.mat"))
    for split in ("train", "test"):
        put(tmp_path / f"cars_{split}/00001.jpg", b"x")
    classes, cars = READERS["car_boxes"](RawFolder.open(tmp_path))
    assert len(classes) == 196 and Counter(car.split for car in cars) == {"train": 8144, "test": 8041}
    found = next(car for car in cars if car.key == "cars_train/00001.jpg")
    assert found.box == (38, 115, 569, 375), "39 to 569 and 116 to 375 as published, both inclusive"
    assert {car.label for car in cars if car.split == "test"} == {-1}


@pytest.fixture(scope="module")
def crops(archives, tmp_path_factory):
    """Eighty real cars in the devkit's layout, a fifth to test on, cut to their boxes, with boxes of their size."""
    root, fields = tmp_path_factory.mktemp("crops"), ("bbox_x1", "bbox_y1", "bbox_x2", "bbox_y2", "class", "fname")
    rows = {"train": [], "test": []}
    with archives("stanford_cars") as archive:
        photos = [name for name in archive.namelist() if name.startswith("dev/cars_train/")][:80]
        put(root / "devkit/cars_meta.mat", archive.read("devkit/cars_meta.mat"))
        for place, name in enumerate(photos):
            split, file = "test" if place % 5 == 0 else "train", name.rsplit("/", 1)[1]
            put(root / f"cars_{split}/{file}", archive.read(name))
            with Image.open(archive.open(name)) as picture:
                values = (1, 1, *picture.size, 7, file)
            rows[split].append(dict(zip(fields, values, strict=True)))
    for split, found in rows.items():
        write_annotations(root / f"devkit/cars_{split}_annos.mat", found, fields)
    return root


def test_real_crops_without_photos_for_testing_are_refused(crops, tmp_path):
    shutil.copytree(crops, tmp_path / "raw", ignore=shutil.ignore_patterns("cars_test*"))
    (tmp_path / "found").mkdir()
    write_detections(tmp_path / "found", [], {})
    with pytest.raises(ValueError, match=r"expected items of the split test, came none; of 64 items 64 were kept"):
        packed("car_boxes", tmp_path / "raw", tmp_path / "data", tmp_path / "found", size_px=64)


def test_real_crops_of_cars_leave_no_clean_ground(crops, tmp_path):
    """All are kept, none has a mask, and no tile is found; boxes of other photos are refused, not misread."""
    (tmp_path / "found").mkdir()
    write_detections(tmp_path / "found", [], {})
    data, reasons = packed("car_boxes", crops, tmp_path / "data", tmp_path / "found", size_px=64)
    assert len(data) == 80 and not reasons and not data.column("masked").any()
    assert set(data.column("label").tolist()) == {6} and data.images.std() > 40
    assert np.allclose(data.column("box_right") - data.column("box_left"), 1, atol=0.03)
    with pytest.raises(ValueError, match=r"at least 8 tiles, twice the batch \(minimum_kept\), came 0 from 64"):
        tiled(crops, data.folder, tmp_path / "tiles")


def test_the_published_boxes_do_not_fit_the_small_crops(archives, tmp_path):
    with archives("stanford_cars") as archive:
        members = [name for name in archive.namelist() if name.startswith(("devkit/", "dev/"))]
        archive.extractall(tmp_path / "raw", members)
    (tmp_path / "found").mkdir()
    write_detections(tmp_path / "found", [], {})
    with pytest.raises(ValueError, match=r"minimum_kept.*rejects: box \d+.*in a photo of"):
        packed("car_boxes", tmp_path / "raw", tmp_path / "data", tmp_path / "found", size_px=64)


def test_real_birds_with_boxes_of_ours(archives, tmp_path):
    """Ten species with a box in each photo's middle and one segmentation: photos without one are kept."""
    base = tmp_path / "raw/CUB_200_2011"
    with archives("cub") as archive:
        archive.extractall(tmp_path / "zip", [name for name in archive.namelist() if name.startswith("birds10/")])
    (tmp_path / "raw").mkdir()
    (tmp_path / "zip/birds10").rename(base)
    rows, names = [], [line.split() for line in (base / "images.txt").read_text().splitlines()]
    for number, name in names:
        with Image.open(base / "images" / name) as picture:
            width, height = picture.size
        rows.append(f"{number} {width * 0.55:.1f} {height * 0.4:.1f} {width * 0.3:.1f} {height * 0.3:.1f}\n")
        size = (height, width)
    put(base / "bounding_boxes.txt", "".join(rows))
    levels = np.zeros(size, np.uint8)
    levels[int(size[0] * 0.45) : int(size[0] * 0.65), int(size[1] * 0.6) : int(size[1] * 0.8)] = 204
    put((tmp_path / "raw/segmentations" / name).with_suffix(".png"), encode(levels, "PNG"))
    data, reasons = packed("bird_boxes", tmp_path / "raw", tmp_path / "data", None, size_px=64)
    assert len(data) == 294 and not reasons and data.column("masked").sum() == 1
    assert data.card["splits"] == {"test": 89, "train": 205}
    place = data.keys.index(name)
    mask = data.needed_masks()[place]
    assert mask.any() and (data.array("cover")[place] >= mask).all()
    assert not data.card["facts"]["drawn"] and not (data.folder / "background.npy").exists()
    tiles = tiled(tmp_path / "raw", data.folder, tmp_path / "tiles")
    assert len(tiles) > 205 and tiles.images.std() > 40


def test_the_real_archive_of_birds_is_refused_without_segmentations(archives, tmp_path):
    put(tmp_path / "images/1/a.jpg", jpeg(flat(8, 8)))
    with archives("cub") as archive:
        put(tmp_path / "images.txt", archive.read("birds10/images.txt"))
    with pytest.raises(FileNotFoundError, match=r"came no segmentations/<class>/<file>\.png"):
        READERS["bird_boxes"](RawFolder(Path(tmp_path), None))
