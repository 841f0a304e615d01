"""A sampling that is stopped or killed at any moment goes on behind its last shard and ends with the same bytes."""

import shutil
from pathlib import Path

import pytest
import torch

from stages.engine import shards
from stages.engine.session import Session
from stages.engine.world import World
from stages.papers.contrasfill import sampling as contrasfill
from stages.papers.ganseg import sampling as ganseg
from stages.papers.ganseg.methods.gan.method import for_sampling
from stages.papers.mscond import generated
from stages.papers.mscond import sampling as mscond
from stages.papers.onegan import sampling as onegan
from tests.papers import mscond_scored, onegan_scored
from tests.papers.ganseg_blocks import gan_block
from tests.papers.test_contrasfill_samples import Painter, packed
from tests.papers.test_contrasfill_samples import block as contrasfill_block
from tests.papers.test_ganseg_samples import SMALL
from tests.papers.test_mscond_sampling import KEYS
from tests.papers.test_onegan_sampling import KEYS as ONEGAN_KEYS
from tests.papers.test_onegan_sampling import method as onegan_method
from tests.parts.interrupted import Ending, ended_often, files_of, same_bytes_after_kills

SHARD = 2


@pytest.fixture(autouse=True)
def small_shards(monkeypatch):
    monkeypatch.setattr(shards, "SHARD_BATCHES", SHARD)


def session(out: Path, ending) -> Session:
    """A fresh output, beside it what is kept."""
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir()
    return Session(World.single(), out, out.with_name(f"{out.name} resume"), lambda: False, ending)


def fillings(tmp_path: Path, monkeypatch):
    data, method = packed(tmp_path / "data"), Painter()
    return lambda out, ending: contrasfill.sample(contrasfill_block(), method, data, 0, session(out, ending))


def generations(tmp_path: Path, monkeypatch):
    method = for_sampling(gan_block(**SMALL), World.single())
    with torch.no_grad():
        method.generator.constants.weight.add_(1.0)
    method.generator.eval()
    block = ganseg.Block(profile="demo", generations=13, pictures=7, batch=2)
    return lambda out, ending: ganseg.sample(block, method, None, 0, session(out, ending))


def scenes(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(generated, "trained_of", lambda method: mscond_scored.model())
    monkeypatch.setattr(generated, "latents", mscond_scored.numbered)
    monkeypatch.setattr(generated, "make", mscond_scored.made)
    block, folder = mscond.Block.model_validate(KEYS | {"batch": 2}), mscond_scored.detector(tmp_path / "detector")
    return lambda out, ending: mscond.sample(block, None, None, 0, session(out, ending), folder)  # pyright: ignore[reportArgumentType]


def figures(tmp_path: Path, monkeypatch):
    data, method = onegan_scored.pack(tmp_path / "data", detected=True), onegan_method()
    block = onegan.Block.model_validate(ONEGAN_KEYS | {"batch": 1})
    return lambda out, ending: onegan.sample(block, method, data, 0, session(out, ending))


@pytest.mark.parametrize("made", [fillings, generations, scenes, figures])
def test_stops_between_batches_change_no_byte_and_cost_less_than_a_shard_each(tmp_path, monkeypatch, made):
    sample = made(tmp_path, monkeypatch)
    ending = Ending(None)
    facts = sample(tmp_path / "whole", ending)
    told = []
    calls = ended_often(lambda ending: told.append(sample(tmp_path / "out", ending)), made.__name__, SHARD + 1)
    assert files_of(tmp_path / "out") == files_of(tmp_path / "whole") and told == [facts]
    assert len(calls) > 1 and sum(calls) <= ending.calls + SHARD * (len(calls) - 1)


@pytest.mark.parametrize("made", [fillings, figures])
def test_kills_at_any_moment_change_no_byte(tmp_path, monkeypatch, made):
    same_bytes_after_kills(made(tmp_path, monkeypatch), tmp_path, made.__name__)
