"""Stanford Cars: both .mat layouts, the shape rule (spec I17), and the prepared cars."""

import numpy as np
import pytest
from scipy.io import savemat

from stages.data.detections import write_detections
from stages.data.files import read_table
from stages.data.instances import ImageDetections, Instance, encode_mask
from stages.data.prepared.packed import Packed
from stages.data.raw import RawFolder
from stages.data.sets import cars as cars_set
from stages.data.shapes import SHAPES, group_shapes, shape_of
from stages.data.stanford_cars import Car, read_cars
from tests.parts.raw_fixtures import block_of, class_names, flat, jpeg, put, rectangle, struct

NAMES = [
    "Aston Martin V8 Vantage Coupe 2012",
    "Acura Integra Type R 2001",
    "Ford Ranger SuperCab 2011",
    "BMW X5 SUV 2007",
]


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("Aston Martin V8 Vantage Convertible 2012", "Convertible"),
        ("Aston Martin V8 Vantage 2012", None),  # Van lies inside Vantage
        ("Ford E-Series Wagon Van 2012", "Van"),
        ("Rolls-Royce Phantom Drophead Coupe Convertible 2012", "Convertible"),
        ("Ram C/V Cargo Van Minivan 2012", "Van"),
        ("Ford Ranger SuperCab 2011", "Cab"),
        ("Dodge Caravan Minivan 1997", "Van"),
        ("Chevrolet Silverado 1500 Extended Cab 2012", "Cab"),
        ("Some Wagon SuperCab 2011", "Cab"),
        ("Acura TL Type-S 2008", None),
        ("Hyundai Veloster Hatchback 2012", "Hatchback"),
        ("Volvo suv 2000", None),
    ],
)
def test_shape_is_the_last_voting_word(name, shape):
    assert shape_of(name) == shape


def test_curated_shapes_fill_only_gaps():
    shapes, left_out = group_shapes(NAMES, {})
    assert [SHAPES[s] if s >= 0 else None for s in shapes] == ["Coupe", None, "Cab", "SUV"] and left_out == [NAMES[1]]
    assert group_shapes(NAMES, {"2": "Coupe"}) == ([3, 3, 6, 0], [])
    for wrong in ({"1": "Van"}, {"2": "Truck"}, {"5": "Van"}, {"0": "Van"}, {"two": "Van"}):
        with pytest.raises(ValueError, match="curated_shapes"):
            group_shapes(NAMES, wrong)


def devkit(root, train, test=None, with_labels=True, nested=True):
    """Rows are (file, x1, y1, x2, y2, class); values as in the real files: smallest unsigned type, 1 x 1 arrays."""
    (root / "devkit").mkdir(parents=True)
    savemat(root / "devkit/cars_meta.mat", {"class_names": class_names(NAMES)})
    small = lambda value: np.array([[value]], np.uint8 if value < 256 else np.uint16) if nested else int(value)  # noqa: E731
    fields = ("bbox_x1", "bbox_y1", "bbox_x2", "bbox_y2", "class")
    for folder, rows in (("cars_train", train), ("cars_test", test or [])):
        columns = {field: [small(row[i + 1]) for row in rows] for i, field in enumerate(fields)} | {
            "fname": [row[0] for row in rows]
        }
        if folder == "cars_train":
            savemat(root / "devkit/cars_train_annos.mat", {"annotations": struct(columns)})
        elif rows:
            savemat(root / "cars_test_annos_withlabels.mat", {"annotations": struct(columns)}) if with_labels else None
            del columns["class"]
            savemat(root / "devkit/cars_test_annos.mat", {"annotations": struct(columns)})
    return root


def photo(root, name, colour, height=60, width=300):
    return put(root / name, jpeg(flat(height, width, colour)))


def test_devkit_boxes_become_int_from_zero(tmp_path):
    devkit(
        tmp_path,
        [("00002.jpg", 250, 3, 255, 58, 4), ("00001.jpg", 1, 1, 300, 60, 1)],
        [("00001.jpg", 200, 2, 290, 40, 2)],
    )
    for name in ("cars_train/00001.jpg", "cars_train/00002.jpg", "cars_test/00001.jpg"):
        photo(tmp_path, name, (9, 9, 9))
    names, cars = read_cars(RawFolder.open(tmp_path))
    assert names == NAMES
    assert cars == [
        Car("cars_test/00001.jpg", (199, 1, 289, 39), 1, "test"),
        Car("cars_train/00001.jpg", (0, 0, 299, 59), 0, "train"),
        Car("cars_train/00002.jpg", (249, 2, 254, 57), 3, "train"),
    ]
    # uint8 arithmetic would give (255 + 250) % 256
    assert cars[2].box[0] + cars[2].box[2] == 503


def test_test_photos_without_labels_have_no_class(tmp_path):
    devkit(tmp_path, [("00001.jpg", 1, 1, 2, 2, 1)], [("00001.jpg", 1, 1, 2, 2, 2)], with_labels=False)
    for name in ("cars_train/00001.jpg", "cars_test/00001.jpg"):
        photo(tmp_path, name, (9, 9, 9))
    assert {car.split: car.class_id for car in read_cars(RawFolder.open(tmp_path))[1]} == {"test": -1, "train": 0}


def test_annotations_beside_the_photos_go_before_the_devkit(tmp_path):
    devkit(tmp_path, [("00001.jpg", 100, 10, 200, 50, 1)])
    own = {"bbox_x1": [1], "bbox_y1": [1], "bbox_x2": [300], "bbox_y2": [60], "class": [2], "fname": ["00001.jpg"]}
    (tmp_path / "dev").mkdir()
    savemat(tmp_path / "dev/cars_train_annos.mat", {"annotations": struct(own)})
    photo(tmp_path, "dev/cars_train/00001.jpg", (9, 9, 9))
    assert read_cars(RawFolder.open(tmp_path))[1] == [Car("dev/cars_train/00001.jpg", (0, 0, 299, 59), 1, "train")]


def test_single_archive_layout(tmp_path):
    fields = {"relative_im_path": ["car_ims/000002.jpg", "car_ims/000001.jpg"], "bbox_x1": [5, 1], "bbox_y1": [6, 2],
              "bbox_x2": [7, 3], "bbox_y2": [8, 4], "class": [4, 1], "test": [1, 0]}  # fmt: skip
    savemat(tmp_path / "cars_annos.mat", {"annotations": struct(fields), "class_names": class_names(NAMES)})
    names, cars = read_cars(RawFolder.open(tmp_path))
    assert names == NAMES
    assert cars == [
        Car("car_ims/000001.jpg", (0, 1, 2, 3), 0, "train"),
        Car("car_ims/000002.jpg", (4, 5, 6, 7), 3, "test"),
    ]


@pytest.mark.parametrize(
    "row", [("00001.jpg", 0, 1, 5, 5, 1), ("00001.jpg", 9, 1, 5, 5, 1), ("00001.jpg", 1, 1, 5, 5, 5)]
)
def test_impossible_rows_name_file_and_row(tmp_path, row):
    devkit(tmp_path, [("00002.jpg", 1, 1, 2, 2, 1), row])
    photo(tmp_path, "cars_train/00001.jpg", (9, 9, 9))
    with pytest.raises(ValueError, match=r"cars_train_annos\.mat, row 2"):
        read_cars(RawFolder.open(tmp_path))


def test_missing_and_damaged_files_are_errors(tmp_path):
    put(tmp_path / "a/x", "")
    with pytest.raises(FileNotFoundError, match=r"devkit/cars_meta\.mat"):
        read_cars(RawFolder.open(tmp_path / "a"))
    root = devkit(tmp_path / "b", [("00001.jpg", 1, 1, 2, 2, 1)])
    photo(root, "cars_train/00001.jpg", (9, 9, 9))
    meta = root / "devkit/cars_meta.mat"
    put(meta, meta.read_bytes()[:150])
    with pytest.raises(ValueError, match=r"cars_meta\.mat: expected"):
        read_cars(RawFolder.open(root))
    meta.unlink()
    with pytest.raises(FileNotFoundError, match=r"expected cars_meta\.mat"):
        read_cars(RawFolder.open(root))


COLOURS = [(20, 20, 20), (240, 240, 240), (200, 20, 20), (20, 160, 20)]


def prepare(tmp_path, rows, colours=4, detections=(), test=(), **changes):
    root = devkit(tmp_path / "raw", rows, list(test), with_labels=False)
    for name, *_ in test:
        photo(root, f"cars_test/{name}", (0, 0, 255), 60, 120)
    for i, (name, *_) in enumerate(rows):
        if not (root / "cars_train" / name).exists():
            image = flat(60, 120, (130, 130, 130))
            image[20:50, 30:90] = COLOURS[i % 4]
            put(root / "cars_train" / name, jpeg(image))
    (tmp_path / "found").mkdir()
    write_detections(tmp_path / "found", detections, {})
    (tmp_path / "out").mkdir()
    values = {"size_px": 16, "colours": colours, "minimum_kept": 2, "decode_error_limit": 0.4} | changes
    inputs = {"raw": root, "detections": tmp_path / "found"}
    cars_set.prepare(block_of(cars_set, "cars", **values), inputs, tmp_path / "out")
    table = read_table(tmp_path / "out/rejects.parquet")
    return Packed.open(tmp_path / "out"), dict(zip(table["key"], table["reason"], strict=True))


def row(number, class_id=1, box=(31, 21, 90, 50)):
    return (f"{number:05d}.jpg", *box, class_id)


def test_prepared_cars(tmp_path):
    packed, rejected = prepare(tmp_path, [row(i, 1 + i % 4) for i in range(8)])
    assert rejected == {} and packed.masks is None and packed.keys[0] == "cars_train/00000.jpg"
    assert packed.column("class_id").tolist() == [0, 1, 2, 3] * 2
    assert (
        packed.column("shape").tolist() == [3, -1, 6, 0] * 2
    )  # the second class has no shape and stays for its colour
    # by luminance: black, red, green, white
    assert packed.column("colour").tolist() == [0, 3, 1, 2] * 2
    centroids = np.array(packed.card["facts"]["colour_centroids"])
    assert np.abs(centroids * 255 - [COLOURS[0], COLOURS[2], COLOURS[3], COLOURS[1]]).max() < 4
    assert packed.card["facts"]["colour_sizes"] == [2, 2, 2, 2] and packed.card["facts"]["colour_from"] == {"box": 8}
    assert packed.card["facts"]["classes_without_shape"] == [NAMES[1]] and packed.card["labels"]["shape"] == list(
        SHAPES
    )


def test_test_photos_get_the_nearest_colour_and_no_shape_without_a_class(tmp_path):
    packed, _ = prepare(tmp_path, [row(i) for i in range(4)], test=[row(i) for i in range(2)])
    assert packed.column("split").tolist() == ["test", "test", "train", "train", "train", "train"]
    assert packed.column("class_id")[:2].tolist() == packed.column("shape")[:2].tolist() == [-1, -1]
    # blue is no group of its own, since the groups come from the training photos alone; black is nearest
    assert packed.column("colour").tolist() == [0, 0, 0, 3, 1, 2]
    assert packed.card["facts"]["colour_sizes"] == [1, 1, 1, 1]


def test_detected_mask_is_used_where_it_fits_the_box(tmp_path):
    half = rectangle(60, 120, 30, 20, 59, 49)  # the left half of the car
    code = encode_mask(half)
    fits = Instance("truck", 0.6, (30.0, 20.0, 88.0, 50.0), code)
    person = Instance("person", 0.9, (30.0, 20.0, 90.0, 50.0), code)
    away = Instance("car", 0.9, (0.0, 0.0, 40.0, 20.0), code)
    found = [
        ("cars_train/00000.jpg", ImageDetections(120, 60, (person, away, fits))),
        ("cars_train/00001.jpg", ImageDetections(120, 60, (person, away))),
    ]
    packed, _ = prepare(tmp_path, [row(i) for i in range(4)], detections=found)
    assert packed.card["facts"]["colour_from"] == {"box": 3, "mask": 1}


def test_bad_photos_are_listed(tmp_path):
    rows = [*(row(i) for i in range(8)), row(8, box=(31, 21, 400, 50)), row(9), row(10)]
    put(tmp_path / "raw/cars_train/00009.jpg", b"")
    put(tmp_path / "raw/cars_train/00099.jpg", jpeg(flat(60, 120)))
    packed, rejected = prepare(tmp_path, rows)
    assert rejected == {
        "cars_train/00008.jpg": "box",
        "cars_train/00009.jpg": "empty",
        "cars_train/00099.jpg": "no_annotation",
    }
    assert len(packed) == 9


def test_whole_boxes_ignore_the_annotations(tmp_path):
    packed, rejected = prepare(tmp_path, [row(i, box=(31, 21, 400, 50)) for i in range(4)], boxes="whole", colours=2)
    assert rejected == {} and len(packed) == 4


def test_square_view_keeps_the_aspect(tmp_path):
    rows = [row(i) for i in range(4)]
    stretched, _ = prepare(tmp_path / "1", rows)
    square, _ = prepare(tmp_path / "2", rows, view="square")
    # the car is 60 of 120 px wide and 30 of 60 px high: half of both sides stretched, all the width in a 60 px square
    covered = [(np.abs(packed.images[0].astype(int) - 130).sum(axis=2) > 150).mean() for packed in (stretched, square)]
    assert covered[0] == pytest.approx(0.25, abs=0.05) and covered[1] == pytest.approx(0.5, abs=0.06)


def test_too_few_colours_is_an_error(tmp_path):
    with pytest.raises(ValueError, match="distinct colours"):
        prepare(tmp_path, [row(0), row(4), row(8)], colours=8)
