"""The scalars of a run, and the guard that stops it at the first number that is none."""

import json
import math
from pathlib import Path

STATISTIC = "stat/"
DIGITS = 6


def check_finite(values: dict[str, float], step: int) -> None:
    """Raises: FloatingPointError that names the first loss term that is not finite, and the step."""
    for name, value in values.items():
        if STATISTIC not in name and not math.isfinite(value):
            raise FloatingPointError(f"loss term {name} is {value} at step {step}; training stops here")


class Record:
    """Lines of curve.jsonl: the mean of each value over the steps since the last line. Holds no times.

    The lines travel in the saved state, so a resumed run ends with the bytes of an uninterrupted one.
    """

    def __init__(self, every: int, batch: int) -> None:
        self.every, self.batch = every, batch
        self.lines: list[str] = []
        self.window: dict[str, list[float]] = {}
        self.text = ""

    def add(self, done: int, total: int, values: dict[str, float]) -> None:
        """Takes the values of step number `done` (1 first) and closes a line at each tick and at the end."""
        for name, value in values.items():
            entry = self.window.setdefault(name, [0.0, 0])
            entry[0] += value
            entry[1] += 1
        if done % self.every == 0 or done == total:
            means = {name: _rounded(entry[0] / entry[1]) for name, entry in self.window.items()}
            line = {"step": done, "images": done * self.batch, **means}
            self.lines.append(json.dumps(line, sort_keys=True, allow_nan=False))
            self.text = "  ".join(f"{name} {value:.3g}" for name, value in means.items() if STATISTIC not in name)
            self.window = {}

    def state(self) -> dict:
        """What a saved state keeps of it."""
        return {"lines": list(self.lines), "window": {name: list(entry) for name, entry in self.window.items()}}

    def restore(self, state: dict) -> None:
        """Goes back to a saved state; later lines are forgotten."""
        self.lines, self.window = list(state["lines"]), {name: list(entry) for name, entry in state["window"].items()}

    def write(self, path: Path) -> None:
        """Writes all lines."""
        path.write_text("".join(f"{line}\n" for line in self.lines), encoding="utf-8")


def _rounded(value: float) -> float | None:
    """Six significant digits; a statistic of nothing (the mean of an empty set) has no value."""
    return float(f"{value:.{DIGITS}g}") if math.isfinite(value) else None
