"""Crops about a box, masks that cover, and clean squares beside a box."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from stages.data.image import resize_bilinear, resize_mask
from stages.data.prepared.boxes import background_tiles, box_crop, cover_mask, grown

SIDES = st.integers(20, 400)


@st.composite
def boxes(draw):
    """(width, height, box) of a box inside a photo, limits as edges, not all of them whole."""
    width, height = draw(SIDES), draw(SIDES)
    x1, y1 = (draw(st.floats(0, side - 2, allow_nan=False)) for side in (width, height))
    x2 = draw(st.floats(x1 + 1, width))
    y2 = draw(st.floats(y1 + 1, height))
    return width, height, (x1, y1, x2, y2)


@pytest.mark.parametrize(
    ("size", "box", "factor", "wanted"),
    [
        ((300, 200), (100, 50, 180, 110), 1.5, (80, 20, 200, 140)),  # centre (140, 80), r = 60
        ((300, 200), (100, 50, 180, 110), 1.2, (92, 32, 188, 128)),  # r = 48
        ((300, 200), (10, 20, 111, 61), 1.5, (0, 0, 135, 115)),  # centre (60, 40), r = int(75.75) = 75, cut off
        ((200, 150), (0, 0, 200, 150), 1.5, (0, 0, 200, 150)),
    ],
)
def test_crops_by_hand(size, box, factor, wanted):
    assert box_crop(*size, box, factor) == wanted


@given(boxes(), st.sampled_from([1.2, 1.5]))
def test_crops_lie_inside_and_hold_the_box(given_box, factor):
    width, height, box = given_box
    x1, y1, x2, y2 = box
    assume(max(x2 - x1, y2 - y1) >= 16)  # below, rounding down may cost more than the margin
    crop = box_crop(width, height, box, factor)
    assert 0 <= crop.left < crop.right <= width and 0 <= crop.top < crop.bottom <= height
    shares = crop.shares(box)
    assert min(shares) >= 0 and max(shares) <= 1
    back = [
        share * side for share, side in zip(shares, 2 * (crop.right - crop.left, crop.bottom - crop.top), strict=True)
    ]
    assert np.allclose(np.array(back) + [crop.left, crop.top] * 2, box)


def test_a_box_beside_the_photo_is_refused():
    with pytest.raises(ValueError, match="expected a box in a photo of 100 x 80 px"):
        box_crop(100, 80, (300, 10, 340, 30), 1.5)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32), st.integers(17, 150), st.integers(17, 150), st.sampled_from([16, 32]))
def test_outside_the_cover_nothing_of_the_object_is_seen(seed, height, width, side):
    """Whatever colour the object has, no pixel outside its cover changes; the plain mask lies within the cover."""
    rng = np.random.default_rng(seed)
    mask = np.zeros((height, width), bool)
    y, x = rng.integers(0, height - 8), rng.integers(0, width - 8)
    mask[y : y + rng.integers(1, 40), x : x + rng.integers(1, 40)] = True
    mask &= rng.random(mask.shape) < 0.9
    assume(mask.any())
    image = rng.integers(0, 256, (height, width, 3)).astype(np.uint8)
    other = image.copy()
    other[mask] = 255 - image[mask]
    cover = cover_mask(mask, side, side)
    first, second = (resize_bilinear(one, side, side) for one in (image, other))
    assert not (first != second).any(axis=2)[cover == 0].any()
    assert (cover >= resize_mask(mask, side, side)).all()


def test_a_cover_by_hand():
    """Halved, a cell takes from its own two pixels and one more on each side, as bilinear resizing does."""
    mask = np.zeros((8, 8), bool)
    mask[2, 2] = True
    wanted = np.zeros((4, 4), np.uint8)
    wanted[0:2, 0:2] = 1
    assert np.array_equal(cover_mask(mask, 4, 4), wanted)


def test_tiles_by_hand():
    """Box 40 to 80 by 50 to 70 grown by 2: strips of 38, 118, 48 and 28 px in a photo of 200 x 100 px."""
    tiles = background_tiles(200, 100, (40, 50, 80, 70), 0.05, 30, 4)
    left = [(0, 0, 38), (0, 38, 38)]
    right = [(82, 0, 100)]
    above = [(0, 0, 48), (48, 0, 48), (96, 0, 48), (144, 0, 48)]
    assert [(tile.left, tile.top, tile.side) for tile in tiles] == left + right + above


@given(boxes(), st.floats(0, 0.2), st.integers(1, 90), st.integers(1, 5))
def test_tiles_meet_no_grown_box_and_lie_inside(given_box, grow, least, per_strip):
    width, height, box = given_box
    x1, y1, x2, y2 = grown(box, grow)
    margin = grow * max(box[2] - box[0], box[3] - box[1])
    assert np.allclose((x1, y1, x2, y2), np.array(box) + np.array([-1, -1, 1, 1]) * margin)
    tiles = background_tiles(width, height, box, grow, least, per_strip)
    assert len(tiles) <= 4 * per_strip
    for tile in tiles:
        right, bottom = tile.left + tile.side, tile.top + tile.side
        assert tile.left >= 0 and tile.top >= 0 and right <= width and bottom <= height
        assert right <= x1 or tile.left >= x2 or bottom <= y1 or tile.top >= y2
        assert tile.side >= least


@given(boxes())
def test_tiles_of_one_strip_are_apart_and_larger_limits_give_fewer(given_box):
    width, height, box = given_box
    few, many = (background_tiles(width, height, box, 0.05, least, 4) for least in (40, 10))
    assert set(few) <= set(many)
    # Those beside the box alone: the strip below reaches into the corner.
    right = [tile for tile in many if tile.left >= box[2] and tile.top < box[3]]
    for one in right:
        for other in right:
            same_strip = one.side == other.side and one != other
            assert not same_strip or abs(one.left - other.left) >= one.side or abs(one.top - other.top) >= one.side
