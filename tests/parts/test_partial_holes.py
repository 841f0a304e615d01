"""Holes over parts of objects: boxes worked out by hand, packs that models of the whole set may fill (spec §8.6)."""

import importlib
import io

import numpy as np
import pytest
from PIL import Image

from stages.data.image import ImageError
from stages.data.partial_holes import central_box, clipped, front_box, part_box
from stages.data.prepared.crop import box_mask
from stages.data.prepared.packed import Index, Packed, Row, write_packed

SIDE = 32


def filled(side: int, *boxes: tuple[int, int, int, int]) -> np.ndarray:
    return np.maximum.reduce([box_mask(box, side, side) for box in boxes]) > 0


def test_limits_become_whole_pixels_inside_the_picture():
    assert clipped(2.4, 3.0, 5.6, 7.0, 32) == (2, 3, 5, 6)
    assert clipped(-3, -1, 40, 0.5, 32) == (0, 0, 31, 0)
    assert clipped(4.2, 4.2, 4.3, 4.3, 32) == (4, 4, 4, 4)
    assert clipped(35, 35, 36, 36, 32) == (31, 31, 31, 31)


def test_parts_get_a_box_grown_by_half_the_kernel():
    """At 256 px a kernel of 15 adds 7 pixels to each side; smaller pictures get their share, at least one pixel."""
    eyes = filled(512, (100, 200, 139, 219), (180, 204, 219, 223))
    assert part_box(eyes, 15, 256) == (50 - 7, 100 - 7, 109 + 7, 111 + 7)
    assert part_box(eyes, 15, 64) == (12 - 2, 25 - 2, 27 + 2, 27 + 2)
    assert part_box(eyes, 15, 32) == (6 - 1, 12 - 1, 13 + 1, 13 + 1)
    assert part_box(filled(512, (0, 0, 3, 3)), 15, 256) == (0, 0, 8, 8), "it ends at the picture's border"


def test_one_eye_leaves_the_other_uncovered():
    left, right = (100, 200, 139, 219), (180, 204, 219, 223)
    both, one = (part_box(filled(512, *boxes), 15, 256) for boxes in ((left, right), (left,)))
    assert one[2] < right[0] // 2 <= both[2]


def test_central_box_has_its_share_of_the_area_around_the_centroid():
    """A full box of 20 x 10: a share of 0.25 halves both sides, around its own centre."""
    assert central_box(filled(32, (4, 6, 23, 15)), 0.25) == (9, 8, 18, 13)
    lopsided = filled(32, (4, 4, 23, 23)) & ~filled(32, (14, 4, 23, 21))
    left, top, right, bottom = central_box(lopsided, 0.3)
    ys, xs = np.nonzero(lopsided)
    assert left <= xs.mean() + 0.5 <= right + 1 and top <= ys.mean() + 0.5 <= bottom + 1
    assert abs((right - left + 1) - 20 * 0.3**0.5) <= 2 and abs((bottom - top + 1) - 20 * 0.3**0.5) <= 2


@pytest.mark.parametrize("flip", [False, True])
def test_the_front_is_the_end_with_less_above(flip):
    """A cabin over the left two thirds of 24 x 12 pixels: the hole is the lower part of the right third."""
    car = filled(32, (4, 16, 27, 21), (4, 10, 19, 15))
    expected = (20, 22 - 7, 27, 21)
    if flip:
        car, expected = car[:, ::-1], (31 - 27, expected[1], 31 - 20, expected[3])
    assert front_box(car, 1 / 3, 0.6) == expected


def test_an_empty_mask_has_no_part():
    for box in (lambda m: part_box(m, 15, 32), lambda m: central_box(m, 0.3), lambda m: front_box(m, 0.3, 0.6)):
        with pytest.raises(ImageError):
            box(np.zeros((32, 32), bool))


@pytest.fixture
def whole(tmp_path) -> Packed:
    """Twelve faces, one in three held out; the masks are half of the picture."""
    generator = np.random.default_rng(0)
    rows = [
        Row(f"{n:05d}", generator.integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8),
            box_mask((4, 8, 27, 27), SIDE, SIDE), f"{n}.jpg", f"{n:064d}")
        for n in range(12)
    ]  # fmt: skip
    splits = ["test" if n % 3 == 0 else "train" for n in range(12)]
    (tmp_path / "whole").mkdir()
    write_packed(tmp_path / "whole", "face", SIDE, True, rows, lambda keys: Index(splits, ("test",)))
    return Packed.open(tmp_path / "whole")


def faces(folder) -> None:
    """Part masks for the twelve faces; number 3 lacks its left brow."""
    images, masks = folder / "CelebA-HQ-img", folder / "CelebAMask-HQ-mask-anno" / "0"
    masks.mkdir(parents=True)
    images.mkdir()
    places = {
        "l_eye": (70, 60, 89, 69),
        "r_eye": (38, 60, 57, 69),
        "l_brow": (68, 50, 91, 53),
        "r_brow": (36, 50, 59, 53),
    }
    for number in range(12):
        (images / f"{number}.jpg").write_bytes(b"read by nobody")
        for part, box in places.items():
            if (number, part) != (3, "l_brow"):
                stream = io.BytesIO()
                Image.fromarray(box_mask(box, 128, 128) * 255).save(stream, "PNG")
                (masks / f"{number:05d}_{part}.png").write_bytes(stream.getvalue())


def packed(name: str, whole: Packed, folder, **block) -> Packed:
    module, out = importlib.import_module(f"stages.data.sets.{name}"), folder / name
    out.mkdir()
    inputs = {"data": whole.folder, "raw": folder / "raw"}
    module.prepare(module.Block(**block), inputs, out)
    return Packed.open(out)


def test_eye_holes_are_packed_under_the_sets_name(whole, tmp_path):
    faces(tmp_path / "raw")
    both = packed("both_eyes", whole, tmp_path, parts=("l_eye", "r_eye"), kernel_px=15, images=10)
    one = packed("one_eye", whole, tmp_path, parts=("l_eye", "l_brow"), kernel_px=15, images=10)
    assert both.card["name"] == one.card["name"] == "face" and both.card["facts"]["hole"] == "both_eyes"
    assert both.keys == ["00000", "00003", "00006", "00009"] and one.keys == ["00000", "00006", "00009"]
    assert one.card["counts"]["reasons"] == {"no_part": 1}
    assert np.array_equal(both.images, whole.images[whole.positions("test")])
    assert both.positions("evaluation").tolist() == [0, 1, 2, 3]
    assert (both.masks[0] > 0).sum() == (22 - 9 + 3) * (17 - 15 + 3)
    assert (one.masks[0] > both.masks[0])[12:14].any() and one.masks[0][:, :15].sum() == 0


def test_object_holes_lie_in_the_objects_box_and_are_fewer(whole, tmp_path):
    front = packed("car_front", whole, tmp_path, front_share=0.333, lower_share=0.6, images=2)
    part = packed("bird_part", whole, tmp_path, area_share=0.3, images=3)
    assert front.keys == ["00000", "00006"] and part.keys == ["00000", "00003", "00006"]
    box = box_mask((4, 8, 27, 27), SIDE, SIDE)
    for data in (front, part):
        assert all((mask <= box).all() and 0 < mask.sum() < box.sum() for mask in data.masks)
    assert abs(part.masks[0].sum() / box.sum() - 0.3) < 0.1


def test_a_set_without_any_such_part_stops(whole, tmp_path):
    (tmp_path / "raw" / "CelebA-HQ-img").mkdir(parents=True)
    (tmp_path / "raw" / "CelebA-HQ-img" / "0.jpg").write_bytes(b"")
    with pytest.raises(ValueError, match="both_eyes: no image"):
        packed("both_eyes", whole, tmp_path, parts=("l_eye",), kernel_px=15, images=4)
