"""Tables whose lines name the place of each cell; the same cells as csv, md and tex."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean, stdev
from typing import Any

from stages.draw.latex import cells_to_line, escaped, tabular, with_printed
from stages.draw.style import stamp
from stages.draw.table import Key, Row, check_same, protocol_to_text, rows_to_csv, rows_to_markdown
from stages.papers.mscond.report.names import BETTER_LESS, REAL, REFERENCE, SETS, is_distance, title_of
from stages.papers.mscond.report.runs import Score, Scores

NOT_RUN, ABSENT = "n/a (profile)", "n/a"
OF_ONE_RUN = ("warning", "sources", "fakes", "reals")  # of one run alone: what it warns of, how much there was
FOREIGN = "FID, another measure: not comparable in value"


@dataclass(frozen=True)
class Cell:
    """One quantity by seed with its protocol; `missing` seeds have none, `word` says so where no seed has one."""

    by_seed: Mapping[int, float] = field(default_factory=dict)
    unit: str = ""
    protocol: Mapping[str, Any] = field(default_factory=dict)
    missing: Mapping[int, str] = field(default_factory=dict)
    word: str = ""
    reason: str = ""
    exact: bool = False  # a count, shown in full

    @property
    def ours(self) -> float:
        """The mean over seeds."""
        return fmean(self.by_seed.values())

    @property
    def spread(self) -> float | None:
        """The standard deviation over seeds (n - 1 below); None for one seed, which has none."""
        return stdev(self.by_seed.values()) if len(self.by_seed) > 1 else None

    def text(self) -> str:
        """Mean and spread in four significant digits, or why there is none in a word."""
        if not self.by_seed:
            return self.word
        if self.exact:
            return f"{self.ours:,.0f}"
        return f"{self.ours:.4g}" + ("" if self.spread is None else f" ± {self.spread:.2g}")

    def told(self) -> str:
        """How it was measured, or why it was not; of which seeds there is no number."""
        if not self.by_seed:
            return f"{self.word}, {self.reason}"
        gone = {f"seed {seed}": f"n/a, {why}" for seed, why in self.missing.items()}
        return protocol_to_text((dict(self.protocol) | gone).items())


Line = tuple[str, Sequence[Key | None]]  # label, and the place (method, dataset, metric) of each cell


@dataclass(frozen=True)
class Page:
    """A table: `headings` across, lines of places, their cells, printed values, what is said before and after."""

    title: str
    profile: str
    headings: Sequence[str]
    lines: Sequence[Line]
    cells: Mapping[Key, Cell]
    printed: Mapping[Key, str] = field(default_factory=dict)
    said: str = ""
    sections: Sequence[tuple[str, str]] = ()

    def places(self) -> Iterable[Key]:
        """All places, line by line."""
        return [place for _, places in self.lines for place in places if place]

    def texts(self, places: Sequence[Key | None]) -> Iterable[tuple[str, str]]:
        """Ours and printed of each cell of a line."""
        for place in places:
            yield ("", "") if place is None else (self.cells[place].text(), self.printed.get(place, ""))


def cells_of(scores: Scores, places: Iterable[Key]) -> dict[Key, Cell]:
    """The cells of these places. Raises: ValueError where one cell's seeds differ in protocol or unit."""
    return {place: cell_of(scores[place[1], REFERENCE if place[0] in REAL else place[0]], place) for place in places}


def cell_of(score: Score, place: Key) -> Cell:
    """The cell of a place; of objects that are too few with their count. Raises: as `cells_of`."""
    method, dataset, metric = place
    held = score.values(metric, method)
    if not held:
        why = score.why(metric, method)
        return Cell(word=NOT_RUN if score.reason else ABSENT + counted(score, metric), reason=why)
    told = [(f"{method}, seed {seed}", (value["unit"], shared(value))) for seed, value in held.items()]
    check_same(f"protocol of {metric} on {dataset}", told)
    first = next(iter(held.values()))
    protocol = (first["protocol"] if len(held) == 1 else shared(first)) | {"n": first["n"]}
    return Cell(score.numbers(metric, method), first["unit"], protocol, score.missing(metric, method))


def counted(score: Score, metric: str) -> str:
    """How many objects there were of a category that has no distance."""
    _, found, category = metric.partition(" object ")
    counts = score.facts.get("counts", {}).get("objects", {})
    return f" ({counts[category]} crops)" if found and category in counts else ""


def shared(value: Mapping[str, Any]) -> dict[str, Any]:
    """A number's protocol without what a measure says of one run alone."""
    return {key: told for key, told in value["protocol"].items() if key not in OF_ONE_RUN}


def page_to_texts(page: Page) -> dict[str, str]:
    """csv, md and tex of a table."""
    return {"csv": rows_to_csv(to_row(page, place) for place in page.places()), "md": to_markdown(page),
            "tex": to_latex(page)}  # fmt: skip


def to_row(page: Page, place: Key) -> Row:
    """A cell as a tidy line; a difference only where ours is the measure that is printed."""
    cell, printed = page.cells[place], page.printed.get(place, "")
    value = printed if printed.replace(".", "", 1).isdigit() else ""
    if not cell.by_seed:
        return Row(*place, cell.unit, cell.word, page.profile, seeds="0", printed=value, protocol=cell.reason)
    foreign = is_distance(place[2]) and place[2] != "FID"
    protocol = dict(cell.protocol) | ({"printed": FOREIGN} if value and foreign else {})
    protocol |= {f"seed {seed}": f"n/a, {why}" for seed, why in cell.missing.items()}
    ours = f"{cell.ours:.0f}" if cell.exact else f"{cell.ours:.6g}"
    return Row(
        *place, cell.unit, ours, page.profile, "" if cell.spread is None else f"{cell.spread:.6g}",
        str(len(cell.by_seed)), value, f"{cell.ours - float(value):.6g}" if value and not foreign else "",
        protocol_to_text(protocol.items()),
    )  # fmt: skip


def to_markdown(page: Page) -> str:
    """The table, the sections, all seeds, and how each line was measured."""
    body = [
        [label, *(ours + (f" ({printed})" if printed else "") for ours, printed in page.texts(places))]
        for label, places in page.lines
    ]
    parts = [
        f"# {page.title}, {page.profile} profile\n",
        f"{stamp(page.profile).capitalize()}. {page.said}\n",
        rows_to_markdown(["", *page.headings], body),
    ]
    sections = [*page.sections, ("Every seed", seeds(page)), ("How each line was measured", protocols(page))]
    return "\n".join([*parts, *(f"## {title}\n\n{text}" for title, text in sections if text)])


def seeds(page: Page) -> str:
    """Every number of cells that have several."""
    said = []
    for place in page.places():
        if len(held := page.cells[place].by_seed) > 1:
            numbers = ", ".join(f"{value:.4g} (seed {seed})" for seed, value in held.items())
            said.append(f"- {named(page, place)}: {numbers}\n")
    return "".join(said)


def named(page: Page, place: Key) -> str:
    """`Cityscapes, FD-demo, MsConD`."""
    return f"{SETS[place[1]]}, {place[2]}, {title_of(place[0], page.profile)}"


def protocols(page: Page) -> str:
    """For each measure of a set how it was measured, and for whom; or why there is no number."""
    told: dict[tuple[str, str, str], list[str]] = {}
    for place in page.places():
        who = told.setdefault((place[1], place[2], page.cells[place].told()), [])
        who.append(title_of(place[0], page.profile))
    return "".join(
        f"- {SETS[name]}, {metric}, {', '.join(who)}: {text}\n" for (name, metric, text), who in told.items()
    )


def to_latex(page: Page) -> str:
    """A booktabs tabular of the same shape."""
    notes = [f"{page.title}; {stamp(page.profile)}.", "Needs booktabs and xcolor. In grey brackets: printed."]
    body = [
        [escaped(label.removesuffix(BETTER_LESS)), *(with_print(*texts) for texts in page.texts(places))]
        for label, places in page.lines
    ]
    head = cells_to_line(["", *map(escaped, page.headings)])
    return tabular(notes, f"l{'c' * len(page.headings)}", [head], body)


def with_print(ours: str, printed: str) -> str:
    """Ours, with the printed value in grey where there is one."""
    return with_printed(escaped(ours), escaped(printed)) if printed else escaped(ours)
