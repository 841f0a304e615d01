"""CUB lists and the prepared species."""

import pytest

from stages.data.cub import Bird, find_lists, read_birds
from stages.data.files import read_table
from stages.data.prepared.packed import Packed
from stages.data.raw import RawFolder
from stages.data.sets import cub
from tests.parts.raw_fixtures import block_of, flat, jpeg, put


def lists(root, base="CUB_200_2011/", boxes=True):
    put(root / base / "classes.txt", "1 001.Albatross\n2 002.Wren\n")
    put(
        root / base / "images.txt", "1 001.Albatross/b.jpg\n2 001.Albatross/a.jpg\n3 002.Wren/a.jpg\n4 002.Wren/c.jpg\n"
    )
    put(root / base / "image_class_labels.txt", "1 1\n2 1\n3 2\n4 2\n")
    put(root / base / "train_test_split.txt", "1 0\n2 1\n3 1\n4 1\n")
    if boxes:
        put(
            root / base / "bounding_boxes.txt",
            "1 60.0 27.0 5.0 4.0\n2 0.0 0.0 2.0 2.0\n3 1.0 1.0 2.0 2.0\n4 1.0 1.0 2.0 2.0\n",
        )
    for name in ("001.Albatross/b", "001.Albatross/a", "002.Wren/a", "002.Wren/c"):
        put(root / base / f"images/{name}.jpg", jpeg(flat(20, 30)))
    return root


@pytest.mark.parametrize("base", ["CUB_200_2011/", "", "birds10/"])
def test_lists_are_found_and_joined_by_id(tmp_path, base):
    raw = RawFolder.open(lists(tmp_path, base))
    assert find_lists(raw) == base
    species, birds = read_birds(raw, base)
    assert species == ["001.Albatross", "002.Wren"]
    assert birds[:2] == [
        Bird("001.Albatross/a.jpg", 0, "train", (0.0, 0.0, 2.0, 2.0)),
        Bird("001.Albatross/b.jpg", 0, "test", (60.0, 27.0, 5.0, 4.0)),
    ]
    assert [bird.class_id for bird in birds] == [0, 0, 1, 1]


def test_lists_with_photos_go_before_lists_without(tmp_path):
    lists(tmp_path, "birds10/")
    put(tmp_path / "aaa/images.txt", "1 x\n")
    assert find_lists(RawFolder.open(tmp_path)) == "birds10/"


@pytest.mark.parametrize(
    ("file", "text", "message"),
    [
        ("image_class_labels.txt", "1 1\n2 1\n3 2\n", "expected the ids of images.txt"),
        ("train_test_split.txt", "1 0\n2 1\n3 1\n4 1\n5 1\n", "expected the ids of images.txt"),
        ("train_test_split.txt", "1 0\n2 1\n3 1\n4 2\n", "expected a class of classes.txt and 0 or 1"),
        ("image_class_labels.txt", "1 1\n2 1\n3 2\n4 9\n", "expected a class of classes.txt and 0 or 1"),
        ("images.txt", "1 a b\n", "line 1: expected a new id"),
        ("images.txt", "1 a\n1 b\n", "line 2: expected a new id"),
        ("classes.txt", "1 001.Albatross\n3 002.Wren\n", "expected classes 1 to 2"),
    ],
)
def test_broken_lists_name_the_file(tmp_path, file, text, message):
    put(lists(tmp_path) / "CUB_200_2011" / file, text)
    with pytest.raises(ValueError, match=message):
        read_birds(RawFolder.open(tmp_path), "CUB_200_2011/")


def test_missing_lists_show_the_layout(tmp_path):
    put(tmp_path / "x", "")
    with pytest.raises(FileNotFoundError, match=r"image_class_labels\.txt"):
        find_lists(RawFolder.open(tmp_path))
    (lists(tmp_path) / "CUB_200_2011/classes.txt").unlink()
    with pytest.raises(FileNotFoundError, match=r"expected CUB_200_2011/classes\.txt"):
        read_birds(RawFolder.open(tmp_path), "CUB_200_2011/")


def prepare(tmp_path, **changes):
    (tmp_path / "out").mkdir()
    block = block_of(cub, "cub", **({"size_px": 8, "minimum_kept": 1, "decode_error_limit": 0.4} | changes))
    cub.prepare(block, {"raw": tmp_path / "raw"}, tmp_path / "out")
    table = read_table(tmp_path / "out/rejects.parquet")
    return Packed.open(tmp_path / "out"), dict(zip(table["key"], table["reason"], strict=True))


@pytest.mark.parametrize("boxes", [True, False])
@pytest.mark.parametrize("view", ["stretch", "square"])
def test_prepared_species(tmp_path, view, boxes):
    lists(tmp_path / "raw", boxes=boxes)
    packed, rejected = prepare(tmp_path, view=view)
    assert rejected == {} and packed.images.shape == (4, 8, 8, 3) and packed.masks is None
    assert packed.keys == ["001.Albatross/a.jpg", "001.Albatross/b.jpg", "002.Wren/a.jpg", "002.Wren/c.jpg"]
    assert packed.column("species").tolist() == [0, 0, 1, 1]
    assert packed.card["labels"] == {"species": ["001.Albatross", "002.Wren"]}
    assert packed.positions("evaluation").tolist() == [1]


def test_bad_photos_are_listed(tmp_path):
    images = lists(tmp_path / "raw") / "CUB_200_2011/images"
    put(images / "001.Albatross/a.jpg", b"")
    (images / "002.Wren/c.jpg").unlink()
    put(images / "002.Wren/stray.jpg", jpeg(flat(5, 5)))
    packed, rejected = prepare(tmp_path)
    assert rejected == {
        "001.Albatross/a.jpg": "empty", "002.Wren/c.jpg": "no_image",
        "CUB_200_2011/images/002.Wren/stray.jpg": "no_annotation",
    }  # fmt: skip
    assert packed.keys == ["001.Albatross/b.jpg", "002.Wren/a.jpg"]
    assert packed.column("species").tolist() == [0, 1]
