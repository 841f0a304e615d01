"""A training on a device asks it for numbers at ticks, saves and the end alone, and learns what the CPU learns."""

import math

import pytest
import torch

from stages.engine.feed import Feed
from stages.engine.loop import Run
from stages.engine.world import World
from tests.device.far import DEVICE, Watch, far, nothing_waits
from tests.engine import toy


class Moved(toy.Toy):
    """The toy, with what it draws on the device."""

    def forward(self, batch, chance):
        codes = chance.normal("codes", len(batch["image"]), toy.CODES)
        return {"fake": self.nets["G"](codes.to(batch["image"].device))}


class Poisoned(Moved):
    """A term that is no number in one step."""

    def losses(self, phase, batch, shared, chance, step):
        terms = super().losses(phase, batch, shared, chance, step)
        return {name: term * math.nan if step == 6 and name == "G/fake" else term for name, term in terms.items()}


def started(tmp_path, make) -> tuple[Run, Feed]:
    numbers, world = toy.block(), World.single(DEVICE)
    source = toy.ToySource(numbers, 7, world)
    return Run(make(numbers, 7, world), source, numbers, 7, world, tmp_path), Feed(source, world, False, 12)


def test_between_ticks_nothing_waits_for_the_device(tmp_path):
    with far():
        run, feed = started(tmp_path, Moved)
        asked = []
        for step in range(12):
            batch, Watch.asked = feed.batch(step), 0
            if run.record.due(step + 1, 12):
                run.step(batch)
            else:
                with nothing_waits():
                    run.step(batch)
            asked.append(Watch.asked)
        feed.close()
    # ticks after steps 5 and 10 and at the end, each one wait for the values of all phases and steps since the last
    assert asked == [int(step in (5, 10, 12)) for step in range(1, 13)]
    near = toy.Toy(numbers := toy.block(), 7, World.single())
    source = toy.ToySource(numbers, 7, World.single())
    other = Run(near, source, numbers, 7, World.single(), tmp_path)
    for step in range(12):
        other.step(source.batch(step))
    assert run.record.lines == other.record.lines
    for name, value in other.method.nets["G"].state_dict().items():
        assert torch.equal(run.method.nets["G"].state_dict()[name].cpu(), value)


def test_a_number_that_is_none_between_ticks_is_told_with_its_term_and_step_at_the_tick(tmp_path):
    with far():
        run, feed = started(tmp_path, Poisoned)
        try:
            for step in range(9):
                run.step(feed.batch(step))
            with pytest.raises(FloatingPointError, match="G/fake is nan at step 6;"):
                run.step(feed.batch(9))
        finally:
            feed.close()
