"""Detectors of objects in scenes: blobs of hues by hand and against a slow oracle, the network through a made file."""

import colorsys
import hashlib

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.engine.session import Session
from stages.engine.world import World
from stages.teachers import scenes_detector as teacher
from stages.teachers.detectors import network
from stages.teachers.detectors.blob import Blobs, boxes, colours, within
from stages.teachers.detectors.scenes import Detection, open_detector

RED, YELLOW, VIOLET, GREY = (220, 30, 20), (230, 200, 30), (150, 40, 210), (120, 120, 120)
BANDS = {"car": ((340.0, 16.0), (38.0, 64.0)), "person": ((255.0, 305.0),), "couch": ((340.0, 16.0),)}
BLOB = {"source": "blob", "file": "", "sha256": "", "bands": BANDS, "saturation": 0.6, "value": 0.25, "area_px": 8}


def picture(*painted: tuple[tuple[int, int, int], tuple[int, int, int, int]]) -> np.ndarray:
    """Grey, with rectangles (x1 y1 x2 y2) of colours."""
    image = np.full((24, 32, 3), GREY, np.uint8)
    for colour, (left, top, right, bottom) in painted:
        image[top:bottom, left:right] = colour
    return image


def left(tmp_path, **changes):
    """The folder of a taught detector."""
    out = tmp_path / "out"
    out.mkdir()
    session = Session(World.single(), out, tmp_path, lambda: False, print)
    teacher.teach(teacher.Block.model_validate(BLOB | changes), {}, session)
    return out


def test_blobs_are_found_by_their_hue_with_tight_boxes_the_largest_first(tmp_path):
    image = picture((RED, (2, 3, 8, 7)), (YELLOW, (10, 3, 14, 6)), (VIOLET, (20, 10, 23, 20)))
    detector = open_detector(left(tmp_path))
    found = detector.detect(np.stack([image, np.full_like(image, 255)]))
    assert found == [
        [
            Detection("person", (20, 10, 23, 20), 1.0),
            Detection("car", (2, 3, 8, 7), 1.0),
            Detection("couch", (2, 3, 8, 7), 1.0),
            Detection("car", (10, 3, 14, 6), 1.0),
        ],
        [],
    ]
    assert detector.facts["source"] == "blob" and detector.facts["area_px"] == 8 and len(detector.facts["digest"]) == 64


def test_two_cars_that_touch_are_two_where_their_bands_differ_and_corners_do_not_join():
    blobs = Blobs({"car": BANDS["car"]}, 0.6, 0.25, 8)
    touching = picture((RED, (2, 2, 8, 6)), (YELLOW, (8, 2, 12, 6)))
    assert [box for _, box in blobs.find(touching)] == [(2, 2, 8, 6), (8, 2, 12, 6)]
    corners = picture((RED, (2, 2, 5, 5)), (RED, (5, 5, 8, 8)))
    assert [box for _, box in blobs.find(corners)] == [(2, 2, 5, 5), (5, 5, 8, 8)]
    joined = picture((RED, (2, 2, 5, 5)), (RED, (4, 5, 8, 8)))
    assert [box for _, box in blobs.find(joined)] == [(2, 2, 8, 8)]


def test_a_blob_has_the_least_area_and_its_pixels_are_saturated_and_bright():
    blobs = Blobs({"car": BANDS["car"]}, 0.6, 0.25, 8)
    assert blobs.find(picture((RED, (2, 2, 6, 4)))) == [("car", (2, 2, 6, 4))]
    assert blobs.find(picture((RED, (2, 2, 9, 3)))) == []
    # Saturation 0.6 and value 64/255 by hand: (100 - 40) / 100, 63 < 0.25 * 255 < 64.
    assert blobs.find(picture(((100, 40, 40), (2, 2, 8, 6)))) == []
    assert blobs.find(picture(((100, 39, 39), (2, 2, 8, 6)))) == [("car", (2, 2, 8, 6))]
    assert blobs.find(picture(((63, 5, 5), (2, 2, 8, 6)))) == []
    assert blobs.find(picture(((64, 5, 5), (2, 2, 8, 6)))) == [("car", (2, 2, 8, 6))]


def test_bands_hold_their_ends_and_go_past_zero():
    hues = np.array([339.9, 340, 359, 0, 16, 16.1, 180])
    assert within(hues, (340, 16)).tolist() == [False, True, True, True, True, False, False]
    assert within(hues, (16, 180)).tolist() == [False, False, False, False, True, True, True]


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(*[st.integers(0, 255)] * 3), min_size=1, max_size=40))
def test_hues_and_limits_are_colorsyss(pixels):
    hue, kept = colours(np.array([pixels], np.uint8), 0.6, 0.25)
    for place, pixel in enumerate(pixels):
        expected, saturation, value = colorsys.rgb_to_hsv(*(channel / 255 for channel in pixel))
        turned = abs(float(hue[0, place]) - 360 * expected)
        assert min(turned, 360 - turned) < 1e-2
        if abs(saturation - 0.6) > 1e-6:
            assert kept[0, place] == (saturation > 0.6 and value > 0.25)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 6))
def test_parts_are_those_of_a_flood(seed, least):
    mask = np.random.default_rng(seed).random((9, 11)) < 0.5
    left_over, expected = {(y, x) for y, x in np.argwhere(mask)}, []
    while left_over:
        front, part = [left_over.pop()], []
        while front:
            y, x = front.pop()
            part.append((y, x))
            for near in ((y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)):
                if near in left_over:
                    left_over.remove(near)
                    front.append(near)
        down, across = zip(*part, strict=True)
        if len(part) >= least:
            expected.append((len(part), (min(across), min(down), max(across) + 1, max(down) + 1)))
    assert sorted(boxes(mask, least)) == sorted(expected)


def test_a_detector_of_blobs_without_hues_is_refused(tmp_path):
    with pytest.raises(ValueError, match="key bands"):
        left(tmp_path, bands={"car": ()})
    with pytest.raises(FileNotFoundError, match=r"detector\.json"):
        open_detector(tmp_path)


@pytest.mark.slow
def test_published_weights_give_boxes_with_coco_s_names_and_no_masks(tmp_path):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        state = network.build(network.PUBLISHED, {}).state_dict()
    torch.save(state, tmp_path / "weights.pth")
    digest = hashlib.sha256((tmp_path / "weights.pth").read_bytes()).hexdigest()
    folder = left(tmp_path, source="file", file=str(tmp_path / "weights.pth"), sha256=digest)
    detector = open_detector(folder)
    assert detector.facts == {
        "source": "file", "architecture": network.PUBLISHED,
        "digest": hashlib.sha256((folder / "weights.safetensors").read_bytes()).hexdigest(),
    }  # fmt: skip
    net, facts = network.load(folder)
    # Weights at random find nothing; a lower threshold finds boxes, the same as with the masks' part.
    for one in (net, detector.net):
        one.transform.min_size = (64,)
        one.roi_heads.score_thresh = 0.0
        one.roi_heads.detections_per_img = 5
        one.rpn._post_nms_top_n = {"training": 20, "testing": 20}
    image = np.random.default_rng(0).integers(0, 256, (1, 24, 32, 3)).astype(np.uint8)
    (whole,), ((*found,),) = network.detect(net, list(image)), detector.detect(image)
    assert len(found) == len(whole["labels"]) > 0
    assert [one.category for one in found] == [facts["classes"][label] for label in whole["labels"].tolist()]
    assert [one.score for one in found] == whole["scores"].tolist() == sorted(whole["scores"].tolist(), reverse=True)
    assert [list(one.box) for one in found] == whole["boxes"].tolist()
