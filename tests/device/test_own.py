"""Models and measures outside of the graph compute on a device that is not there, and give what the CPU gives."""

import numpy as np
import pytest

from stages.graph import find
from stages.use.model import open_model
from stages.use.scoring import score
from tests.device.here import on_the_device
from tests.house.resolved import ROOT, stages_in
from tests.retrace.own_models import FILLS, MODELS, SAMPLES, put_extractor, put_model, put_photos, put_set

ONE_OF_EACH = ("contrasfill", "comodgan", "collagegan", "batfill", "segmenter", "contrast", "onegan", "mscond")


def far():
    """As around any stage that is no training."""
    (stage,) = find(stages_in("smoke"), ["mscond_sample@city_scenes-s1_16_on"])
    return on_the_device(stage)


@pytest.fixture(autouse=True)
def in_the_project(monkeypatch):
    monkeypatch.chdir(ROOT)


@pytest.mark.parametrize("kind", ONE_OF_EACH)
def test_a_model_makes_on_the_device_what_it_makes_on_the_cpu(kind, tmp_path):
    assert kind in MODELS
    photos = put_photos(tmp_path / "photos", 2)
    words = {"count": 2} if kind in SAMPLES else {"photos": photos}
    words |= {"mask": tmp_path / "masks", "codes": 2} if kind in FILLS else {}
    model = open_model(put_model(tmp_path / "model", kind))
    near = dict(model.pictures(**words))
    with far():
        there = dict(model.pictures(**words))
    assert near and list(near) == list(there)
    assert all(np.array_equal(near[name], there[name]) for name in near)


def test_scores_on_the_device_are_those_of_the_cpu(tmp_path):
    photos, words = put_set(tmp_path / "horses"), {"split": "testA"}
    extractor = put_extractor(tmp_path / "scorer")
    near = score(photos, photos, extractor, **words)
    with far():
        there = score(photos, photos, extractor, **words)
    assert near == there and {row["metric"] for row in near["values"]} == {"FD-demo", "SWD", "PD-demo"}
