"""Gradients over processes travel in parts while they are made, and give what one exchange of all gives."""

from pathlib import Path

import pytest
import torch
import torch.distributed as dist
from safetensors.torch import load_file, save_file
from torch import nn

from stages.engine import exchange
from stages.engine.exchange import Exchange, parted
from stages.engine.world import World
from tests.engine import toy
from tests.engine.toy import block, in_world, run

SMALL = 300


def net() -> nn.Sequential:
    """Parameters of 48, 16, 64, 16, 20, 16 and 4 bytes; no loss reaches the one of 20."""
    torch.manual_seed(0)
    made = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 4), nn.Tanh(), nn.Linear(4, 1))
    made[2].register_parameter("unused", nn.Parameter(torch.ones(5)))
    return made


def test_parts_are_of_the_last_first_and_not_larger_than_asked(monkeypatch):
    monkeypatch.setattr(exchange, "PART_BYTES", 80)
    parameters = [nn.Parameter(torch.zeros(size)) for size in (1, 10, 30, 5, 5)]
    assert [[p.numel() for p in part] for part in parted(parameters)] == [[5, 5], [30], [10, 1]]
    assert parted([]) == []


def exchanged(world: World, folder: Path, part_bytes: int) -> None:
    """The means of a backward pass, beside those of one exchange of all, and how many parts left before its end."""
    exchange.PART_BYTES = part_bytes
    made, plain = net(), net()
    learnable = dict(made.named_parameters())
    sent = Exchange(world, {"first": [learnable[n] for n in list(learnable)[:3]],
                            "last": [learnable[n] for n in list(learnable)[3:]]})  # fmt: skip
    rows = torch.sin(torch.arange(24.0) + world.rank).view(8, 3)
    for step in range(2):
        for parameter in made.parameters():
            parameter.requires_grad_(step == 1)
            parameter.requires_grad_(True)
            parameter.grad = None
        with sent.during(("first", "last")):
            made(rows).square().sum().backward()
            before = torch.tensor(len(sent.under_way))
        assert not sent.under_way
    plain(rows).square().sum().backward()
    held = {name: p.grad for name, p in plain.named_parameters() if p.grad is not None}
    flat = torch.cat([gradient.reshape(-1) for gradient in held.values()])
    dist.all_reduce(flat)
    flat /= world.size
    means = flat.split([gradient.numel() for gradient in held.values()])
    expected = {f"plain.{name}": mean.view_as(held[name]).clone() for name, mean in zip(held, means, strict=True)}
    found = {f"parts.{name}": p.grad for name, p in learnable.items() if p.grad is not None}
    save_file({**expected, **found, "before": before}, folder / f"{world.rank}.safetensors")


@pytest.mark.parametrize(("size", "part_bytes", "early"), [(2, 20, 1), (2, 1 << 20, 0), (4, 20, 1)])
def test_parts_give_the_bits_of_one_exchange_of_all(tmp_path, size, part_bytes, early):
    assert in_world(size, tmp_path, exchanged, tmp_path, part_bytes) == [0] * size
    for rank in range(size):
        found = load_file(tmp_path / f"{rank}.safetensors")
        # The last layer's part is under way while the others are computed; the next holds the parameter without a
        # gradient, which all others wait behind until the pass has ended.
        assert found["before"] == early
        names = {name[6:] for name in found if name.startswith("parts.")}
        assert names == {name[6:] for name in found if name.startswith("plain.")} and "2.unused" not in names
        for name in names:
            if size == 2:
                assert torch.equal(found[f"parts.{name}"], found[f"plain.{name}"]), name
            torch.testing.assert_close(found[f"parts.{name}"], found[f"plain.{name}"])


def in_parts(world: World, folder: Path, part_bytes: int) -> None:
    exchange.PART_BYTES = part_bytes
    run(folder, block(), world=world)


def test_a_training_in_small_parts_has_the_bytes_of_one_in_large_ones(tmp_path):
    for part_bytes in (SMALL, 25 << 20):
        folder = tmp_path / str(part_bytes)
        assert in_world(2, folder, in_parts, folder, part_bytes) == [0, 0]
    assert toy.results(tmp_path / str(SMALL)) == toy.results(tmp_path / str(25 << 20))
