"""A long measure that is stopped or killed at any moment goes on behind its last shard and ends with the same bytes."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from stages.engine import shards
from stages.papers.ganseg import fidelity
from stages.papers.monce import unpaired
from stages.papers.mscond import generated, quality, reference, trained
from stages.papers.onegan import quality as onegan
from tests.papers import monce_made, onegan_scored
from tests.papers import mscond_scored as made_up
from tests.papers.test_ganseg_samples import model as ganseg_model
from tests.parts.interrupted import Ending, ended_often, files_of, going, same_bytes_after_kills

BATCH = 2
# Calls of a progress that a killed run can lose: the batches of a state, or the one call of a shard.
LOST = {"reference": 4, "quality": 1, "ganseg": 2, "onegan": 1, "monce": 1}
SCORES = {
    "profile": "demo", "judge_batch": 3, "shown": 3, "seed": 0, "layers": ("relu3_1", "relu4_1"), "judged": "nothing",
    "sizes": "pack",
}  # fmt: skip


@pytest.fixture(autouse=True)
def small(monkeypatch):
    monkeypatch.setattr(shards, "SHARD_BATCHES", 2)
    monkeypatch.setattr(reference, "STATE_BATCHES", 4)
    monkeypatch.setattr(trained, "open_trained", lambda folder, device: made_up.model())
    monkeypatch.setattr(generated, "latents", made_up.numbered)
    monkeypatch.setattr(generated, "make", made_up.made)


@pytest.fixture(scope="module")
def inputs(tmp_path_factory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("store")
    found = made_up.store(folder)
    found["reference"], found["model"] = folder / "reference", folder / "model"
    found["reference"].mkdir()
    reference.measure(made_up.reference_block(), found, found["reference"], "cpu", going(folder / "reference"))
    found["ganseg"] = ganseg_model(folder / "ganseg")
    facts = json.loads((found["ganseg"] / "model.json").read_text())
    (found["ganseg"] / "model.json").write_text(json.dumps(facts | {"data": "city_scenes"}))
    found["onegan"] = onegan_scored.store(folder / "onegan", detected=True)
    found["monce"] = monce_made.store(folder / "monce")
    return found


def measured(inputs: dict[str, Any], name: str):
    """What runs a measure into a fresh output, beside which lies what is kept."""

    def run(out: Path, ending) -> None:
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir()
        if name == "reference":
            block = made_up.reference_block(batch=BATCH)
            reference.measure(block, inputs, out, "cpu", going(out, ending))
        elif name == "ganseg":
            block = fidelity.Block(profile="demo", images=11, batch=BATCH)
            fidelity.measure(block, inputs | {"model": inputs[name]}, out, "cpu", going(out, ending))
        elif name == "onegan":
            # Its six parts are told of each time; what is kept are the pictures behind them.
            told = going(out, lambda done, total, text: text in onegan.PARTS or ending(done, total, text))
            onegan.measure(onegan_scored.quality_block(batch=BATCH), inputs[name], out, "cpu", told)
        elif name == "monce":
            block = unpaired.Block(**(SCORES | {"batch": BATCH}))
            unpaired.measure(block, inputs[name], out, "cpu", going(out, ending))
        else:
            quality.measure(made_up.quality_block(batch=BATCH), inputs, out, "cpu", going(out, ending))

    return run


@pytest.mark.parametrize("name", LOST)
def test_stops_change_no_byte_and_cost_at_most_a_shard_each(inputs, tmp_path, name):
    run, ending = measured(inputs, name), Ending(None)
    run(tmp_path / "whole", ending)
    calls = ended_often(lambda ending: run(tmp_path / "out", ending), name, LOST[name] + 1)
    assert files_of(tmp_path / "out") == files_of(tmp_path / "whole")
    assert len(calls) > 1 and sum(calls) <= ending.calls + LOST[name] * (len(calls) - 1)


@pytest.mark.parametrize("name", LOST)
def test_kills_at_any_moment_change_no_byte(inputs, tmp_path, name):
    same_bytes_after_kills(measured(inputs, name), tmp_path, name)
