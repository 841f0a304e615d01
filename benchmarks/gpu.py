"""Whether everything that trains, samples and measures runs on a GPU, and how fast: python -m benchmarks.gpu

    python -m benchmarks.gpu [--device cuda|cpu] [--steps 3]

Needs no engine and no data: photos are drawn. Three steps of every method at the smallest size and of ContrasFill's,
GANSeg's, MoNCE's and OneGAN's at the paper's, in fp32 and bf16; a kill and what goes on after it; two processes; one
batch sampled and measured; on a GPU StyleGAN2's nets with `compile: elementwise` against plain ones. Prints a line for
each as it ends and leaves with 1 where one failed. On the CPU the paper's sizes take one step of the smallest batch.
"""

import argparse
import importlib
import json
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.trainings import TRAININGS, Training

PRECISIONS = ("fp32", "bf16")
# The paper's sizes: what is trained there, and its smallest batch.
AT_PAPER_SIZE: dict[str, dict[str, Any]] = {
    "contrasfill": {"codes_per_space": 2, "batch": 4}, "gan": {"batch": 4}, "monce": {"batch": 1},
    "spade_monce": {"batch": 2}, "onegan": {"batch": 2}, "prior": {"photos": 1},
    "mscond": {"batch": 2}, "insgen": {"batch": 2}, "projectedgan": {"batch": 2},
}  # fmt: skip

# Whose nets can be compiled, and after how many steps penalties come again.
COMPILED, CYCLE = ("contrasfill", "stylegan", "mscond"), 16


@dataclass
class Bench:
    """A device, a folder to work in, and what has failed so far."""

    device: str
    steps: int
    folder: Path
    failed: list[str] = field(default_factory=list)

    def row(self, what: str, action: Callable[[], str]) -> None:
        """Prints one line: what was done, how long it took and what came of it."""
        started = time.perf_counter()
        try:
            said = action()
        except Exception as problem:
            self.failed.append(what)
            traceback.print_exc()
            said = f"FAILED: {type(problem).__name__}: {str(problem).splitlines()[0] if str(problem) else ''}"
        print(f"{what:44s} {time.perf_counter() - started:6.1f} s  {said}", flush=True)

    def inputs(self, side: int) -> dict[str, Path]:
        """Drawn faces with masks and identities at a side, and an encoder of fresh weights."""
        from tests.contract.prepared import make_inputs

        folder = self.folder / f"inputs {side}"
        return {name: folder / name for name in ("data", "encoder")} if folder.is_dir() else make_inputs(folder, side)

    def translated(self, data: str, profile: str, side: int) -> dict[str, Path]:
        """A drawn set of MoNCE at a side, and a VGG of fresh weights; at the paper's size one of that size."""
        from tests.papers.monce_blocks import drawn_pack, fresh_vgg

        folder = self.folder / f"{data} {side}"
        if not folder.is_dir():
            whole = {"classes": ()} if data == "rooms" and profile == "paper" else {}
            drawn_pack(data, folder, size_px=side, wide_px=round(286 * side / 256), **whole)
            fresh_vgg(folder / "vgg", "vgg19" if profile == "paper" else "vgg_small")
        return {"data": folder / data, "features": folder / "vgg"}

    def boxed(self, side: int) -> dict[str, Path]:
        """A made set of OneGAN at a side, with as many test photos as the prior takes, and its tiles."""
        from tests.papers.onegan_made import inputs_of

        folder = self.folder / f"boxes {side}"
        if folder.is_dir():
            return {"data": folder / "bird_boxes", "tiles": folder / "tiles_bird_boxes"}
        return inputs_of(folder, side=side, test=10)

    def scenes(self, profile: str, side: int) -> dict[str, Path]:
        """A made set of MsConD at a side, and a projector of fresh weights; at the paper's size EfficientNet-Lite0."""
        from tests.papers.mscond_made import pack
        from tests.papers.projectedgan_made import projector

        folder = self.folder / f"scenes {side}"
        if not folder.is_dir():
            pack(folder / "city_scenes", side)
            whole = ("efficientnet_lite0", side) if profile == "paper" else ()
            projector(folder / "projector", *whole)
        return {"data": folder / "city_scenes", "projector": folder / "projector"}


@dataclass
class Timed:
    """A training's steps by the clock, and how much of a step the host needs to ask for it."""

    run: Any
    host: list[float] = field(default_factory=list)
    whole: list[float] = field(default_factory=list)
    waits: list[int] = field(default_factory=list)

    def step(self, batch: dict, device: str) -> None:
        """One step, waited for."""
        started = time.perf_counter()
        with counted(device, self.waits):
            self.run.step(batch)
        self.host.append(time.perf_counter() - started)
        wait(device)
        self.whole.append(time.perf_counter() - started)

    def said(self, device: str) -> str:
        """The last step, which is warm where there are several, and the memory."""
        share = self.host[-1] / self.whole[-1]
        waits = "" if device == "cpu" else f", {self.waits[-1]} waits for the GPU"
        return f"{1000 * self.whole[-1]:8.1f} ms a step, host {share:4.0%}{waits}, {memory(device)}"


@contextmanager
def counted(device: str, waits: list[int]) -> Iterator[None]:
    """Adds how often the host waited for the GPU within this, as torch itself notices it."""
    import torch

    if device == "cpu":
        yield
        return
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        torch.cuda.set_sync_debug_mode("warn")
        try:
            yield
        finally:
            torch.cuda.set_sync_debug_mode("default")
    waits.append(sum("synchronizing CUDA operation" in str(one.message) for one in told))


def wait(device: str) -> None:
    """Until the device has done what it was asked."""
    import torch

    if device != "cpu":
        torch.cuda.synchronize()


def memory(device: str) -> str:
    """The most memory since the last reset."""
    import torch

    if device == "cpu":
        import resource

        return f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB of the process"
    peak = torch.cuda.max_memory_allocated() / 2**20
    torch.cuda.reset_peak_memory_stats()
    return f"{peak:.0f} MB"


def main() -> None:
    """Reads the command line and goes through everything."""
    import torch

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cuda", choices=("cuda", "cpu"))
    parser.add_argument("--steps", type=int, default=3)
    arguments = parser.parse_args()
    if arguments.device == "cuda" and not torch.cuda.is_available():
        sys.exit("no GPU is visible here; --device cpu goes through the same without one")
    name = torch.cuda.get_device_name() if arguments.device == "cuda" else "the CPU"
    print(f"torch {torch.__version__} on {name}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(arguments.device, arguments.steps, Path(folder))
        for one in TRAININGS.values():
            for precision in PRECISIONS:
                bench.row(f"{one.name}, smoke, {precision}", lambda one=one, p=precision: train(bench, one, "smoke", p))
        bench.row("a kill, and what goes on after it", lambda: resumed(bench))
        bench.row("two processes", lambda: two_processes(bench))
        bench.row("a batch sampled and measured", lambda: sampled(bench))
        for name in AT_PAPER_SIZE:
            for precision in PRECISIONS[: 1 if bench.device == "cpu" else None]:
                one = TRAININGS[name]
                bench.row(f"{name}, paper, {precision}", lambda one=one, p=precision: train(bench, one, "paper", p))
        for name in COMPILED if bench.device == "cuda" else ():
            for precision in PRECISIONS:
                what = f"{name}, paper, {precision}, compiled to plain"
                bench.row(what, lambda n=name, p=precision: compiled(bench, TRAININGS[n], "paper", p))
        print(f"{len(bench.failed)} failed{': ' if bench.failed else ''}{'; '.join(bench.failed)}")
    sys.exit(1 if bench.failed else 0)


def world_of(device: str):
    """A world of one process, settled as stages are."""
    from stages.engine.world import World, settle

    world = World.single(device)
    settle(world.device)
    return world


def opened(bench: Bench, one: Training, profile: str, **changes: Any):
    """(method, source, block) of a training on drawn inputs."""
    smallest = AT_PAPER_SIZE[one.name] if profile == "paper" and bench.device == "cpu" else {}
    block = one.block(profile, **{**smallest, **changes})
    side = block.size_px
    inputs = {
        "monce": lambda: bench.translated(one.data, profile, side), "onegan": lambda: bench.boxed(side),
        "mscond": lambda: bench.scenes(profile, side),
    }.get(one.paper, lambda: bench.inputs(side))()  # fmt: skip
    if one.name == "segmenter":
        inputs = inputs | {"model": trained_gan(bench)}
    world = world_of(bench.device)
    method, source = importlib.import_module(one.module).for_training(block, inputs, 0, world)
    return method, source, block, world


def train(bench: Bench, one: Training, profile: str, precision: str) -> str:
    """Some steps of one method through the engine's own loop and feed."""
    from stages.engine.feed import Feed
    from stages.engine.loop import Run

    steps = 1 if profile == "paper" and bench.device == "cpu" else bench.steps
    method, source, block, world = opened(bench, one, profile, precision=precision)
    resume = Path(tempfile.mkdtemp(dir=bench.folder))
    timed = Timed(Run(method, source, block, 0, world, resume))
    feed = Feed(source, world, block.channels_last, steps)
    try:
        for step in range(steps):
            timed.step(feed.batch(step), bench.device)
    finally:
        feed.close()
    return timed.said(bench.device)


def compiled(bench: Bench, one: Training, profile: str, precision: str) -> str:
    """A training with `compile: elementwise` against itself without, in turns, over a cycle of penalties."""
    from stages.engine.feed import Feed
    from stages.engine.loop import Run

    runs, spent = {}, {"none": [], "elementwise": []}
    for way in spent:
        method, source, block, world = opened(bench, one, profile, precision=precision, compile=way)
        run = Run(method, source, block, 0, world, Path(tempfile.mkdtemp(dir=bench.folder)))
        runs[way] = run, Feed(source, world, block.channels_last, CYCLE + 1)
    for step in range(CYCLE + 1):
        for way, (run, feed) in runs.items():
            batch = feed.batch(step)
            wait(bench.device)
            started = time.perf_counter()
            run.step(batch)
            wait(bench.device)
            spent[way].append(time.perf_counter() - started)
    for _, feed in runs.values():
        feed.close()
    # The first step has every penalty, and waits for the compiler.
    plain, other = (sum(spent[way][1:]) for way in ("none", "elementwise"))
    return (f"x {other / plain:.2f} of {1000 * plain / CYCLE:.1f} ms a step over {CYCLE} steps, "
            f"{spent['elementwise'][0]:.0f} s for the compiler, {memory(bench.device)} of both")  # fmt: skip


def finished(bench: Bench, one: Training, folder: Path, stops_at: int = -1) -> bytes:
    """A whole training at smoke size, through a stop at a step where asked; the bytes of its weights."""
    from stages.engine.loop import train as loop
    from stages.engine.session import Session
    from stages.engine.state import Interrupted

    (folder / "resume").mkdir(parents=True)
    seen: list[int] = []

    def stop() -> bool:
        seen.append(len(seen))
        return len(seen) - 1 == stops_at

    method, source, block, world = opened(bench, one, "smoke")
    session = Session(world, folder, folder / "resume", stop, lambda *_: None)
    try:
        loop(method, source, block, 0, session)
    except Interrupted:
        method, source, block, world = opened(bench, one, "smoke")
        loop(method, source, block, 0, Session(world, folder, folder / "resume", lambda: False, lambda *_: None))
    card = json.dumps({"paper": one.paper, "method": one.module.split(".")[-2], "seed": 0, "data": "face",
                       "block": block.model_dump(mode="json")})  # fmt: skip
    (folder / "model.json").write_text(card)
    return (folder / "weights.safetensors").read_bytes()


def trained_gan(bench: Bench) -> Path:
    """GANSeg's generator, trained at the smallest size, for the segmenter."""
    folder = bench.folder / "gan"
    if not folder.is_dir():
        finished(bench, TRAININGS["gan"], folder)
    return folder


def resumed(bench: Bench) -> str:
    """ContrasFill stopped after its first step and gone on, against itself undisturbed: the same bytes on the CPU."""
    from safetensors.torch import load

    one = TRAININGS["contrasfill"]
    whole = finished(bench, one, bench.folder / "whole")
    parts = finished(bench, one, bench.folder / "parts", stops_at=1)
    if whole == parts:
        return "the same bytes"
    a, b = load(whole), load(parts)
    apart = max(float((a[name].double() - b[name].double()).abs().max()) for name in a)
    if bench.device == "cpu" or apart > 1e-2:
        raise ValueError(f"weights are apart by {apart:.3g}")
    return f"weights apart by {apart:.1e}"


def two_processes(bench: Bench) -> str:
    """ContrasFill on two GPUs, or in two processes of the CPU where there are not two."""
    import torch

    from stages.engine.launch import launch
    from stages.train import work

    one = TRAININGS["contrasfill"]
    gpus = 2 if bench.device == "cuda" and torch.cuda.device_count() > 1 else 0
    block = one.block("smoke")
    folder = bench.folder / "two"
    (folder / "resume").mkdir(parents=True)
    arguments = (one.module, block, bench.inputs(block.size_px), 0, folder, folder / "resume")
    launch(work, 2, gpus, arguments, lambda: False, lambda *_: None)
    size = (folder / "weights.safetensors").stat().st_size
    return f"{size} bytes of weights, {'two GPUs' if gpus else 'two processes on the CPU'}"


def sampled(bench: Bench) -> str:
    """Fillings of a few images by the trained ContrasFill, and their known factor angle."""
    import numpy as np

    from stages.data.prepared.packed import Packed
    from stages.engine.session import Session
    from stages.engine.weights import load_weights
    from stages.metrics.angle import features_to_known_factor_angle
    from stages.metrics.features import samples_to_features
    from stages.nets.encoders.load import load_encoder
    from stages.papers.contrasfill import sampling

    one = TRAININGS["contrasfill"]
    block, inputs, world = one.block("smoke"), bench.inputs(32), world_of(bench.device)
    method = importlib.import_module(one.module).for_sampling(block, world)
    load_weights(method, bench.folder / "whole")
    for net in method.nets.values():
        net.to(world.device).eval()
    for name, tensor in method.memory.items():
        method.memory[name] = tensor.to(world.device)
    data, out = Packed.open(inputs["data"]), bench.folder / "samples"
    out.mkdir()
    keys = {"profile": "smoke", "hole": "object", "split": "train", "images": 4, "samples": 3, "codes": 0, "batch": 6}
    wanted = sampling.Block.model_validate({name: keys[name] for name in sampling.Block.model_fields})
    sampling.sample(wanted, method, data, 0, Session(world, out, out, lambda: False, lambda *_: None))
    encoder = load_encoder(inputs["encoder"]).to(world.device)
    several = np.load(out / "multiple.npy")
    angles = features_to_known_factor_angle(samples_to_features(encoder.encode, several, 8, bench.device))
    return f"{several.shape[0]} images, known factor angle {float(np.mean(angles)):.1f} degrees"


if __name__ == "__main__":
    main()
