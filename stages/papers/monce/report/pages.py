"""Tables of scores: a line for each measure of a set, a column for each method; the same cells as csv, md and tex."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean, stdev
from typing import Any

from stages.draw.latex import cells_to_line, escaped, tabular, with_printed
from stages.draw.style import stamp
from stages.draw.table import Key, Row, check_same, protocol_to_text, rows_to_csv, rows_to_markdown
from stages.papers.monce.report.names import REFERENCES, SETS, TITLES, arrow, is_distance, sense
from stages.papers.monce.report.scores import BLANK, Score

NOT_RUN = "n/a (profile)"
FAILED = "†"
SELECTED = "of the checkpoint that the test set chose, as is usual in this field; ours is the last one"
OF_ONE_RUN = ("levels", "warning")  # the sliced distance by level; too few pictures for a covariance
FOREIGN = "FID, another measure: not comparable in value"
Place = tuple[str, str, str]  # method, dataset, metric


@dataclass(frozen=True)
class Cell:
    """One measured quantity by seed, or why there is none; `kept` is false where a run fails "was it translated?"."""

    by_seed: tuple[tuple[int, float], ...] = ()
    unit: str = ""
    protocol: Mapping[str, Any] = field(default_factory=dict)
    reason: str = BLANK
    kept: bool = True

    @property
    def ours(self) -> float | None:
        """The mean over seeds."""
        return fmean(value for _, value in self.by_seed) if self.by_seed else None

    @property
    def spread(self) -> float | None:
        """The standard deviation over seeds (n - 1 below)."""
        return stdev(value for _, value in self.by_seed) if len(self.by_seed) > 1 else None

    def text(self) -> str:
        """Mean and spread in four significant digits, marked where the run is not translated."""
        if self.ours is None:
            return "" if self.reason == BLANK else NOT_RUN
        spread = "" if self.spread is None else f" ± {self.spread:.2g}"
        return f"{self.ours:.4g}{spread}{'' if self.kept else ' ' + FAILED}"


@dataclass(frozen=True)
class Page:
    """A table: `lines` of (dataset, metric), `methods` across, what is said before and after."""

    title: str
    profile: str
    methods: Sequence[str]
    lines: Sequence[tuple[str, str]]
    cells: Mapping[Place, Cell]
    printed: Mapping[Key, str] = field(default_factory=dict)
    said: str = ""
    sections: Sequence[tuple[str, str]] = ()
    titles: Mapping[str, str] = field(default_factory=dict)

    def cell(self, method: str, line: tuple[str, str]) -> Cell:
        """The cell of a place; an empty one where nothing was measured."""
        return self.cells.get((method, *line), Cell())

    def value_printed(self, method: str, line: tuple[str, str]) -> str:
        """The printed value of a place; FID also stands beside a Fréchet distance by another network."""
        dataset, metric = line
        return self.printed.get((method, dataset, "FID" if is_distance(metric) else metric), "")

    def best(self, line: tuple[str, str]) -> str | None:
        """The method with the best number among what is translated and no reference; None for fewer than two."""
        held = [
            (sense(line[1]) * cell.ours, method)
            for method in self.methods
            if (cell := self.cell(method, line)).ours is not None and cell.kept and method not in REFERENCES
        ]
        return min(held)[1] if len(held) > 1 and sense(line[1]) else None

    def heading(self, method: str) -> str:
        """A method as the table calls it."""
        return self.titles.get(method, TITLES.get(method, method))


def cells_of(score: Score, dataset: str, methods: Iterable[str], further: Score | None = None) -> dict[Place, Cell]:
    """The cells of a score, with further seeds from another; a failed seed leaves the mean of a run that has others.

    Raises: ValueError where the values of one measure differ in protocol or unit.
    """
    found: dict[Place, Cell] = {}
    for metric in score.metrics() or [score.distance]:
        said = []
        for method in methods:
            held = {
                seed: (value, one.translated(method, seed))
                for one in (score, further)
                if one is not None
                for seed in one.seeds()
                if (value := one.value(method, metric, seed)) is not None
            }
            if method not in REFERENCES:
                said += [
                    (f"{method}, seed {seed}", (v["unit"], shared(v["protocol"]))) for seed, (v, _) in held.items()
                ]
            found[method, dataset, metric] = to_cell(held, score.reason(method))
        if said:
            check_same(f"protocol of {metric} on {dataset}", said)
    return found


def shared(protocol: Mapping[str, Any]) -> dict[str, Any]:
    """What must be alike in a line, without what a measure says of one run alone."""
    return {key: value for key, value in protocol.items() if key not in OF_ONE_RUN}


def to_cell(held: Mapping[int, tuple[Mapping[str, Any], bool]], reason: str) -> Cell:
    """One cell from (value, whether translated) by seed."""
    if not held:
        return Cell(reason=reason or BLANK)
    passed = {seed: value for seed, (value, kept) in held.items() if kept}
    used = passed or {seed: value for seed, (value, _) in held.items()}
    first = next(iter(used.values()))
    by_seed = tuple((seed, float(value["value"])) for seed, value in sorted(used.items()))
    return Cell(by_seed, first["unit"], first["protocol"] | {"n": first["n"]}, "", bool(passed))


def page_to_texts(page: Page) -> dict[str, str]:
    """csv, md and tex of a table."""
    return {"csv": to_csv(page), "md": to_markdown(page), "tex": to_latex(page)}


def to_csv(page: Page) -> str:
    """One line a measured or missing number."""
    return rows_to_csv(
        to_row(page, method, line)
        for line in page.lines
        for method in page.methods
        if page.cell(method, line).reason != BLANK
    )


def to_row(page: Page, method: str, line: tuple[str, str]) -> Row:
    """A cell as a tidy line; a difference only where ours is the measure that is printed."""
    cell, printed = page.cell(method, line), page.value_printed(method, line)
    if cell.ours is None:
        return Row(method, *line, cell.unit, NOT_RUN, page.profile, seeds="0", printed=printed, protocol=cell.reason)
    foreign = is_distance(line[1]) and line[1] != "FID"
    protocol = dict(cell.protocol) | ({"printed": FOREIGN if foreign else SELECTED} if printed else {})
    protocol |= {} if cell.kept else {"translated": "no: enters no verdict"}
    return Row(
        method=method, dataset=line[0], metric=line[1], unit=cell.unit, ours=f"{cell.ours:.6g}",
        spread="" if cell.spread is None else f"{cell.spread:.6g}", seeds=str(len(cell.by_seed)), printed=printed,
        difference=f"{cell.ours - float(printed):.6g}" if printed and not foreign else "", profile=page.profile,
        protocol=protocol_to_text(protocol.items()),
    )  # fmt: skip


def to_markdown(page: Page) -> str:
    """The table, what its marks mean, the sections, and how each line was measured."""
    body = []
    for line in page.lines:
        best = page.best(line)
        marked = [f"**{text}**" if method == best else text for method, text in texts_of(page, line)]
        body.append([f"{SETS.get(line[0], line[0])}: {line[1]}{arrow(line[1])}", *marked])
    parts = [
        f"# {page.title}, {page.profile} profile\n",
        f"{stamp(page.profile).capitalize()}. {page.said}{marks(page)}\n",
        rows_to_markdown(["", *(page.heading(method) for method in page.methods)], body),
    ]
    for title, text in page.sections:
        parts += [f"## {title}\n", text]
    return "\n".join([*parts, "## How each line was measured\n", protocols(page)])


def texts_of(page: Page, line: tuple[str, str]) -> list[tuple[str, str]]:
    """Method and text of each cell of a line: ours (printed)."""
    found = []
    for method in page.methods:
        printed = page.value_printed(method, line)
        found.append((method, page.cell(method, line).text() + (f" ({printed})" if printed else "")))
    return found


def marks(page: Page) -> str:
    """What stands beside numbers means."""
    said = ["Best of ours in bold."] if any(map(page.best, page.lines)) else []
    beside = {is_distance(metric) for (_, _, metric) in page.printed}
    said += ["In brackets: printed."] if beside else []
    said += (
        [f"A printed FID is that {SELECTED}; by another network than FID's no difference is given."]
        if True in beside
        else []
    )
    if any(not cell.kept for cell in page.cells.values()):
        said.append(f"{FAILED}: not translated by our gate, in no verdict.")
    return " ".join(said)


def protocols(page: Page) -> str:
    """One line for each measure, from the first cell that has a number; then why others have none."""
    said = []
    for line in page.lines:
        cell = next((c for m in page.methods if (c := page.cell(m, line)).ours is not None), None)
        text = NOT_RUN if cell is None else protocol_to_text(cell.protocol.items())
        said.append(f"- {SETS.get(line[0], line[0])}, {line[1]}: {text}\n")
    absent = {(place[0], place[1]): cell.reason for place, cell in page.cells.items() if cell.reason not in ("", BLANK)}
    return "".join(said) + "".join(
        f"- not run: {page.heading(method)} on {SETS.get(dataset, dataset)} ({reason})\n"
        for (method, dataset), reason in absent.items()
    )


def to_latex(page: Page) -> str:
    """A booktabs tabular of the same shape."""
    notes = [f"{page.title}; {stamp(page.profile)}.", "Needs booktabs and xcolor. In grey brackets: printed."]
    body = []
    for line in page.lines:
        best, cells = page.best(line), []
        for method in page.methods:
            text = escaped(page.cell(method, line).text())
            text = rf"\textbf{{{text}}}" if method == best else text
            printed = page.value_printed(method, line)
            cells.append(with_printed(text, printed) if printed else text)
        body.append([escaped(f"{SETS.get(line[0], line[0])}: {line[1]}"), *cells])
    head = cells_to_line(["", *(escaped(page.heading(method)) for method in page.methods)])
    return tabular(notes, f"l{'c' * len(page.methods)}", [head], body)
