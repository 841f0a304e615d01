"""The scalars of a run, and the guard that stops it at the first number that is none."""

import math
from collections.abc import Iterable
from pathlib import Path

FILE = "curve.csv"
COLUMNS = ("step", "images", "term", "value")
STATISTIC = "stat/"
DIGITS = 6


def check_finite(values: dict[str, float], step: int) -> None:
    """Raises: FloatingPointError that names the first loss term that is not finite, and the step."""
    for name, value in values.items():
        if STATISTIC not in name and not math.isfinite(value):
            raise FloatingPointError(f"loss term {name} is {value} at step {step}; training stops here")


class Record:
    """Lines of curve.csv: a line for each value at each tick, the mean over the steps since the last. Holds no times.

    Methods and halves of a training have different terms, so a term is a value of a column, no column: `dvc plots`
    draws all curves alike. The lines travel in the saved state, so a resumed run ends with the bytes of a whole one.
    """

    def __init__(self, every: int, batch: int) -> None:
        self.every, self.batch = every, batch
        self.lines: list[str] = []
        self.window: dict[str, list[float]] = {}
        self.text = ""

    def due(self, done: int, total: int) -> bool:
        """Whether lines are written after step number `done`."""
        return done % self.every == 0 or done == total

    def add(self, done: int, total: int, values: dict[str, float]) -> None:
        """Takes the values of step number `done` (1 first) and writes lines at each tick and at the end."""
        for name, value in values.items():
            entry = self.window.setdefault(name, [0.0, 0])
            entry[0] += value
            entry[1] += 1
        if self.due(done, total):
            means = {name: entry[0] / entry[1] for name, entry in self.window.items()}
            # A statistic of nothing (the mean of an empty set) has no value and no line.
            held = {name: float(f"{mean:.{DIGITS}g}") for name, mean in means.items() if math.isfinite(mean)}
            self.lines += [f"{done},{done * self.batch},{name},{value}" for name, value in sorted(held.items())]
            self.text = "  ".join(f"{name} {value:.3g}" for name, value in held.items() if STATISTIC not in name)
            self.window = {}

    def state(self) -> dict:
        """What a saved state keeps of it."""
        return {"lines": list(self.lines), "window": {name: list(entry) for name, entry in self.window.items()}}

    def restore(self, state: dict) -> None:
        """Goes back to a saved state; later lines are forgotten."""
        self.lines, self.window = list(state["lines"]), {name: list(entry) for name, entry in state["window"].items()}

    def write(self, folder: Path) -> None:
        """Writes all lines so far."""
        write_curve(folder, self.lines)


def write_curve(folder: Path, lines: Iterable[str] = ()) -> None:
    """curve.csv of a model folder; of weights that nothing trained here it has no line but the columns' names."""
    (folder / FILE).write_text("".join(f"{line}\n" for line in (",".join(COLUMNS), *lines)), encoding="utf-8")
