"""States that are written behind a training, which waits only until they are copied off its device."""

from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import torch
from torch import Tensor

from stages.engine.state import StateFolder


class Behind:
    """Hands states to their folder: on a device in a thread, one at a time, on the CPU at once.

    On the CPU that thread would only take cores from the training, and its copy memory.
    """

    def __init__(self, states: StateFolder, device: torch.device) -> None:
        self.states = states
        self.thread = ThreadPoolExecutor(1) if device.type != "cpu" else None
        self.writing: Future[None] | None = None

    def save(self, step: int, content: dict) -> None:
        """Takes the state after `step` steps as it is now. Raises: OSError if it or the one before does not fit."""
        self.wait()
        self.states.folder.mkdir(parents=True, exist_ok=True)  # for what else is put there meanwhile
        if self.thread is None:
            self.states.save(step, content)
        else:
            self.writing = self.thread.submit(self.states.save, step, on_the_host(content))

    def wait(self) -> None:
        """Returns when the last state is on the disk. Raises: what its writing raised."""
        writing, self.writing = self.writing, None
        if writing is not None:
            writing.result()

    def close(self) -> None:
        """Ends the thread, if there is one, after what it writes."""
        if self.thread is not None:
            self.thread.shutdown()


def on_the_host(value: Any) -> Any:
    """A copy on the CPU of all tensors in mappings and lists, which training on does not change."""
    if isinstance(value, Tensor):
        return value.detach().to("cpu", copy=True)
    if isinstance(value, list):
        return [on_the_host(one) for one in value]
    if not isinstance(value, dict):
        return value
    made = value.copy()
    for name, one in value.items():
        made[name] = on_the_host(one)
    if hasattr(value, "_metadata"):  # the versions of a network's modules, which no copy of a mapping takes along
        vars(made).update(vars(value))
    return made
