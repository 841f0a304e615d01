"""The feed alone moves a training's batches: pinned and some steps ahead on a device, as they are on the CPU."""

import threading

import pytest
import torch

from stages.engine.feed import AHEAD, Feed
from stages.engine.world import World
from tests.device.far import DEVICE, DeviceFault, Far, far

STEPS = 9


class Counted:
    """A source whose batch of a step is known; it notes what was asked for."""

    size = 2

    def __init__(self, device: str | torch.device = "cpu", fails_at: int = -1) -> None:
        self.asked: list[int] = []
        self.device, self.fails_at = device, fails_at

    def batch(self, step: int) -> dict:
        self.asked.append(step)
        if step == self.fails_at:
            raise ValueError(f"{step} cannot be read")
        image = torch.full((2, 3, 4, 4), float(step))
        return {"image": image.to(self.device), "position": torch.tensor([step, step + 1])}


def fed(world: World, source: Counted, channels_last: bool = False) -> list[dict]:
    feed = Feed(source, world, channels_last, STEPS)
    try:
        return [feed.batch(step) for step in range(STEPS)]
    finally:
        feed.close()


def test_a_device_gets_the_cpus_batches_some_steps_ahead():
    near = fed(World.single(), one := Counted(), channels_last=True)
    with far():
        there = fed(World.single(DEVICE), other := Counted(), channels_last=True)
        assert all(isinstance(value, Far) for batch in there for value in batch.values())
        for a, b in zip(near, there, strict=True):
            assert a.keys() == b.keys() and all(torch.equal(a[name], b[name].cpu()) for name in a)
            assert b["image"].is_contiguous(memory_format=torch.channels_last)
    assert one.asked == sorted(other.asked) == list(range(STEPS)), "each step once, and none beyond the last"


def test_a_source_that_moves_its_batches_itself_is_refused():
    with far(), pytest.raises(DeviceFault, match="only dense CPU tensors can be pinned"):
        fed(World.single(DEVICE), Counted(device=DEVICE))


def test_what_a_source_raises_ahead_is_raised_at_its_step():
    with far():
        feed = Feed(Counted(fails_at=2), World.single(DEVICE), False, STEPS)
        assert [feed.batch(step)["position"].tolist() for step in (0, 1)] == [[0, 1], [1, 2]]
        with pytest.raises(ValueError, match="2 cannot be read"):
            feed.batch(2)
        feed.close()


def test_so_many_steps_are_made_at_once_and_wait_for_nobody():
    """Each of the steps ahead stands at a gate that opens when all of them have come."""
    gate = threading.Barrier(AHEAD, timeout=20)

    class Waiting(Counted):
        def batch(self, step: int) -> dict:
            made = super().batch(step)
            if step < AHEAD:
                gate.wait()
            return made

    with far():
        batches = fed(World.single(DEVICE), source := Waiting())
        assert [int(batch["position"].cpu()[0]) for batch in batches] == list(range(STEPS))
    assert sorted(source.asked) == list(range(STEPS)) and not gate.broken


def test_no_step_is_made_further_ahead_than_that():
    with far():
        feed = Feed(source := Counted(), World.single(DEVICE), False, STEPS)
        feed.batch(0)
        assert max(feed.ahead) == AHEAD and len(feed.ahead) == AHEAD
        feed.close()
    assert set(source.asked) <= set(range(AHEAD + 1))
