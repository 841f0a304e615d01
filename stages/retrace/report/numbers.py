"""The numbers of a table: ours beside the printed ones, and for each what `retrace trace --cell` finds."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from stages.retrace.answer import Spoiled
from stages.retrace.evidence.receipts import Receipt, outputs
from stages.retrace.report import names
from stages.retrace.report.gathered import Gathered, Result
from stages.retrace.report.names import Link
from stages.retrace.trace import cell
from stages.retrace.trace.cell import Behind, Cell

NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?", re.IGNORECASE)
# A bar's half stands for a difference as large as the printed value.
HALF = 50


@dataclass(frozen=True)
class Bar:
    """A difference as a share of the printed value, cut off at one; x and width in hundredths of the bar."""

    share: float

    @property
    def width(self) -> int:
        return round(min(abs(self.share), 1) * HALF)

    @property
    def x(self) -> int:
        return HALF if self.share >= 0 else HALF - self.width

    @property
    def text(self) -> str:
        return f"{self.share:+.0%}"


@dataclass(frozen=True)
class Seed:
    """What one seed gave, as links."""

    seed: str
    value: str
    score: Link
    behind: tuple[tuple[str, Link], ...]


@dataclass(frozen=True)
class Row:
    """A row of a table that holds a number of ours."""

    number: int
    labels: tuple[str, ...]
    values: Mapping[str, str]
    ours: str
    bar: Bar | None
    seeds: tuple[Seed, ...]
    agrees: bool
    mean: str
    problem: str

    @property
    def name(self) -> str:
        """As `retrace claims` calls the number."""
        return " ".join(self.labels)

    @property
    def anchor(self) -> str:
        return f"r{self.number}"

    def get(self, key: str) -> str:
        return self.values.get(key, "")


def rows(held: Iterable[Mapping[str, str]], node: Receipt, all_: Gathered) -> list[Row]:
    """The rows of a stage's table that hold a number of ours."""
    return [_row(number, row, node, all_) for number, row in enumerate(held, 1) if "ours" in row or "value" in row]


def _row(number: int, row: Mapping[str, str], node: Receipt, all_: Gathered) -> Row:
    problem = ""
    try:
        found = cell.cell_of(row, node, all_.shelf)
    except (FileNotFoundError, ValueError, Spoiled) as error:
        found, problem = Cell(row, ()), str(error)
    known = bool(found.behind)
    ours = row.get(found.column, "")
    return Row(
        number, tuple(cell.names(row).values()), row, ours, _bar(row), tuple(_seed(one, all_) for one in found.behind),
        found.agrees if known else not problem, f"{found.mean:.6g}" if known else "", problem,
    )  # fmt: skip


def _bar(row: Mapping[str, str]) -> Bar | None:
    """Only of a difference that the table itself gives: values of unlike measures have none."""
    difference, printed = row.get("difference", ""), row.get("printed", "")
    if not NUMBER.fullmatch(difference) or not NUMBER.fullmatch(printed) or not float(printed):
        return None
    return Bar(float(difference) / abs(float(printed)))


def _seed(one: Behind, all_: Gathered) -> Seed:
    behind = [("model", node) for node in one.models] + [("sample set", node) for node in one.samples]
    behind += [(f"also read, {name}", node) for name, node in one.others]
    links = tuple((what, all_.link(node)) for what, node in behind)
    named = tuple(
        (key, Link(path, next((names.stage(node) for _, node in one.others if path in outputs(node)), "")))
        for key, path in one.named
    )
    return Seed(one.seed, f"{one.value:.6g}", all_.link(one.score), (*links, *named))


def place(result: Result, row: Row) -> str:
    """Where what stands behind a number is shown."""
    return f"{names.cells(result.out)}#{row.anchor}"
