"""The training loop: it knows phases, not methods.

From a batch to an update: `Feed` gives a batch (feed.py) → the method's `losses` of each phase give named scalars
(method.py) → `Run._update` sums them, runs backward, during which gradients are exchanged
(exchange.py), and the phase's `Optimiser` moves what the phase learns (descent.py) → `Averages` follow
(average.py). The scalars wait on the device (pending.py) until a tick, a save or the end, where they are checked and
`Record` keeps them (record.py); `Behind` has a state written (behind.py, state.py).
"""

from pathlib import Path

import torch
from torch import Tensor

from stages.engine.average import Averages, keep_share
from stages.engine.behind import Behind
from stages.engine.chance import Chance
from stages.engine.descent import Optimiser
from stages.engine.exchange import Exchange
from stages.engine.feed import Feed
from stages.engine.method import Source, Trainable, check_terms
from stages.engine.norms import synchronise
from stages.engine.pending import Pending
from stages.engine.placing import place
from stages.engine.plan import Phase, TrainBlock
from stages.engine.record import STATISTIC, Record
from stages.engine.session import Session
from stages.engine.snapshot import identity, restore, snapshot
from stages.engine.state import Interrupted, StateFolder
from stages.engine.weights import write_files, write_weights
from stages.engine.world import World


def train(
    method: Trainable,
    source: Source,
    block: TrainBlock,
    seed: int,
    session: Session,
) -> None:
    """Trains a method and writes weights.safetensors and curve.csv; goes on from a saved state where there is one.

    Raises: Interrupted after a stop (the state is saved), FloatingPointError at the next tick or save naming the first
    loss that is not finite, ValueError if the method's description does not fit together or no saved state is good.
    """
    world = session.world
    run = Run(method, source, block, seed, world, session.resume)
    feed = Feed(source, world, block.channels_last, block.iterations)
    try:
        while run.done < block.iterations:
            if world.any(session.stop()):
                run.save()
                run.behind.wait()
                raise Interrupted(f"stopped at step {run.done} of {block.iterations}; the state is saved")
            run.step(feed.batch(run.done))
            if run.done % block.keep_every == 0 and run.done < block.iterations:
                run.save()
            if world.rank == 0:
                session.progress(run.done, block.iterations, run.record.text)
        run.behind.wait()
    finally:
        feed.close()
        run.behind.close()
    if world.rank == 0:
        write_weights({**method.nets, **run.averages.copies}, method.memory, session.out)
        write_files([*method.nets.values(), *method.frozen.values()], session.out)
        run.record.write(session.out)


class Run:
    """A method in training: everything that changes from step to step, which is what a saved state holds."""

    def __init__(
        self, method: Trainable, source: Source, block: TrainBlock, seed: int, world: World, resume: Path
    ) -> None:
        if source.size % world.size:
            raise ValueError(f"a batch of {source.size} does not divide among {world.size} processes")
        self.method, self.block, self.seed, self.world, self.batch = method, block, seed, world, source.size
        place(method, world, block, resume)
        self.learnable = {name: [p for p in net.parameters() if p.requires_grad] for name, net in method.nets.items()}
        self.averages = Averages(method.nets, method.average)
        self.exchange = Exchange(world, self.learnable)
        for net in method.nets.values():
            synchronise(net, world)
        self.optimisers = {name: Optimiser(descent, method.nets) for name, descent in method.descents.items()}
        self.record = Record(block.tick_every, source.size)
        self.states = StateFolder(resume, identity(method, block, seed, source.size))
        self.behind = Behind(self.states, world.device)
        self.done, content = self.states.load() or (0, None)
        if content is not None:
            restore(content, method, self.averages, self.optimisers, self.record)
        self.pending = Pending(self.done)
        world.agree("the step to go on from", self.done)

    def step(self, batch: dict) -> None:
        """One step: what the phases share, each phase's update, the averages; the device is waited for at ticks."""
        try:
            self._phases(batch)
        except Exception:
            # Numbers that are none may make a later step fail in words that hide where they began.
            self.pending.values(World.single(self.world.device))
            raise
        seen = self.done * self.batch
        self.averages.update(keep_share(self.batch, seen, self.block.ema_half_life_images, self.block.ema_ramp))
        self.done += 1
        if self.record.due(self.done, self.block.iterations):
            self.collect()

    def collect(self) -> None:
        """Hands the scalars of all steps so far to the record. Raises: FloatingPointError if one is no number."""
        found = self.pending.values(self.world)
        for step in range(self.pending.since, self.done):
            self.record.add(step + 1, self.block.iterations, found.get(step, {}))
        self.pending = Pending(self.done)

    def _phases(self, batch: dict) -> None:
        chance, names = Chance(self.seed, self.done, self.world), set[str]()
        shared: dict = {}
        forward = getattr(self.method, "forward", None)
        if forward is not None:
            self._let_learn(tuple(self.method.nets))
            with self.world.autocast(self.block.precision):
                shared = forward(batch, chance)
        phases = self.method.phases(self.done)
        for number, phase in enumerate(phases, 1):
            self._let_learn(phase.learns)
            with self.world.autocast(self.block.precision):
                terms = self.method.losses(phase, batch, shared, chance, self.done)
            check_terms(self.method, phase, terms, names)
            names |= set(terms)
            self._update(phase, terms, keep_graph=bool(shared) and number < len(phases))

    def save(self) -> None:
        """Saves the state, and the scalars so far for whoever watches; process 0 writes, since all hold the same."""
        self.collect()
        if self.world.rank == 0:
            self.behind.save(self.done, self.state())
            self.record.write(self.states.folder)

    def state(self) -> dict:
        """Everything that changes from step to step, as a saved state holds it."""
        return snapshot(self.method, self.averages, self.optimisers, self.record)

    def _update(self, phase: Phase, terms: dict[str, Tensor], keep_graph: bool) -> None:
        """Sums the phase's losses once and moves what learns."""
        self.pending.add(self.done, terms)
        losses = [term.float() for name, term in terms.items() if STATISTIC not in name]
        if losses:
            with self.exchange.during(phase.learns):
                torch.stack(losses).sum().backward(retain_graph=keep_graph)
            moved = [parameter for name in phase.learns for parameter in self.learnable[name]]
            self.optimisers[phase.descent].step(self.done, moved)
            for parameter in moved:
                parameter.grad = None

    def _let_learn(self, names: tuple[str, ...]) -> None:
        for name, parameters in self.learnable.items():
            for parameter in parameters:
                parameter.requires_grad_(name in names)
