"""Every kind of stage that computes on a device does so on one that is not there, and gives what the CPU gives.

Methods, teachers, samplers, studies and measures of all papers, each with the smoke profile's own numbers.
"""

import os

import pytest

from stages import graph
from tests.device.alike import differences
from tests.device.here import kinds, on_the_device, run
from tests.pipeline.checkout import Checkout

pytestmark = pytest.mark.slow
# The one method whose losses wait for the device: the longest row of its tokens is a shape.
WAITING = "batfill"


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """A smoke tree to work in; what a stage needs is made on the way."""
    copy, before = Checkout(tmp_path_factory.mktemp("device"), "smoke"), os.getcwd()
    os.chdir(copy.folder)
    yield copy
    os.chdir(before)


def test_every_kind_of_stage_computes_on_the_device_what_it_computes_on_the_cpu(tree):
    stages = graph.load(tree.folder)
    chosen = kinds(stages)
    needed = {stage.name for one in chosen for stage in graph.ancestors(stages, [one.name])}
    assert len(chosen) > 30
    wrong = {}
    for stage in in_order([stage for stage in stages if stage.name in needed]):
        made = tree.folder / stage.outs[0]
        run(stage, made)
        if stage in chosen:
            with on_the_device(waits="stages.train " not in stage.cmd or f"--method {WAITING} " in stage.cmd):
                run(stage, made.with_name(f"{made.name} far"))
            wrong[stage.name] = differences(made, made.with_name(f"{made.name} far"))
    told = [f"{name}: {line}" for name, lines in wrong.items() for line in lines]
    assert not told, "\n".join(told)
    assert set(wrong) == {stage.name for stage in chosen}


def in_order(stages):
    """Each stage behind those whose outputs it reads."""
    made, left = graph.producer(stages), {stage.name: stage for stage in stages}

    def visit(stage):
        for dep in stage.deps:
            if dep in made and made[dep].name in left:
                yield from visit(left.pop(made[dep].name))
        yield stage

    while left:
        yield from visit(left.pop(next(iter(left))))
