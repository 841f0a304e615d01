"""What figures show: latents in order, none chosen, and the first pictures in which a category was found."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stages.papers.mscond import generated, sampling
from tests.papers import mscond_scored as made_up
from tests.papers.mscond_scored import DETECTED, detector, left_out, scene
from tests.papers.sessions import session_in

KEYS: dict[str, Any] = DETECTED | {"batch": 4, "psi": 0.7, "uncurated": 6, "looked_at": 14, "shown": 3}


@pytest.fixture(autouse=True)
def asked(monkeypatch) -> list[Any]:
    """A model that makes scenes 1000, 1001 and so on; the psi and noise of each call."""
    calls: list[Any] = []

    def made(trained, latents, psi, noise):
        calls.append((psi, noise))
        return made_up.made(trained, latents, psi, noise)

    monkeypatch.setattr(generated, "trained_of", lambda method: made_up.model())
    monkeypatch.setattr(generated, "latents", made_up.numbered)
    monkeypatch.setattr(generated, "make", made)
    return calls


def sampled(out: Path, folder: Path, **changes: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    out.mkdir()
    block, method = sampling.Block(**(KEYS | changes)), None
    facts = sampling.sample(block, method, None, 0, session_in(out), folder)  # pyright: ignore[reportArgumentType]
    return facts, json.loads((out / "objects.json").read_text())


def test_uncurated_are_the_first_latents_whatever_the_batch_truncated_with_fixed_noise(tmp_path, asked):
    folder = detector(tmp_path / "detector")
    facts, _ = sampled(tmp_path / "one", folder)
    expected = np.stack([scene(1000 + number) for number in range(6)])
    assert (np.load(tmp_path / "one/uncurated.npy") == expected).all()
    assert facts == {
        "uncurated": 6, "looked_at": 14, "shown": 3, "psi": 0.7, "size_px": 16, "categories": ["car", "person"],
    }  # fmt: skip
    assert set(asked) == {(0.7, None)} and len(asked) == 4
    sampled(tmp_path / "two", folder, batch=9)
    names = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert names == ["objects.json", "objects_car.npy", "objects_person.npy", "uncurated.npy"]
    for name in names:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes(), name


def test_objects_are_in_the_first_pictures_that_have_one_with_boxes_on_them(tmp_path):
    _, objects = sampled(tmp_path / "out", detector(tmp_path / "detector"))
    people = objects["categories"]["person"]
    assert people["latents"] == [0, 4, 8] and people["pictures"] == 4, "every fourth scene, 12 among them"
    shown = np.load(tmp_path / "out/objects_person.npy")
    assert (shown == np.stack([scene(1000 + number) for number in (0, 4, 8)])).all()
    assert people["boxes"] == [[[13.0, 6.0, 16.0, 9.0]]] * 3 and people["scores"] == [[1.0]] * 3
    cars = objects["categories"]["car"]
    assert cars["latents"] == [0, 1, 2] and cars["pictures"] == 14
    for number, boxes in zip(cars["latents"], cars["boxes"], strict=True):
        assert len(boxes) == 1 + ((1000 + number) % 3 == 0)
        for left, upper, right, lower in boxes:
            inside = scene(1000 + number)[int(upper) : int(lower), int(left) : int(right)]
            assert (inside[..., 0] > 100).all() and (inside[..., 1] < 40).all(), "the tight box holds the car alone"
    assert (objects["psi"], objects["looked_at"], objects["absent"]) == (0.7, 14, {})


def test_nobody_looks_further_than_the_key_says(tmp_path):
    folder = detector(tmp_path / "detector")
    _, objects = sampled(tmp_path / "few", folder, looked_at=3)
    assert objects["categories"]["car"]["pictures"] == 3 and objects["categories"]["person"]["latents"] == [0]
    assert len(np.load(tmp_path / "few/uncurated.npy")) == 6
    assert len(np.load(tmp_path / "few/objects_person.npy")) == 1
    sampled(tmp_path / "many", folder, uncurated=20)
    assert len(np.load(tmp_path / "many/uncurated.npy")) == 20


@pytest.mark.parametrize(
    ("made", "reason"),
    [
        (lambda folder: detector(folder, {"car": ((100.0, 101.0),)}), "no detection in 14 generated pictures"),
        (left_out, "no detector: enabled: false in this profile"),
    ],
)
def test_what_nobody_finds_is_absent_with_the_reason(tmp_path, made, reason):
    _, objects = sampled(tmp_path / "out", made(tmp_path / "detector"))
    assert objects["absent"] == {"car": reason, "person": reason} and objects["categories"] == {}
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["objects.json", "uncurated.npy"]
