"""Tables of scores: a line for each measure of a set, a column for each method; the same cells as csv, md and tex."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev
from typing import Any

from stages.draw.latex import cells_to_line, escaped, tabular
from stages.draw.style import stamp
from stages.draw.table import Row, check_same, protocol_to_text, rows_to_csv, rows_to_markdown
from stages.papers.onegan.report.names import METHODS, SETS, arrow
from stages.papers.onegan.report.runs import NOT_MEASURED, Score

# Of one training: a score's deviation over parts, what chance reaches, singular covariances, the photos that were used.
OF_ONE_RUN = ("sd", "chance", "warning", "sources", "left_out", "targets")
NOT_RUN, ABSENT = "n/a (profile)", "n/a"
Line = tuple[str, str]  # dataset, metric


@dataclass(frozen=True)
class Cell:
    """One quantity by seed with its protocol, or why there is none; `word` is what a table then says."""

    by_seed: tuple[tuple[int, float], ...]
    unit: str
    protocol: Mapping[str, Any]
    reason: str = ""
    word: str = ""

    @property
    def spread(self) -> float | None:
        """The standard deviation over seeds (n - 1 below); None for one seed, which has none."""
        return stdev(value for _, value in self.by_seed) if len(self.by_seed) > 1 else None

    @property
    def ours(self) -> float:
        """The mean over seeds."""
        return fmean(value for _, value in self.by_seed)

    def text(self) -> str:
        """Mean and spread in four significant digits, or why there is none in a word."""
        if not self.by_seed:
            return self.word
        return f"{self.ours:.4g}" + ("" if self.spread is None else f" ± {self.spread:.2g}")


@dataclass(frozen=True)
class Page:
    """A table: scores by set, the `families` of measures that it shows, `methods` across, what is said around it."""

    title: str
    profile: str
    scores: Mapping[str, Score]
    families: Sequence[str]
    methods: Sequence[str]
    said: str = ""
    sections: Sequence[tuple[str, str]] = ()

    def lines(self) -> list[Line]:
        """Set and measure of every line; a set that was not run has one."""
        return [
            (name, metric)
            for name, score in self.scores.items()
            for metric in score.metrics(self.families) or [self.families[0]]
        ]

    def cell(self, method: str, line: Line) -> Cell:
        """The cell of a place; of what is not measured the first method's alone says why."""
        score = self.scores[line[0]]
        held = score.values(method, line[1])
        if not held:
            reason, own = score.why(line[1]), method == self.methods[0]
            said = own and (bool(score.reason) or reason != NOT_MEASURED)
            return Cell((), "", {}, reason if said else "", (NOT_RUN if score.reason else ABSENT) if said else "")
        first = next(iter(held.values()))
        told = [(f"{method}, seed {seed}", (value["unit"], shared(value))) for seed, value in held.items()]
        check_same(f"protocol of {line[1]} on {line[0]}", told)
        protocol = first["protocol"] if len(held) == 1 else shared(first)
        by_seed = tuple((seed, float(value["value"])) for seed, value in held.items())
        return Cell(by_seed, first["unit"], protocol | {"n": first["n"]})


def shared(value: Mapping[str, Any]) -> dict[str, Any]:
    """A number's protocol without what a measure says of one run alone."""
    return {key: told for key, told in value["protocol"].items() if key not in OF_ONE_RUN}


def page_to_texts(page: Page) -> dict[str, str]:
    """csv, md and tex of a table. Raises: ValueError where one cell's seeds differ in protocol or unit."""
    return {"csv": to_csv(page), "md": to_markdown(page), "tex": to_latex(page)}


def to_csv(page: Page) -> str:
    """One line a measured number, or a missing one with its reason."""
    return rows_to_csv(rows_of(page))


def rows_of(page: Page) -> Iterable[Row]:
    """The cells as tidy lines; no result stands in the text, so nothing is printed beside them."""
    for line in page.lines():
        for method in page.methods:
            cell = page.cell(method, line)
            if cell.by_seed:
                spread = "" if cell.spread is None else f"{cell.spread:.6g}"
                protocol = protocol_to_text(cell.protocol.items())
                yield Row(method, *line, cell.unit, f"{cell.ours:.6g}", page.profile, spread, str(len(cell.by_seed)),
                          protocol=protocol)  # fmt: skip
            elif cell.word:
                yield Row(method, *line, "", cell.word, page.profile, seeds="0", protocol=cell.reason)


def to_markdown(page: Page) -> str:
    """The table, the sections, and how each line was measured."""
    body = [
        [f"{SETS[line[0]]}: {line[1]}{arrow(line[1])}", *(page.cell(method, line).text() for method in page.methods)]
        for line in page.lines()
    ]
    parts = [
        f"# {page.title}, {page.profile} profile\n",
        f"{stamp(page.profile).capitalize()}. {page.said}\n",
        rows_to_markdown(["", *(METHODS[method] for method in page.methods)], body),
    ]
    for title, text in page.sections:
        parts += [f"## {title}\n", text]
    return "\n".join([*parts, "## How each line was measured\n", protocols(page)])


def protocols(page: Page) -> str:
    """One line for each cell whose protocol is its own, or why a measure has no number."""
    said = []
    for line in page.lines():
        told: dict[str, list[str]] = {}
        for method in page.methods:
            cell = page.cell(method, line)
            if cell.by_seed or cell.word:
                text = protocol_to_text(cell.protocol.items()) if cell.by_seed else f"{cell.word}, {cell.reason}"
                told.setdefault(text, []).append(METHODS[method])
        said += [f"- {SETS[line[0]]}, {line[1]}, {', '.join(who)}: {text}\n" for text, who in told.items()]
    return "".join(said)


def to_latex(page: Page) -> str:
    """A booktabs tabular of the same shape."""
    notes = [f"{page.title}; {stamp(page.profile)}.", "Needs booktabs."]
    body = [
        [escaped(f"{SETS[line[0]]}: {line[1]}"), *(escaped(page.cell(method, line).text()) for method in page.methods)]
        for line in page.lines()
    ]
    head = cells_to_line(["", *(escaped(METHODS[method]) for method in page.methods)])
    return tabular(notes, f"l{'c' * len(page.methods)}", [head], body)
