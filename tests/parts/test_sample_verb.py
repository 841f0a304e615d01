"""The verb sample: further inputs of a stage reach the paper's sampling by their names, model and data do not."""

import json
import sys
from contextlib import nullcontext
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
import torch

from stages import sample
from stages.engine.weights import write_weights


class Method:
    """One weight; made of a block as methods are."""

    def __init__(self) -> None:
        self.nets, self.memory = {"net": torch.nn.Linear(1, 1)}, {"mean": torch.zeros(2)}


@pytest.fixture
def job(tmp_path, monkeypatch) -> Any:
    """A stage of a made-up paper whose sampling tells what it was given."""
    model, out = tmp_path / "model", tmp_path / "out"
    model.mkdir()
    out.mkdir()
    (model / "model.json").write_text(json.dumps({"paper": "p", "method": "m", "seed": 3, "data": "d", "block": {}}))
    held = Method()
    held.memory["mean"] += 5
    write_weights(held.nets, held.memory, model)
    modules: dict[str, Any] = {name: ModuleType(name) for name in ("made_up_sampling", "made_up_method")}
    modules["made_up_method"].Block = SimpleNamespace(model_validate=lambda block, strict: block)
    modules["made_up_method"].for_sampling = lambda block, world: Method()

    def sampled(block, method, data, seed, session, **further):
        return {"seed_given": seed, "mean": method.memory["mean"].tolist(), "data_given": data, "further": further}

    modules["made_up_sampling"].sample = sampled
    for name, module in modules.items():
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.setattr(sample, "module_of", lambda choices: tuple(modules))
    choices = {"paper": "p", "method": "m", "seed": "3"}
    return SimpleNamespace(
        choices=choices,
        inputs={"model": model},
        out=out,
        resume=tmp_path / "resume",
        gpus=0,
        advance=None,
        stopping=None,
        deferred_stop=nullcontext,
        block=SimpleNamespace(profile="demo"),
    )


def written(job: Any) -> dict[str, Any]:
    sample.sample(job)
    return json.loads((job.out / "sample.json").read_text())


def test_a_sampling_without_further_inputs_gets_none(job):
    facts = written(job)
    assert facts["further"] == {} and facts["mean"] == [5.0, 5.0] and facts["seed_given"] == 3
    assert {name: facts[name] for name in ("paper", "method", "seed", "data", "profile")} == {
        "paper": "p", "method": "m", "seed": 3, "data": "d", "profile": "demo",
    }  # fmt: skip


def test_further_inputs_come_by_their_names(job):
    job.inputs |= {"detector": "a/folder", "judge": "another"}
    assert written(job)["further"] == {"detector": "a/folder", "judge": "another"}
