"""Batches on their device, some steps ahead where a GPU would otherwise wait."""

from concurrent.futures import Future, ThreadPoolExecutor

import torch

from stages.engine.method import Source
from stages.engine.world import World

# So many steps are read and made while one runs, each by a thread of its own: files far away answer slowly, not singly.
AHEAD = 4


class Feed:
    """The source's batches as tensors on the world's device.

    On a GPU threads prepare the next steps while one runs; the source is a pure function of the step, so nothing but
    the waiting changes. On the CPU those threads would only take cores from the training.
    """

    def __init__(self, source: Source, world: World, channels_last: bool, steps: int) -> None:
        self.source, self.world, self.channels_last, self.steps = source, world, channels_last, steps
        self.threads = ThreadPoolExecutor(AHEAD) if world.device.type != "cpu" else None
        self.ahead: dict[int, Future] = {}

    def batch(self, step: int) -> dict:
        """The batch of one step; steps are asked for in order."""
        if self.threads is None:
            return self._placed(self.source.batch(step))
        for later in range(step, min(step + AHEAD + 1, self.steps)):
            if later not in self.ahead:
                self.ahead[later] = self.threads.submit(self._fetch, later)
        return self._placed(self.ahead.pop(step).result())

    def close(self) -> None:
        """Ends the threads, if there are any."""
        if self.threads is not None:
            self.threads.shutdown(cancel_futures=True)

    def _fetch(self, step: int) -> dict:
        return {name: torch.as_tensor(value).pin_memory() for name, value in self.source.batch(step).items()}

    def _placed(self, batch: dict) -> dict:
        placed = {}
        for name, value in batch.items():
            value = torch.as_tensor(value).to(self.world.device, non_blocking=True)
            if self.channels_last and value.dim() == 4 and value.is_floating_point():
                value = value.contiguous(memory_format=torch.channels_last)
            placed[name] = value
        return placed
