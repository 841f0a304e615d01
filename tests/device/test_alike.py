"""Two folders are alike but for rounding: a planted difference of each kind is found."""

import json

import numpy as np
import pytest

from tests.device.alike import differences


@pytest.mark.parametrize(
    ("name", "one", "other", "alike"),
    [
        ("a.npy", np.float32([1.0]), np.float32([1.0001]), True),
        ("a.npy", np.float32([1.0]), np.float32([1.1]), False),
        ("images.npy", np.uint8([[1, 2, 3]]), np.uint8([[1, 2, 4]]), True),
        ("images.npy", np.uint8([[1, 2, 3]]), np.uint8([[1, 2, 5]]), False),
        ("labels.npy", np.uint8([[1, 2]]), np.uint8([[1, 3]]), False),
        ("a.json", [{"x": 1.0}], [{"x": 1.0001}], True),
        ("a.json", [{"x": 1.0}], [{"x": "1.0"}], False),
        ("a.jsonl", [{"x": 1.0}, {"x": 2.0}], [{"x": 1.0}], False),
        ("a.jsonl", [{"x": 1.0}], [{"x": 1.5}], False),
        ("curve.csv", [1.0, 2.0], [1.0, 2.0005], True),
        ("curve.csv", [1.0, 2.0], [1.0, 2.1], False),
        ("curve.csv", ["loss"], ["loose"], False),
    ],
)
def test_planted_differences(tmp_path, name, one, other, alike):
    for place, value in (("one", one), ("other", other)):
        (tmp_path / place).mkdir()
        if name.endswith(".npy"):
            np.save(tmp_path / place / name, value)
        else:
            (tmp_path / place / name).write_text("\n".join(json.dumps(line) for line in value))
    assert (differences(tmp_path / "one", tmp_path / "other") == []) == alike


def test_a_file_that_one_lacks_is_found(tmp_path):
    for place in ("one", "other"):
        (tmp_path / place).mkdir()
    (tmp_path / "one/x").touch()
    assert differences(tmp_path / "one", tmp_path / "other") == ["x is in one of them alone"]
