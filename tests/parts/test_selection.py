"""The filters F1 to F3 (spec I16), and the detections table they read."""

import base64
import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from stages.data.detection_records import read_records
from stages.data.detections import Detections, read_facts, write_detections
from stages.data.instances import ImageDetections, Instance, encode_mask
from stages.data.selection import passes_size, refuse_instances
from tests.parts.raw_fixtures import encode, rectangle, runs_of


def instance(name: str, score: float, area: int) -> Instance:
    return Instance(name, score, (0.0, 0.0, float(area), 1.0), encode_mask(rectangle(1, 100, 0, 0, area - 1, 0)))


@pytest.mark.parametrize(
    ("width", "height", "kept"),
    [(401, 513, True), (400, 600, False), (512, 512, False), (513, 401, True), (600, 400, False), (401, 512, False)],
)
def test_size_limits_are_strict(width, height, kept):
    assert passes_size(width, height, 400, 512) is kept


def test_highest_score_wins_over_largest_area():
    assert refuse_instances([instance("bird", 0.6, 50), instance("cat", 0.9, 10)], ("bird",)).reason == "other_class"
    assert refuse_instances([instance("cat", 0.6, 10), instance("bird", 0.9, 50)], ("bird",)) is None


def test_car_accepts_truck_and_bird_does_not_accept_car():
    assert refuse_instances([instance("truck", 0.9, 9)], ("car", "truck")) is None
    refusal = refuse_instances([instance("car", 0.9, 9)], ("bird",))
    assert (refusal.step, refusal.reason) == ("class", "other_class")


@pytest.mark.parametrize("other", ["bird", "person"])
def test_larger_second_instance_of_any_class_rejects(other):
    best = instance("bird", 0.9, 20)
    assert refuse_instances([best, instance(other, 0.6, 21)], ("bird",)).reason == "larger_instance"
    assert refuse_instances([best, instance(other, 0.6, 20)], ("bird",)) is None  # ties keep
    assert refuse_instances([best, instance(other, 0.6, 19)], ("bird",)) is None


def test_no_instance_rejects():
    assert refuse_instances([], ("bird",)).reason == "no_instance"


@given(st.permutations([instance("bird", 0.9, 20), instance("cat", 0.7, 30), instance("dog", 0.5, 5)]))
def test_selection_does_not_depend_on_order(instances):
    assert refuse_instances(instances, ("bird",)).reason == "larger_instance"


masks = st.tuples(st.integers(1, 14), st.integers(1, 70)).flatmap(lambda shape: arrays(bool, shape))


@settings(max_examples=150)
@given(masks)
def test_run_length_code_round_trip_and_oracle(mask):
    code = encode_mask(mask)
    assert code[0] == runs_of(mask)  # pycocotools wrote the code, the reader is our own
    made = Instance("bird", 0.5, (0.0, 0.0, 1.0, 1.0), code)
    assert np.array_equal(made.mask, mask)
    assert made.area == mask.sum()


@pytest.mark.parametrize("counts", ["", "0", "\x01", "P", "zz", "1111111111"])
def test_damaged_run_length_code_is_an_error(counts):
    with pytest.raises(ValueError, match="run"):
        _ = Instance("bird", 0.5, (0.0, 0.0, 1.0, 1.0), (counts, 4, 5)).mask


def test_table_round_trip_sorts_keys_and_scores(tmp_path):
    low, high = instance("bird", 0.25, 3), instance("truck", 0.75, 7)
    found = [("b", ImageDetections(100, 1, (low, high))), ("a", ImageDetections(5, 6, ()))]
    write_detections(tmp_path, found, {"source": "precomputed", "model": "none", "threshold": 0.5})
    first = (tmp_path / "detections.parquet").read_bytes()
    assert Detections(tmp_path) == {"a": ImageDetections(5, 6, ()), "b": ImageDetections(100, 1, (high, low))}
    facts = read_facts(tmp_path)
    assert facts["counts"] == {"images": 2, "instances": {"bird": 1, "truck": 1}, "without_instance": 1}
    write_detections(tmp_path, found[::-1], {"source": "precomputed"})
    assert (tmp_path / "detections.parquet").read_bytes() == first
    with pytest.raises(ValueError, match="came two for key 'a'"):
        write_detections(tmp_path, [found[1], found[1]], {})


def test_empty_table_round_trip(tmp_path):
    write_detections(tmp_path, [], {})
    assert Detections(tmp_path) == {}


def record(**changes) -> dict:
    mask = rectangle(3, 4, 1, 1, 2, 2)
    entry = {"class": "bird", "score": 0.9, "box": [1, 1, 3, 3], "rle": {"size": [3, 4], "counts": runs_of(mask)}}
    return {"key": "k", "width": 4, "height": 3, "instances": [entry | changes]}


def test_precomputed_records_with_both_mask_forms_agree(tmp_path):
    mask = rectangle(3, 4, 1, 1, 2, 2)
    with_png = record()
    del with_png["instances"][0]["rle"]
    with_png["instances"][0]["png"] = base64.b64encode(encode(mask.astype(np.uint8) * 255, "PNG")).decode()
    path = tmp_path / "detections.jsonl"
    path.write_text(json.dumps(record()) + "\n" + json.dumps(with_png | {"key": "l"}) + "\n")
    (first, one), (second, two) = read_records(path)
    assert (first, second) == ("k", "l") and one == two
    assert np.array_equal(one.instances[0].mask, mask)


@pytest.mark.parametrize(
    "bad",
    [
        record(rle={"size": [3, 5], "counts": runs_of(rectangle(3, 5, 0, 0, 1, 1))}),
        record(rle={"size": [3, 4], "counts": runs_of(rectangle(3, 5, 0, 0, 1, 1))}),
        record(box=[1, 2, 3]),
        {"key": "k", "width": 4, "height": 3},
        [],
    ],
)
def test_bad_records_name_the_line(tmp_path, bad):
    path = tmp_path / "detections.jsonl"
    path.write_text(json.dumps(record() | {"key": "a"}) + "\n" + json.dumps(bad) + "\n")
    with pytest.raises(ValueError, match="line 2: expected"):
        list(read_records(path))


def test_area_and_mask_agree_after_replacing_the_code():
    made = replace(instance("bird", 0.5, 4), rle=encode_mask(rectangle(9, 9, 2, 2, 6, 7)))
    assert made.area == 30 == made.mask.sum()
