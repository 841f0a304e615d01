"""A training's curve as small drawings, one a term; numbers are rounded, so that bytes are the same everywhere."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from stages.retrace.answer import Spoiled
from stages.retrace.evidence import table

COLUMNS = {"step", "term", "value"}
WIDE, TALL, EDGE = 240, 80, 4
POINTS = 100


@dataclass(frozen=True)
class Curve:
    """One term over the steps: its first and last point in numbers, and a path in an area of WIDE × TALL."""

    term: str
    path: str
    steps: tuple[str, str]
    low: str
    high: str
    last: str


def curves(content: bytes, path: Path) -> list[Curve]:
    """The terms of a curve.csv, sorted; none for a table of another form. Values that are no numbers are left out."""
    try:
        rows = table.rows_of(content, path)
    except Spoiled:
        return []
    if not rows or not rows[0].keys() >= COLUMNS:
        return []
    terms: dict[str, list[tuple[float, float]]] = {}
    for row in rows:
        if (point := _point(row)) is not None:
            terms.setdefault(row["term"], []).append(point)
    return [_curve(term, points) for term, points in sorted(terms.items())]


def _point(row: Mapping[str, str]) -> tuple[float, float] | None:
    try:
        step, value = float(row["step"]), float(row["value"])
    except ValueError:
        return None
    return (step, value) if abs(step) < 1e300 and abs(value) < 1e300 else None


def _curve(term: str, points: Sequence[tuple[float, float]]) -> Curve:
    values, steps = [value for _, value in points], [step for step, _ in points]
    low, high, first, last = min(values), max(values), min(steps), max(steps)
    kept = [points[round(at * (len(points) - 1) / (POINTS - 1))] for at in range(POINTS)]
    kept = kept if len(points) > POINTS else list(points)
    drawn = [
        f"{EDGE + (WIDE - 2 * EDGE) * _share(step, first, last):.0f},"
        f"{TALL - EDGE - (TALL - 2 * EDGE) * _share(value, low, high):.0f}"
        for step, value in kept
    ]
    ends = (f"{first:g}", f"{last:g}")
    # A line of one point would show nothing; one with equal ends shows a dot.
    drawn = drawn if drawn[1:] else drawn * 2
    return Curve(term, " ".join(drawn), ends, f"{low:.4g}", f"{high:.4g}", f"{values[-1]:.4g}")


def _share(value: float, low: float, high: float) -> float:
    return (value - low) / (high - low) if high > low else 0.5
