"""What a method and its data source are to the engine."""

from typing import Any, Protocol

from torch import Tensor, nn

from stages.engine.chance import Chance
from stages.engine.plan import Descent, Phase


class Source(Protocol):
    """Batches as a pure function of the step. `size` counts the whole batch, `batch` gives this process its rows."""

    size: int

    def batch(self, step: int) -> dict: ...


class Trainable(Protocol):
    """What the loop trains: complete after construction, moved to its device by the loop.

    `nets` learn and are saved; `frozen` come from inputs and are not saved; `memory` (queues, running means) is saved
    and must change in the same way in every process; `average` names the nets that get a moving average.
    A method may also have `forward(batch, chance) -> dict`, computed once a step and shared by its phases.
    """

    nets: dict[str, nn.Module]
    frozen: dict[str, nn.Module]
    memory: dict[str, Tensor]
    average: tuple[str, ...]
    descents: dict[str, Descent]

    def phases(self, step: int) -> list[Phase]: ...

    def losses(self, phase: Phase, batch: dict, shared: dict, chance: Chance, step: int) -> dict[str, Tensor]:
        """Named scalars, already weighted: the loop sums them. Names that contain "stat/" are logged and not summed."""
        ...


class Method(Trainable, Protocol):
    """A paper's method, which makes images of what it learned; `block` holds the parameters that it was made with."""

    block: Any

    def produce(self, batch: dict, chance: Chance) -> dict[str, Tensor]:
        """What `sample` writes: at least "image", composited, in [-1, 1]."""
        ...


def check_terms(method: Trainable, phase: Phase, terms: dict[str, Tensor], earlier: set[str]) -> None:
    """Raises: ValueError if losses are no scalars or named as in an earlier phase, or a phase moves what it may not."""
    again = sorted(set(terms) & earlier)
    if again:
        raise ValueError(f"phase {phase.name} repeats the loss names {again} of an earlier phase of the step")
    stray = sorted(set(phase.learns) - set(method.descents[phase.descent].nets))
    if stray:
        raise ValueError(f"phase {phase.name} learns {stray}, which its descent {phase.descent} does not move")
    for name, term in terms.items():
        if term.dim():
            raise ValueError(f"loss {name} of phase {phase.name} must be a scalar, found shape {tuple(term.shape)}")
