"""The readers on real files, where ../shared/data is at hand."""

import time
import zipfile
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from stages.data.celebamask import FACE_PARTS, CelebAMaskHQ, merge_parts, union_of_parts
from stages.data.cub import find_lists, read_birds
from stages.data.detections import write_detections
from stages.data.prepared.packed import Packed
from stages.data.raw import RawFolder
from stages.data.sets import cars, cub, face
from stages.data.shapes import SHAPES, group_shapes
from stages.data.stanford_cars import read_annotations, read_class_names
from tests.parts.raw_fixtures import block_of


@pytest.fixture(scope="module")
def unpacked(shared_data, tmp_path_factory):
    """A function that unpacks one zip, once, after checking that no member leaves the folder."""
    folders: dict[str, Path] = {}

    def unpack(name: str) -> Path:
        if name in folders:
            return folders[name]
        path = shared_data / f"{name}.zip"
        if not path.is_file():
            pytest.skip(f"needs {path.name} in ../shared/data")
        folder = tmp_path_factory.mktemp(name)
        with zipfile.ZipFile(path) as archive:
            for member in archive.namelist():
                assert (folder / member).resolve().is_relative_to(folder.resolve()), member
            archive.extractall(folder)
        folders[name] = folder
        return folder

    return unpack


def test_every_face_merges_to_its_label_map(unpacked):
    root = unpacked("celebamask_hq")
    reader = CelebAMaskHQ.open(RawFolder.open(root))
    images, strange = reader.image_names()
    assert len(images) == 450 and not strange and not reader.orphans()
    for i in images:
        labels = np.asarray(Image.open(root / f"labels/{i}.png"))
        parts = reader.parts(i)
        assert np.array_equal(merge_parts(parts, False), labels), i
        assert np.array_equal(union_of_parts(parts), (labels >= 1) & (labels <= 12)), i
        assert np.array_equal(reader.face_mask(i, "labels", "celebamask"), union_of_parts(parts)), i
    assert len(FACE_PARTS) == 12


def test_faces_are_prepared_at_64_px(unpacked, tmp_path):
    block = block_of(face, "face", size_px=64, split="hash", evaluation_count=90, minimum_kept=450)
    start = time.perf_counter()
    face.prepare(block, {"raw": unpacked("celebamask_hq")}, tmp_path)
    print(f"\nfaces prepared at {450 / (time.perf_counter() - start):.0f} a second")
    packed = Packed.open(tmp_path)
    assert packed.images.shape == (450, 64, 64, 3) and packed.masks.shape == (450, 64, 64)
    assert packed.card["splits"] == {"test": 90, "train": 360} and packed.card["counts"]["rejected"] == 0
    assert set(packed.column("identity")) == {-1}
    share = packed.masks.mean(axis=(1, 2))
    assert 0.2 < share.mean() < 0.45 and share.min() > 0.02
    assert packed.images.std() > 40  # photos, not a constant
    inside = packed.images[packed.masks.astype(bool)].mean(axis=0)
    assert inside[0] > inside[1] > inside[2]  # skin


def test_shape_table_of_the_real_class_names(unpacked):
    raw = RawFolder.open(unpacked("stanford_cars"))
    names = read_class_names(raw, "devkit/cars_meta.mat")
    shapes, left_out = group_shapes(names, {})
    train = read_annotations(raw, "devkit/cars_train_annos.mat", "cars_train/", "train", 196)
    test = read_annotations(raw, "devkit/cars_test_annos.mat", "cars_test/", "test", 196)
    assert (len(names), len(train), len(test)) == (196, 8144, 8041)
    assert {car.class_id for car in test} == {-1}
    classes = Counter(SHAPES[shape] if shape >= 0 else None for shape in shapes)
    photos = Counter(SHAPES[shapes[car.class_id]] if shapes[car.class_id] >= 0 else None for car in train)
    table = {"Sedan": (46, 1907), "SUV": (34, 1437), "Coupe": (26, 1088), "Convertible": (26, 1036), "Cab": (18, 761),
             "Hatchback": (13, 554), "Van": (13, 541), "Wagon": (6, 253), None: (14, 567)}  # fmt: skip
    assert {shape: (classes[shape], photos[shape]) for shape in classes} == table
    numbers = {i + 1: SHAPES[shape] for i, shape in enumerate(shapes) if shape >= 0}
    assert (numbers[116], numbers[175], numbers[174], numbers[111], numbers[78]) == (
        "Van",
        "Convertible",
        "Van",
        "Cab",
        "Van",
    )
    assert sorted(names.index(name) + 1 for name in left_out) == [
        4,
        6,
        47,
        56,
        57,
        60,
        66,
        68,
        79,
        93,
        97,
        99,
        144,
        152,
    ]
    assert names[5] == "Acura Integra Type R 2001"  # the order is not alphabetical
    per_class = Counter(car.class_id for car in train)
    assert (min(per_class.values()), max(per_class.values())) == (24, 68)
    assert train[0].box == (38, 115, 568, 374) and all(isinstance(value, int) for value in train[0].box)
    curated = {"4": "Sedan", "6": "Coupe", "47": "Sedan", "56": "Coupe", "57": "Coupe", "60": "Wagon", "66": "Coupe",
               "68": "SUV", "79": "Sedan", "93": "Coupe", "97": "Sedan", "99": "Hatchback", "144": "Coupe",
               "152": "Coupe"}  # fmt: skip
    assert -1 not in group_shapes(names, curated)[0]


def test_real_car_crops_are_prepared(unpacked, tmp_path):
    (tmp_path / "found").mkdir()
    write_detections(tmp_path / "found", [], {})
    inputs = {"raw": unpacked("stanford_cars"), "detections": tmp_path / "found"}
    values = {"size_px": 64, "boxes": "whole", "minimum_kept": 784}
    (tmp_path / "out").mkdir()
    cars.prepare(block_of(cars, "cars", **values), inputs, tmp_path / "out")
    packed = Packed.open(tmp_path / "out")
    assert len(packed) == 784 and np.bincount(packed.column("class_id")).tolist() == [4] * 196
    assert np.bincount(packed.column("shape") + 1).tolist()[0] == 14 * 4
    assert sum(packed.card["facts"]["colour_sizes"]) == 784 and min(packed.card["facts"]["colour_sizes"]) > 10
    # the pack's photos are smaller than their own boxes say: read as annotated, they must be refused, not misread
    (tmp_path / "other").mkdir()
    with pytest.raises(ValueError, match=r"minimum_kept.*box \d+"):
        cars.prepare(block_of(cars, "cars", **values | {"boxes": "annotated"}), inputs, tmp_path / "other")


def test_counts_of_the_real_cub_lists(unpacked):
    raw = RawFolder.open(unpacked("cub"))
    species, birds = read_birds(raw, "lists_2011/CUB_200_2011/")
    splits = Counter(bird.split for bird in birds)
    assert (len(species), len(birds), splits["train"], splits["test"]) == (200, 11788, 5994, 5794)
    assert species[0] == "001.Black_footed_Albatross" and set(Counter(bird.class_id for bird in birds)) == set(
        range(200)
    )
    assert all(bird.name.startswith(species[bird.class_id]) for bird in birds)
    assert find_lists(raw) == "birds10/"


def test_ten_real_species_are_prepared(unpacked, tmp_path):
    cub.prepare(block_of(cub, "cub", size_px=64, minimum_kept=294), {"raw": unpacked("cub")}, tmp_path)
    packed = Packed.open(tmp_path)
    assert np.bincount(packed.column("species")).tolist() == [36, 26, 26, 35, 25, 28, 33, 32, 26, 27]
    assert packed.card["splits"] == {"test": 89, "train": 205}
