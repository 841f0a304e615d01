"""Every training that knows `compile: elementwise` learns with it what it learns without."""

from pathlib import Path

import pytest
import torch

from benchmarks.gpu import Bench, opened
from benchmarks.trainings import TRAININGS
from stages.engine.loop import Run
from stages.nets.stylegan import chains
from tests.parts.test_chain import forget

ABLE = ("contrasfill", "comodgan", "collagegan", "stylegan", "mscond", "insgen", "projectedgan")


@pytest.fixture
def unbuilt(monkeypatch, tmp_path):
    """Pieces run as they are written: to build those of seven trainings takes half an hour."""
    forget()
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(torch, "compile", lambda function, **_: function)
    yield
    forget()


def first_step(folder: Path, name: str, way: str) -> dict[str, float]:
    """The scalars of the first step, which has every penalty."""
    method, source, block, world = opened(Bench("cpu", 1, folder), TRAININGS[name], "smoke", compile=way)
    run = Run(method, source, block, 0, world, folder / "resume")
    run.step(source.batch(0))
    return {line.split(",")[2]: float(line.split(",")[3]) for line in run.record.lines}


@pytest.mark.parametrize("name", ABLE)
def test_the_first_step_has_the_plain_scalars(unbuilt, tmp_path, name):
    plain = first_step(tmp_path, name, "none")
    assert not chains.MODULATED.value.made
    found = first_step(tmp_path, name, "elementwise")
    assert chains.MODULATED.gradient.made
    # Its generator's phase follows a step of Adam, which makes much of rounding where a gradient is nearly nothing.
    assert found.keys() == plain.keys()
    for term, value in plain.items():
        assert found[term] == pytest.approx(value, rel=1e-2, abs=1e-4), term
    assert sum(abs(found[term] - value) <= 1e-5 * max(1, abs(value)) for term, value in plain.items()) >= len(plain) / 3
