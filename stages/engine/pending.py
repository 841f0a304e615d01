"""Scalars that stay on their device until somebody needs them."""

import torch
from torch import Tensor

from stages.engine.record import check_finite
from stages.engine.world import World


class Pending:
    """The scalars of the steps from `since` on: a phase leaves its own without waiting for the device."""

    def __init__(self, since: int) -> None:
        self.since = since
        self.held: list[tuple[int, tuple[str, ...], Tensor]] = []

    def add(self, step: int, terms: dict[str, Tensor]) -> None:
        """Keeps the values that a phase's terms have now."""
        if terms:
            kept = torch.stack([term.detach().float() for term in terms.values()])
            self.held.append((step, tuple(terms), kept))

    def values(self, world: World) -> dict[int, dict[str, float]]:
        """By step its terms' means over the processes, in one exchange and one wait.

        Raises: FloatingPointError naming the first loss term that is no number, and its step.
        """
        if not self.held:
            return {}
        numbers = iter(world.mean(torch.cat([values for _, _, values in self.held])).tolist())
        found: dict[int, dict[str, float]] = {}
        for step, names, _ in self.held:
            found.setdefault(step, {}).update((name, next(numbers)) for name in names)
        for step, values in found.items():
            check_finite(values, step)
        return found
