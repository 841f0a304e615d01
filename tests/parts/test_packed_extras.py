"""Further arrays of a pack, masks that may be blank, and the two ways images are read and resized for them."""

import numpy as np
import pytest

from stages.data.image import ImageError, decode_channel, resize_bilinear
from stages.data.prepared.packed import Extra, Index, Packed, Row, write_packed
from stages.data.prepared.rowfile import RowFile
from stages.data.splits import count_facts
from tests.parts.raw_fixtures import encode

EXTRAS = {"landmarks": Extra((2, 2), "<f4"), "unlabelled": Extra((4, 4), "|u1")}


def row(number: int, mask: np.ndarray | None = None, **changes) -> Row:
    points = np.array([[number, 0.5], [np.nan, np.nan]], np.float32)
    extras = {"landmarks": points, "unlabelled": np.full((4, 4), number % 2, np.uint8)} | changes
    return Row(f"{number:03d}", np.full((4, 4, 3), number, np.uint8), mask, "s", "d", extras)


def index(keys):
    return Index(["train"] * len(keys), ("train",))


def test_arrays_are_written_row_by_row_and_stay_on_disk(tmp_path):
    mask = np.eye(4, dtype=np.uint8)
    write_packed(tmp_path, "toy", 4, True, (row(i, mask) for i in range(5)), index, extras=EXTRAS)
    packed = Packed.open(tmp_path)
    points = packed.array("landmarks")
    assert isinstance(points, np.memmap) and points.dtype == np.dtype("<f4") and points.shape == (5, 2, 2)
    assert points[:, 0, 0].tolist() == [0, 1, 2, 3, 4] and np.isnan(points[:, 1]).all()
    assert packed.array("unlabelled").sum() == 2 * 16
    with pytest.raises(FileNotFoundError, match=r"joints\.npy"):
        packed.array("joints")
    np.save(tmp_path / "landmarks.npy", np.zeros((4, 2, 2), np.float32))
    with pytest.raises(ValueError, match=r"landmarks\.npy: expected 5 rows, came 4"):
        packed.array("landmarks")


@pytest.mark.parametrize(
    "wrong", [np.zeros((2, 2)), np.zeros((3, 2), np.float32), np.zeros((2, 2), np.float16)], ids=str
)
def test_rows_of_another_shape_or_type_are_refused(tmp_path, wrong):
    with pytest.raises(ValueError, match=r"landmarks\.npy: expected float32 rows of shape \(2, 2\)"):
        write_packed(tmp_path, "toy", 4, False, [row(1, landmarks=wrong)], index, extras=EXTRAS)


def test_blank_masks_have_no_box_where_they_are_allowed(tmp_path):
    mask = np.zeros((4, 4), np.uint8)
    full = mask.copy()
    full[1, 2:] = 1
    write_packed(tmp_path, "toy", 4, True, [row(0, None), row(1, mask), row(2, full)], index, blank_masks=True)
    packed = Packed.open(tmp_path)
    assert packed.masks.sum(axis=(1, 2)).tolist() == [0, 0, 2]
    assert packed.column("box_x1").tolist() == [-1, -1, 2] and packed.column("box_y2").tolist() == [-1, -1, 1]


def test_a_row_file_can_be_read_at_any_length(tmp_path):
    for count in (1, 9, 10, 1000):
        file = RowFile(tmp_path / "x.npy", (3,), "<f4")
        for number in range(count):
            file.add(np.full(3, number, np.float32))
        file.close()
        assert np.array_equal(np.load(tmp_path / "x.npy")[:, 0], np.arange(count))


def test_the_first_channel_is_read_of_every_kind_of_picture():
    grey = np.arange(12, dtype=np.uint8).reshape(3, 4) * 20
    assert np.array_equal(decode_channel(encode(grey, "PNG")), grey)
    for channels in (2, 3, 4):
        others = np.full((3, 4, channels), 7, np.uint8)
        others[..., 0] = grey
        assert np.array_equal(decode_channel(encode(others, "PNG")), grey)
    assert np.array_equal(decode_channel(encode(grey.astype(np.uint16) * 257, "PNG")), grey)
    assert decode_channel(encode(grey > 100, "PNG")).max() == 255
    with pytest.raises(ImageError, match="unknown_format"):
        decode_channel(b"x" * 40)


def test_bilinear_is_antialiased_and_not_bicubic():
    """Halving by a triangle over four pixels: weights 1 3 3 1, at the rim those that are there."""
    step = np.array([[0, 0, 255, 255, 255, 255]] * 6, np.uint8)
    assert resize_bilinear(step, 3, 3)[1].tolist() == [round(255 / 7), round(255 * 7 / 8), 255]
    image = np.repeat(step[..., None], 3, axis=2)
    assert np.array_equal(resize_bilinear(image, 3, 3)[..., 2], resize_bilinear(step, 3, 3))
    assert resize_bilinear(image, 2, 5).shape == (2, 5, 3)


def test_counts_that_differ():
    found = count_facts(["a", "b", "a"], {"a": 2, "b": 3, "c": 1})
    assert found["count_differences"] == {"b": [3, 1], "c": [1, 0]}
    assert count_facts(["a"], {}) == {"expected_counts": {}, "count_differences": {}}
