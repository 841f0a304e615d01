"""A small GAN that uses everything the engine offers, and ways to run it in processes of its own."""

import gc
import multiprocessing
import os
import signal
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from stages.engine.chance import Chance, initialised
from stages.engine.loop import train
from stages.engine.plan import Descent, Phase, TrainBlock
from stages.engine.session import Session
from stages.engine.world import World, joined

FORK = multiprocessing.get_context("fork")
# After other test files a forked child would collect objects of libraries whose threads it does not have, and crash.
os.register_at_fork(after_in_child=gc.disable)
CODES, SIDE, QUEUE = 4, 8, 24


class Block(TrainBlock):
    """Keys of the toy."""

    batch: int
    penalty: float
    penalty_every: int
    schedule_to: float


def block(**changes) -> Block:
    """The toy's numbers; 12 steps."""
    values = {
        "iterations": 12, "ema_half_life_images": 40.0, "ema_ramp": 0.5, "precision": "fp32", "channels_last": False,
        "tick_every": 5, "keep_every": 3, "batch": 8, "penalty": 2.0, "penalty_every": 4, "schedule_to": 0.1,
    }  # fmt: skip
    return Block(**{**values, **changes})


class Generator(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(CODES, 16 * 4, bias=False)  # a bias before batch norm has no gradient but noise
        self.norm = nn.BatchNorm2d(16)
        self.last = nn.ConvTranspose2d(16, 3, 4, 4)

    def forward(self, codes: Tensor) -> Tensor:
        return torch.tanh(self.last(functional.relu(self.norm(self.first(codes).view(-1, 16, 2, 2)))))


class Discriminator(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 8, 3, 2, 1, bias=False)
        self.norm = nn.BatchNorm2d(8)
        self.last = nn.Linear(8 * 16, 1)

    def forward(self, image: Tensor) -> Tensor:
        return self.last(functional.softplus(self.norm(self.first(image))).flatten(1))


class Toy:
    """Batch norm in both nets, a lazy penalty, a shared forward, a whole-batch loss, a queue, a head of its own."""

    def __init__(self, numbers: Block, seed: int, world: World) -> None:
        self.numbers, self.world = numbers, world
        with initialised(seed, "toy"):
            self.nets = {"G": Generator(), "D": Discriminator(), "F": nn.Linear(3, 5)}
        self.frozen = {"E": nn.Conv2d(3, 6, 4, 4)}
        with initialised(0, "frozen"):
            self.frozen["E"].reset_parameters()
        self.memory = {"queue": torch.ones(QUEUE, 5), "written": torch.zeros((), dtype=torch.int64)}
        self.average = ("G",)
        adam = {"kind": "adam", "learning_rate": 0.01, "betas": (0.0, 0.99), "eps": 1e-8}
        self.descents = {
            "D": Descent(nets=("D",), lazy_every=numbers.penalty_every, **adam),
            "G": Descent(nets=("G",), scale={"G.norm": 0.1}, clip_norm=5.0, **adam),
            "F": Descent("sgd", ("F",), 0.05, momentum=0.9, weight_decay=1e-4, schedule=self._falling),
        }

    def _falling(self, step: int) -> float:
        return 1 + (self.numbers.schedule_to - 1) * step / self.numbers.iterations

    def phases(self, step: int) -> list[Phase]:
        return [Phase("D", "D", ("D",)), Phase("F", "F", ("F",)), Phase("G", "G", ("G",))]

    def forward(self, batch: dict, chance: Chance) -> dict:
        return {"fake": self.nets["G"](chance.normal("codes", len(batch["image"]), CODES))}

    def losses(self, phase: Phase, batch: dict, shared: dict, chance: Chance, step: int) -> dict[str, Tensor]:
        discriminator, fake = self.nets["D"], shared["fake"]
        if phase.name == "D":
            real = batch["image"].clone().requires_grad_(True)
            score = discriminator(real)
            terms = {"D/fake": functional.softplus(discriminator(fake.detach())).mean()}
            terms["D/real"] = functional.softplus(-score).mean()
            if step % self.numbers.penalty_every == 0:
                slope = torch.autograd.grad(score.sum(), real, create_graph=True)[0].square().sum((1, 2, 3)).mean()
                terms["D/penalty"] = self.numbers.penalty * slope
            return terms
        features = self.world.gather(self._features(fake.detach() if phase.name == "F" else fake))
        if phase.name == "F":
            terms = {"F/spread": (features @ self.memory["queue"].T).mean(), "stat/F/norm": features.norm()}
            self.memory["queue"] = torch.cat([features.detach(), self.memory["queue"]])[:QUEUE]
            self.memory["written"] += len(features)
            return terms
        same = functional.softmax(features @ features.T / 0.5, 1).diagonal()
        return {"G/fake": functional.softplus(-discriminator(fake)).mean(), "G/contrast": -same.log().mean()}

    def _features(self, image: Tensor) -> Tensor:
        return functional.normalize(self.nets["F"](self.frozen["E"](image).mean((2, 3)).view(-1, 2, 3).mean(1)))

    def produce(self, batch: dict, chance: Chance) -> dict[str, Tensor]:
        return {"image": self.nets["G"](chance.normal("codes", len(batch["image"]), CODES))}


class ToySource:
    """Images of one colour with noise; sample number n is a function of (seed, n)."""

    def __init__(self, numbers: Block, seed: int, world: World) -> None:
        self.size, self.seed, self.world = numbers.batch, seed, world

    def batch(self, step: int) -> dict:
        chance = Chance(self.seed, step, self.world)
        colour = chance.uniform("colour", self.size // self.world.size, 3, 1, 1)
        return {"image": colour + 0.1 * chance.normal("noise", self.size // self.world.size, 3, SIDE, SIDE)}


def ignore(*values: object) -> None:
    """A progress that shows nothing."""


def run(folder: Path, numbers: Block, stop=lambda: False, world: World | None = None, make=Toy) -> None:
    """Trains the toy into folder/out, with its states in folder/resume."""
    world = world or World.single()
    (folder / "out").mkdir(parents=True, exist_ok=True)
    method, source = make(numbers, 7, world), ToySource(numbers, 7, world)
    train(method, source, numbers, 7, Session(world, folder / "out", folder / "resume", stop, ignore))


def in_process(function, *arguments) -> int:
    """Runs a function in a forked process; its exit code, negative for the signal that killed it."""
    process = FORK.Process(target=function, args=arguments)
    process.start()
    process.join()
    return process.exitcode


def kill_self() -> None:
    """The real thing: nothing of this process runs afterwards."""
    os.kill(os.getpid(), signal.SIGKILL)


def _member(rank: int, size: int, folder: Path, function, arguments: tuple) -> None:
    store = torch.distributed.FileStore(str(folder / "store"), size)
    with joined(0, rank, size, store) as world:
        function(world, *arguments)


def in_world(size: int, folder: Path, function, *arguments) -> list[int]:
    """Runs function(world, *arguments) in `size` forked processes that train together; their exit codes."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "store").unlink(missing_ok=True)
    members = [FORK.Process(target=_member, args=(rank, size, folder, function, arguments)) for rank in range(size)]
    for member in members:
        member.start()
    for member in members:
        member.join()
    return [member.exitcode for member in members]


def results(folder: Path) -> tuple[bytes, bytes]:
    """The bytes of what a run leaves."""
    return tuple((folder / "out" / name).read_bytes() for name in ("weights.safetensors", "curve.csv"))
