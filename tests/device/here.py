"""Stages of the smoke profile in this process: each kind of them on the CPU, and again on the device."""

import importlib
import shutil
import sys
from collections.abc import Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from unittest import mock

import torch

from stages import graph
from stages.engine import world
from stages.engine.loop import Run
from stages.graph import Stage
from stages.papers.onegan.methods.gan.method import OneGAN
from stages.retrace.evidence import current
from stages.runner.guard import Guard
from stages.runner.job import Job
from stages.runner.plan import Plan, modules_of
from stages.runner.progress import Progress
from tests.device.far import beside_the_device, far, nothing_waits

# Verbs whose functions compute on the world's device.
ON_DEVICE = ("teach", "detect", "train", "discover", "sample", "measure")
TRAINING = "exec python -m stages.train "
# The one method whose losses wait for the device: the longest row of its tokens is a shape.
WAITING = "--method batfill "
# The one study that is the CPU's: errors of an architecture in float64, beside them one in float32.
BESIDE = "--what equivariance "


def kinds(stages: Sequence[Stage]) -> list[Stage]:
    """One stage of each verb and code that computes on a device, the one with the fewest stages before it."""
    found: dict[tuple[str, str], list[tuple[int, str, Stage]]] = {}
    for stage in stages:
        verb = stage.cmd.split()[3].removeprefix("stages.")
        if verb in ON_DEVICE and "torch" in stage.resources:
            before = len(graph.ancestors(stages, [stage.name]))
            found.setdefault((verb, stage.code), []).append((before, stage.name, stage))
    return [min(held)[2] for held in found.values()]


def run(stage: Stage, out: Path) -> None:
    """The stage's own function, as the runner calls it, in the current folder."""
    given = current.arguments(stage)
    plan = Plan(given, modules_of(given.verb, given.choices))
    module = plan.module()
    resume = out.parent / f".{out.name}.resume"
    out.mkdir(parents=True)
    resume.mkdir()
    job = Job(
        verb=given.verb, name=given.out.name, choices=given.choices, module=module, block=plan.block(module),
        inputs=given.inputs, out=out, files=given.files, resume=resume, fingerprint="0" * 64, threads=1, gpus=0,
        processes=1, progress=Progress(stage.name), guard=Guard(),
    )  # fmt: skip
    getattr(importlib.import_module(f"stages.{given.verb}"), given.verb)(job)
    shutil.rmtree(resume)


def forget() -> None:
    """What functions keep from stages before: a tensor that they made on the device would hide how it came there."""
    for name, module in list(sys.modules.items()):
        if name.startswith("stages."):
            for value in list(vars(module).values()):
                getattr(value, "cache_clear", lambda: None)()


@contextmanager
def on_the_device(stage: Stage):
    """Within this the stage's world computes on the device that is not there, and no loss waits for it."""
    forget()
    waits = not stage.cmd.startswith(TRAINING) or WAITING in stage.cmd
    beside = beside_the_device() if BESIDE in stage.cmd else nullcontext()

    @contextmanager
    def joined(gpus: int, rank: int = 0, size: int = 1, store=None):
        world.settle(torch.device("cpu"))
        with far() as device:
            yield world.World(0, 1, device)

    begin, guard = Run.__init__, OneGAN._guard

    def guarded(self, *words) -> None:
        # Asks once its count may be at the limit, which in the smoke profile is at each of three steps.
        with nothing_waits(False):
            guard(self, *words)

    def begun(self, method, *rest) -> None:
        begin(self, method, *rest)
        losses = method.losses
        if waits:
            return

        def unwaiting(*words):
            with nothing_waits():
                return losses(*words)

        method.losses = unwaiting

    with (
        beside,
        mock.patch.object(world, "joined", joined),
        mock.patch("stages.engine.launch.joined", joined),
        mock.patch.object(Run, "__init__", begun),
        mock.patch.object(OneGAN, "_guard", guarded),
    ):
        yield
