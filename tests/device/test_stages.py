"""Every kind of stage that computes on a device does so on one that is not there, and gives what the CPU gives.

Methods, teachers, samplers, studies and measures of all papers, each with the smoke profile's own numbers. Then each
place where they move something to the device is forgotten once, and a stage must notice.
"""

import os
import shutil
from collections import Counter
from pathlib import Path

import pytest

from stages import graph
from stages.graph import Stage
from tests.device.alike import differences
from tests.device.far import DeviceFault
from tests.device.here import kinds, on_the_device, run
from tests.device.planted import Place, moves, without_the_move
from tests.pipeline.checkout import Checkout

pytestmark = pytest.mark.slow
INDEX = "an index may lie on either side"
# Moves that change nothing if they are left out: how many a file has, and why.
NEEDLESS = {
    "losses/arcface.py": (1, "a number without dimensions may lie on either side"),
    "metrics/perceptual.py": (1, INDEX),
    "nets/encoders/pmg.py": (1, INDEX),
    "papers/contrasfill/directions/measuring.py": (1, "the distance moves its mask"),
    "papers/contrasfill/directions/walker.py": (1, INDEX),
    "papers/contrasfill/discovering.py": (2, "no study looks at positions, nor at the averages"),
    "papers/contrasfill/identity/inversion.py": (1, "the loop moves what is frozen once more"),
    "papers/contrasfill/identity/walks.py": (1, INDEX),
    "papers/contrasfill/measuring.py": (1, "the distance moves its mask"),
    "papers/contrasfill/methods/contrasfill/method.py": (2, INDEX),
    "papers/contrasfill/sampling.py": (1, "no sampler looks at positions"),
}


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """A smoke tree to work in; what a stage needs is made on the way."""
    copy, before = Checkout(tmp_path_factory.mktemp("device"), "smoke"), os.getcwd()
    os.chdir(copy.folder)
    yield copy
    os.chdir(before)


@pytest.fixture(scope="module")
def moved() -> dict[Place, list[Stage]]:
    """The stages that move something to the device, by the place in the code where they do."""
    return {}


def test_every_kind_of_stage_computes_on_the_device_what_it_computes_on_the_cpu(tree, moved):
    stages = graph.load(tree.folder)
    chosen = kinds(stages)
    needed = {stage.name for one in chosen for stage in graph.ancestors(stages, [one.name])}
    assert len(chosen) > 30
    wrong = {}
    for stage in in_order([stage for stage in stages if stage.name in needed]):
        run(stage, tree.folder / stage.outs[0])
        if stage in chosen:
            places: set[Place] = set()
            with moves(places):
                wrong[stage.name] = apart(tree, stage)
            for place in places:
                moved.setdefault(place, []).append(stage)
    told = [f"{name}: {line}" for name, lines in wrong.items() for line in lines]
    assert not told, "\n".join(told)
    assert set(wrong) == {stage.name for stage in chosen}


def test_a_move_to_the_device_that_is_forgotten_is_noticed(tree, moved):
    assert len(moved) > 50
    unnoticed = sorted(place for place, stages in moved.items() if not noticed(tree, place, stages))
    assert Counter(file for file, _ in unnoticed) == {file: count for file, (count, _) in NEEDLESS.items()}


def noticed(tree, place: Place, stages: list[Stage]) -> bool:
    for stage in stages:
        try:
            with without_the_move(place):
                if apart(tree, stage):
                    return True
        except DeviceFault:
            return True
    return False


def apart(tree, stage: Stage) -> list[str]:
    """What the stage gives on the device and does not give on the CPU."""
    near = tree.folder / stage.outs[0]
    there: Path = near.with_name(f"{near.name} far")
    try:
        with on_the_device(stage):
            run(stage, there)
        return differences(near, there)
    finally:
        for left in (there, there.with_name(f".{there.name}.resume")):
            shutil.rmtree(left, ignore_errors=True)


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
