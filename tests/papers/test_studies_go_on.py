"""A study that is stopped or killed at any moment goes on behind its last shard and ends with the same bytes."""

import shutil
from pathlib import Path
from typing import cast

import numpy as np
import pytest
import torch

from stages.data.files import write_json
from stages.engine import shards
from stages.engine.session import Session
from stages.engine.weights import write_weights
from stages.engine.world import World, settle
from stages.papers.contrasfill.directions import known, walk
from stages.papers.contrasfill.discovering import Study
from stages.papers.contrasfill.identity import direction, inversion
from stages.papers.contrasfill.identity.proxies import Windows
from stages.papers.contrasfill.methods.stylegan import method as stylegan
from tests.contract.prepared import block_of, make_inputs
from tests.papers.test_directions_study import layers_of, make_model
from tests.parts.interrupted import Ending, ended_often, files_of, same_bytes_after_kills

SHARD, WORLD = 2, World.single()
NAMES = ("known codes", "walk", "identity")


@pytest.fixture(autouse=True)
def small_shards(monkeypatch):
    monkeypatch.setattr(shards, "SHARD_BATCHES", SHARD)


@pytest.fixture(scope="module")
def inputs(tmp_path_factory) -> dict[str, Path]:
    settle(torch.device("cpu"))
    folder = tmp_path_factory.mktemp("studies")
    found = make_inputs(folder)
    found["known codes"] = make_model(folder / "two codes", "contrasfill", "full")
    found["walk"] = make_model(folder / "one code", "comodgan", "full")
    block = cast(stylegan.Block, block_of(stylegan.__name__, *layers_of("stylegan")))
    made = stylegan.for_sampling(block, WORLD)
    made.memory["latent_average"] = torch.zeros(block.latent)
    found["identity"] = folder / "stylegan"
    left(found["identity"], made, block)
    inverter = cast(inversion.Block, block_of(inversion.__name__, *layers_of("inversion")))
    net = inversion.network(inverter, block.size_px, made.generator.styles, block.latent, 0)
    found["inversion"] = folder / "inversion"
    left(found["inversion"], inversion.Inversion(inverter, net, made, None, torch.nn.Identity()), inverter)
    return found


def left(folder: Path, method, block) -> None:
    """A model folder, as a training leaves it."""
    folder.mkdir(parents=True)
    write_weights(method.nets, method.memory, folder)
    facts = {"paper": "contrasfill", "method": "stylegan", "seed": 0, "data": "face"}
    write_json(folder / "model.json", {**facts, "block": block.model_dump(mode="json")})


def session(out: Path, ending) -> Session:
    """A fresh output, beside it what is kept."""
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir()
    return Session(WORLD, out, out.with_name(f"{out.name} resume"), lambda: False, ending)


def window(number: int) -> Windows | None:
    """Quarters of a face; the second one cannot be measured."""
    quarters = [np.zeros((32, 32), bool) for _ in range(4)]
    for place, quarter in enumerate(quarters):
        quarter[place // 2 * 16 : place // 2 * 16 + 16, place % 2 * 16 : place % 2 * 16 + 16] = True
    return None if number == 1 else Windows(*quarters)


def study(inputs: dict[str, Path], name: str, monkeypatch):
    """What runs it into a folder."""
    chosen = {"model": inputs[name], "data": inputs["data"], "encoder": inputs["encoder"]}
    if name == "identity":
        monkeypatch.setattr(
            direction, "windows_of", lambda study, data, walked, side: list(map(window, range(len(walked))))
        )
        changes, chosen["inversion"] = {"images": 3, "batch": 1, "shown": 2}, inputs["inversion"]
        module, groups, method = direction, ("regressor", "identity"), "stylegan"
    elif name == "walk":
        changes = {"codes": 40, "batch": 4, "draws": 40, "bound_drop": 1e-6, "range_limit": 1.0}
        module, groups, method = walk, ("discover", "regressor", "directions"), "comodgan"
    else:
        changes = {"batch": 1, "draws": 40, "bound_drop": 1e-6}
        module, groups, method = known, ("discover",), "contrasfill"
    block = block_of(module.__name__, *layers_of(*groups)).model_copy(update=changes)
    return lambda out, ending: module.discover(Study("contrasfill", method, 0, block, chosen, session(out, ending)))


@pytest.mark.parametrize("name", NAMES)
def test_stops_between_batches_change_no_byte_and_cost_less_than_a_shard_each(inputs, tmp_path, monkeypatch, name):
    run, ending = study(inputs, name, monkeypatch), Ending(None)
    run(tmp_path / "whole", ending)
    calls = ended_often(lambda ending: run(tmp_path / "out", ending), name, SHARD + 1)
    assert files_of(tmp_path / "out") == files_of(tmp_path / "whole")
    assert len(calls) > 1 and sum(calls) <= ending.calls + SHARD * (len(calls) - 1)


@pytest.mark.parametrize("name", NAMES)
def test_kills_at_any_moment_change_no_byte(inputs, tmp_path, monkeypatch, name):
    same_bytes_after_kills(study(inputs, name, monkeypatch), tmp_path, name)
