"""Seconds per training step of each method on one CPU thread, and where they go. Run by hand: python -m benchmarks.step

Shares and the first number are processor seconds, so that other work on the machine does not count; then the clock's.
"""

import argparse
import importlib
import statistics
import tempfile
import time
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

from benchmarks.trainings import TRAININGS

METHODS = ("contrasfill", "comodgan", "collagegan", "batfill", "monce", "cycle", "lsesim", "spade_monce")
WARM_STEPS = 3
now = time.process_time


class Stopwatch:
    """Seconds by part. The encoders' share is taken out of the phase that calls them, backward included."""

    def __init__(self) -> None:
        self.spent: dict[str, float] = defaultdict(float)
        self.phase, self.started = "", 0.0

    def around(self, part: str, function):
        """A function whose time goes to one part."""

        def timed(*arguments, **named):
            begun = now()
            made = function(*arguments, **named)
            self.spent[part] += now() - begun
            return made

        return timed

    def around_losses(self, function):
        """A phase begins with its losses."""

        def timed(phase, *rest):
            self.phase, self.started = phase.name, now()
            return function(phase, *rest)

        return timed

    def around_move(self, function):
        """A phase ends when its optimiser has moved."""

        def timed(*arguments):
            function(*arguments)
            self.spent[self.phase] += now() - self.started

        return timed

    def around_encoder(self, function):
        """Forward by the clock; backward from the output's gradient to the image's gradient."""

        def timed(images):
            begun = now()
            images = images.view_as(images)
            made = function(images)
            self.spent["encoders"] += now() - begun
            # Of several maps only the forward pass is counted here; their backward pass stays with its phase.
            if images.requires_grad and not isinstance(made, list):
                first = []
                made.register_hook(lambda gradient: first.append(now()))
                images.register_hook(lambda gradient: self.add("encoders", now() - first[0]))
            return made

        return timed

    def add(self, part: str, seconds: float) -> None:
        """Adds to one part."""
        self.spent[part] += seconds


def measure(method_name: str, inputs: dict[str, Path], data: str, profile: str, steps: int) -> None:
    """Prints one line for one method; a method with stages (BAT-Fill) is measured in each."""
    from stages.engine.loop import Run
    from stages.engine.world import World, settle

    training = TRAININGS[method_name]
    training = replace(training, data=data) if training.paper == "contrasfill" else training
    module, block = importlib.import_module(training.module), training.block(profile)
    world = World.single()
    settle(world.device)
    stages = {"": 0}
    if method_name == "batfill":
        stages = {" T": 0, " D, G": block.transformer_steps}
    for label, begin in stages.items():
        method, source = module.for_training(block, inputs, 0, world)
        with tempfile.TemporaryDirectory() as folder:
            run = Run(method, source, block, 0, world, Path(folder))
        watch, times, clock = Stopwatch(), [], []
        fetch = watch.around("data", source.batch)
        method.losses = watch.around_losses(method.losses)
        for optimiser in run.optimisers.values():
            optimiser.step = watch.around_move(optimiser.step)
        for net in method.frozen.values():
            name = "encode" if hasattr(net, "encode") else "forward"
            object.__setattr__(net, name, watch.around_encoder(getattr(net, name)))
        if "unknown" in method.nets:
            object.__setattr__(method.nets["unknown"], "forward", watch.around_encoder(method.nets["unknown"].forward))
        run.done = begin
        for step in range(WARM_STEPS + steps):
            if step == WARM_STEPS:
                watch.spent.clear()
            begun, clock_begun = now(), time.perf_counter()
            run.step(fetch(run.done))
            times.append(now() - begun)
            clock.append(time.perf_counter() - clock_begun)
        times, waited = times[WARM_STEPS:], statistics.median(clock[WARM_STEPS:])
        total = sum(times)
        watch.spent["G"] -= watch.spent["encoders"]
        watch.spent["loop and averages"] = total - sum(watch.spent.values())
        shares = "  ".join(f"{part} {spent / total:.1%}" for part, spent in watch.spent.items() if spent > 0)
        print(
            f"{method_name + label:18s} {statistics.median(times):.4f} s a step (clock {waited:.4f})   {shares}",
            flush=True,
        )


def drawn(method: str, folder: Path) -> dict[str, Path]:
    """A set of MoNCE drawn at demo size, and a network to look through that nothing was taught."""
    from tests.papers.monce_blocks import drawn_pack, fresh_vgg

    return {"data": drawn_pack(TRAININGS[method].data, folder, "demo"), "features": fresh_vgg(folder / "vgg")}


def main() -> None:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--profile", default="demo")
    parser.add_argument("--set", default="face")
    parser.add_argument("--methods", nargs="+", default=METHODS, choices=METHODS)
    parser.add_argument("--steps", type=int, default=32)
    parser.add_argument("--inputs", nargs=2, type=Path, metavar=("DATA", "ENCODER"), help="else a few drawn rows")
    arguments = parser.parse_args()
    import torch

    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        if arguments.inputs:
            inputs = dict(zip(("data", "encoder"), arguments.inputs, strict=True))
        else:
            from tests.contract.prepared import make_inputs

            inputs = make_inputs(Path(folder) / "face")
        for method in arguments.methods:
            given = inputs if TRAININGS[method].paper == "contrasfill" else drawn(method, Path(folder) / method)
            measure(method, given, arguments.set, arguments.profile, arguments.steps)


if __name__ == "__main__":
    main()
