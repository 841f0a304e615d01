"""Masks against masks: everything right is 1, simple masks by their own arithmetic, detections and the worst photos."""

import numpy as np
import pytest

from stages.metrics.overlap import masks_to_overlap
from stages.papers.onegan.rebuilding import Reconstructed
from stages.papers.onegan.segmenting import centred, measure_masks, measure_rebuilt, two_colours
from tests.papers.onegan_made import SIDE
from tests.papers.onegan_scored import TEST, numbers, pack, quality_block, said, scene, scores

EXACT = np.stack([scene(number)[1] for number in range(TEST)])


def rebuilt(masks: np.ndarray) -> Reconstructed:
    ground = np.zeros((*masks.shape, 3), np.uint8)
    return Reconstructed(masks.astype(np.float32), ground, np.full(len(masks), 0.25), np.full(len(masks), 20.0))


def measured(data, masks: np.ndarray, **keys):
    found = scores()
    return found, measure_masks(quality_block(**keys), data, rebuilt(masks), found)


def test_identical_masks_score_one_and_the_photo_without_one_is_left_out(tmp_path):
    found, lowest = measured(pack(tmp_path / "data"), EXACT * 0.9 + 0.05)
    for metric in ("IoU", "Dice", "pixel_accuracy", "IoU_both", "IoU_best_polarity"):
        assert numbers(found)[metric] == 1 and said(found, metric)["n"] == TEST - 1
    assert said(found, "IoU")["protocol"]["without_mask"] == 1
    assert [one["key"] for one in lowest] == ["test/01.png", "test/02.png"] and lowest[0]["detection_iou"] is None
    assert set(found.absent) == {"IoU_detection", "better_than_detection"}


def test_simple_masks_have_their_own_arithmetic(tmp_path):
    found, _ = measured(pack(tmp_path / "data"), 1 - EXACT, restarts=4)
    shares = EXACT[1:].mean((1, 2))
    ones, box = numbers(found, "all_ones"), numbers(found, "box")
    assert ones["IoU"] == ones["pixel_accuracy"] == pytest.approx(shares.mean())
    # a square of 32 / 1.6 = 20 px
    square = np.zeros((SIDE, SIDE), bool)
    square[6:26, 6:26] = True
    assert np.array_equal(centred(EXACT, 1.6)[3], square)
    counted = [(square & one).sum() / (square | one).sum() for one in EXACT[1:] > 0]
    assert box["IoU"] == pytest.approx(np.mean(counted))
    assert numbers(found)["IoU"] == 0 and numbers(found)["IoU_best_polarity"] == 1
    # discs of one colour on a ground of another are just what two means find
    assert numbers(found, "kmeans")["IoU"] > 0.95


def test_two_colours_take_the_group_that_the_rim_has_less_of():
    for number in range(4):
        image, mask = scene(number)
        found = two_colours(image, 4, 0)
        assert masks_to_overlap(found[None], mask[None]).iou[0] > 0.95
        assert np.array_equal(found, two_colours(image, 4, 0))
    split = np.zeros((8, 8, 3), np.uint8)
    split[:6] = 255
    rows = two_colours(split, 4, 0)[:, 0].tolist()
    assert rows == [False] * 6 + [True] * 2, "the rim has less of the dark"


def test_what_is_nearer_than_a_detection_and_what_a_detection_scores(tmp_path):
    """Of seven masked photos, masks are exact on four, the detection's on one and worse on two."""
    given, moved = np.roll(EXACT, 2, 2), np.roll(EXACT, 4, 2)
    masks = np.where(np.arange(TEST)[:, None, None] < 5, EXACT, moved)
    masks[5] = given[5]
    found, lowest = measured(pack(tmp_path / "data", detected=True), masks, lowest=3)
    own, theirs = (masks_to_overlap(one[1:], EXACT[1:]).iou for one in (masks, given))
    assert numbers(found)["better_than_detection"] == 4 / 7
    assert numbers(found)["IoU"] == pytest.approx(own.mean())
    assert numbers(found, "detection")["IoU"] == pytest.approx(theirs.mean())
    assert numbers(found)["IoU_detection"] == pytest.approx(masks_to_overlap(masks[1:], given[1:]).iou.mean())
    worst = np.argsort(own, kind="stable")[:3] + 1
    assert [one["key"] for one in lowest] == [f"test/{place:02d}.png" for place in worst]
    for one, place in zip(lowest, worst, strict=True):
        assert one["iou"] == pytest.approx(own[place - 1]) and one["detection_iou"] == pytest.approx(theirs[place - 1])


def test_a_set_that_was_not_drawn_has_one_mask_a_photo(tmp_path):
    found, _ = measured(pack(tmp_path / "data", detected=True, drawn=False), np.roll(EXACT, 2, 2))
    assert numbers(found)["IoU"] == 1 and said(found, "IoU")["protocol"]["truth"] == "the set's masks"
    assert "no exact masks" in found.absent["IoU_detection"]
    none, lowest = measured(pack(tmp_path / "none", masked=np.zeros(TEST + 16, int)), EXACT)
    assert none.rows.values == [] and none.absent["IoU"] == "no test photo has a mask" and lowest == []


def test_how_decided_masks_are():
    masks = np.zeros((2, 4, 4))
    masks[0, :, :2], masks[1] = 0.95, 0.5
    found = scores()
    measure_rebuilt(rebuilt(masks), found)
    assert numbers(found) == pytest.approx({"decided": 0.5, "mask_mean": (0.475 + 0.5) / 2, "L1": 0.25, "PSNR": 20.0})
    assert said(found, "PSNR")["unit"] == "dB" and said(found, "PSNR")["n"] == 2
