"""The switch `compile`: who may use it, what it is refused for, and that it belongs to a state."""

from types import SimpleNamespace
from typing import cast

import pytest
import torch
from pydantic import ValidationError
from torch import nn

from stages.engine.compiling import compile_chains
from stages.engine.method import Trainable
from stages.engine.placing import place
from stages.engine.plan import CompiledBlock
from stages.engine.snapshot import identity
from stages.engine.world import World

CPU = torch.device("cpu")
KEYS = {"iterations": 4, "ema_half_life_images": 40.0, "ema_ramp": 0.5, "precision": "fp32", "channels_last": False,
        "tick_every": 5, "keep_every": 3}  # fmt: skip


class Able(nn.Module):
    compiled = False


def method(net: nn.Module) -> Trainable:
    made = SimpleNamespace(nets={"G": nn.Sequential(net)}, frozen={}, memory={}, descents={}, average=())
    return cast(Trainable, made)


@pytest.fixture
def unbuilt(monkeypatch, tmp_path):
    """The compiler is asked for and builds nothing."""
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(torch, "compile", lambda function, **options: function)


@pytest.mark.parametrize(("compile", "told"), [("none", False), ("elementwise", True)])
def test_nets_are_told_as_the_block_says(unbuilt, tmp_path, compile, told):
    net = Able()
    place(method(net), World.single(), CompiledBlock(**KEYS, compile=compile), tmp_path)
    assert net.compiled is told and Able.compiled is False
    assert not torch.backends.cudnn.benchmark  # a switch of GPUs


def test_nets_that_nothing_can_be_compiled_of_are_refused(unbuilt, tmp_path):
    with pytest.raises(ValueError, match="none of the nets G can be compiled; set compile: none"):
        compile_chains({"G": nn.Linear(2, 2)}, CPU, tmp_path)


def test_a_compiler_that_does_not_work_is_refused(tmp_path, monkeypatch):
    def broken(function, **options):
        raise RuntimeError("no g++ here\nand more")

    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(torch, "compile", broken)
    net = Able()
    with pytest.raises(ValueError, match=r"does not work here \(RuntimeError: no g\+\+ here\).*or set compile: none"):
        compile_chains({"G": net}, CPU, tmp_path)
    assert not net.compiled


def test_another_value_is_refused():
    with pytest.raises(ValidationError, match="'none' or 'elementwise'"):
        CompiledBlock(**KEYS, compile="all")


def test_a_state_belongs_to_one_value_because_the_other_rounds_otherwise():
    net = method(Able())
    plain, other = (identity(net, CompiledBlock(**KEYS, compile=one), 0, 4) for one in ("none", "elementwise"))
    assert plain != other
