"""Batches on their device, one step ahead where a GPU would otherwise wait."""

from concurrent.futures import Future, ThreadPoolExecutor

import torch

from stages.engine.method import Source
from stages.engine.world import World


class Feed:
    """The source's batches as tensors on the world's device.

    On a GPU a thread prepares step n + 1 while step n runs; the source is a pure function of the step, so nothing but
    the waiting changes. On the CPU that thread would only take cores from the training.
    """

    def __init__(self, source: Source, world: World, channels_last: bool, steps: int) -> None:
        self.source, self.world, self.channels_last, self.steps = source, world, channels_last, steps
        self.thread = ThreadPoolExecutor(1) if world.device.type != "cpu" else None
        self.ahead: dict[int, Future] = {}

    def batch(self, step: int) -> dict:
        """The batch of one step; steps are asked for in order."""
        if self.thread is None:
            return self._placed(self.source.batch(step))
        found = self.ahead.pop(step, None)
        batch = self._fetch(step) if found is None else found.result()
        if step + 1 < self.steps:
            self.ahead[step + 1] = self.thread.submit(self._fetch, step + 1)
        return self._placed(batch)

    def close(self) -> None:
        """Ends the thread, if there is one."""
        if self.thread is not None:
            self.thread.shutdown(cancel_futures=True)

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
