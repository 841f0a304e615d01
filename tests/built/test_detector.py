"""What the demo's detector found, as Table 1 built it, beside the exact instances that the drawn photos come with."""

import hashlib

import numpy as np
import pytest

from stages.data.detection_records import read_records
from stages.data.detections import Detections
from stages.data.selection import refuse_instances
from stages.runner import params
from tests.conftest import ROOT

STORE = ROOT / "results/store/demo"


@pytest.mark.parametrize(("name", "classes"), [("lsun_bird", ("bird",)), ("lsun_car", ("car", "truck"))])
def test_the_demos_detector_agrees_with_the_exact_instances(name, classes):
    """On photos that it never saw: most good ones are kept, the wrong ones are not, and masks overlap."""
    folder = STORE / "detections" / name
    if not (folder / "receipt.json").is_file():
        pytest.skip(f"needs {folder.relative_to(ROOT)}, which make table1 builds")
    taught_with = params.load(ROOT)["teacher"]["detector"]["base"]["images"]
    found = Detections(folder)
    exact = dict(read_records(STORE / "raw" / name / "detections.jsonl"))
    unseen = sorted(exact, key=lambda key: hashlib.sha256(key.encode()).digest())[:-taught_with]
    good = [key for key in unseen if key in found and refuse_instances(exact[key].instances, classes) is None]
    kept = [key for key in good if refuse_instances(found[key].instances, classes) is None]
    assert len(good) > 80 and len(kept) >= 0.8 * len(good), name
    best = [max(exact[key].instances, key=lambda instance: instance.score).mask for key in kept]
    pairs = [(mine, found[key].instances[0].mask) for mine, key in zip(best, kept, strict=True)]
    ious = [(a & b).sum() / (a | b).sum() for a, b in pairs if a.shape == b.shape]
    assert np.mean(ious) > 0.65, name
