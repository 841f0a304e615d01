"""Tables of the smaller studies: cells of one group of scores, laid out as csv, Markdown and LaTeX."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stages.draw.latex import cells_to_line, escaped, tabular
from stages.draw.style import stamp
from stages.draw.table import (
    Cell,
    cell_to_row,
    protocol_to_text,
    read_scores,
    rows_to_csv,
    rows_to_markdown,
    scores_to_cells,
)
from stages.draw.verdict import Verdict, verdicts_to_csv
from stages.papers.contrasfill.report.comparing import Comparison, Measured, is_called
from stages.papers.contrasfill.report.verdicts import comparison_to_text, verdict_of


@dataclass(frozen=True)
class Line:
    """One line of the printed shape: its label, and whose values of what it shows."""

    label: str
    method: str
    dataset: str


@dataclass(frozen=True)
class Column:
    """One column: its heading, the measure as `Measured` finds it, how many decimals; `optional` leaves gaps."""

    head: str
    name: str
    decimals: int
    optional: bool = False


@dataclass(frozen=True)
class Study:
    """A table: its name among the claims' groups, title, what its numbers are, and its shape."""

    group: str
    title: str
    words: str
    lines: tuple[Line, ...]
    columns: tuple[Column, ...]


def read_group(inputs: Mapping[str, Path], prefix: str) -> list[Cell]:
    """The cells of all inputs `<prefix>_…`, with protocols made comparable over seeds.

    Some entries of a protocol belong to one run: the deviation over its images, and the digest of an encoder that the
    run itself trained. With one seed they stay; with several they are left out, so that seeds share a protocol.
    """
    scores = read_scores(inputs, prefix)
    if len({score["seed"] for score in scores}) > 1:
        scores = [score | {"values": [shared(value) for value in score["values"]]} for score in scores]
    return scores_to_cells(scores)


def shared(value: Mapping[str, Any]) -> dict[str, Any]:
    """A value whose protocol holds only what all seeds share."""
    protocol = {key: held for key, held in value["protocol"].items() if key != "sd"}
    if protocol.get("extractor") == "unknown_encoder":
        protocol["extractor_sha256"] = "each seed's own"
    return {**value, "protocol": protocol}


def study_to_texts(study: Study, cells: list[Cell], claims: Mapping[str, list[Comparison]]) -> dict[str, str]:
    """csv, md and tex of one study, and the verdicts of the `claims` that its comparisons decide."""
    measured = Measured({study.group: cells})
    verdicts = [verdict_of(name, held, cells[0].profile) for name, held in claims.items()]
    return {
        "csv": rows_to_csv(cell_to_row(cell) for cell in ordered(study, cells)),
        "md": study_to_markdown(study, measured, cells, claims, verdicts),
        "tex": study_to_latex(study, measured, cells),
    } | ({"claims.csv": verdicts_to_csv(verdicts)} if verdicts else {})


def ordered(study: Study, cells: Iterable[Cell]) -> list[Cell]:
    """By the table's lines, then by measure."""
    places = {(line.dataset, line.method): number for number, line in enumerate(study.lines)}
    return sorted(cells, key=lambda c: (places.get((c.dataset, c.method), len(places)), c.dataset, c.method, c.metric))


def cell_texts(study: Study, measured: Measured, joint: str) -> list[list[str]]:
    """The printed shape; an optional quantity that a line does not have stays empty."""
    held = {(cell.method, cell.dataset) for cell in measured.groups[study.group]}
    rows = []
    for line in study.lines:
        if (line.method, line.dataset) not in held:
            raise ValueError(f"{study.title}: no score holds {line.method} on {line.dataset}")
        rows.append([line.label])
        for column in study.columns:
            if column.optional and not has(measured, study.group, line, column):
                rows[-1].append("")
                continue
            cell = measured.cell(study.group, line.method, line.dataset, column.name)
            spread = "" if cell.spread is None else f"{joint}{cell.spread:.{column.decimals}f}"
            rows[-1].append(f"{cell.ours:.{column.decimals}f}{spread}")
    return rows


def has(measured: Measured, group: str, line: Line, column: Column) -> bool:
    """Whether a line has a value in a column."""
    return any(
        (cell.method, cell.dataset) == (line.method, line.dataset) and is_called(cell.metric, column.name)
        for cell in measured.groups[group]
    )


def seeds_text(cells: list[Cell]) -> str:
    """How many seeds stand behind a number."""
    seeds = [seed for seed, _ in cells[0].by_seed]
    if len(seeds) == 1:
        return f"One seed ({seeds[0]}), so no spread."
    return f"Mean ± standard deviation over seeds {', '.join(map(str, seeds))}."


def study_to_markdown(
    study: Study,
    measured: Measured,
    cells: list[Cell],
    claims: Mapping[str, list[Comparison]],
    verdicts: Sequence[Verdict],
) -> str:
    """The shape, the comparisons that decide claims, and every measure's protocol."""
    profile = cells[0].profile
    parts = [
        f"# {study.title}, {profile} profile\n",
        f"{stamp(profile).capitalize()}. {seeds_text(cells)} {study.words}\n",
        rows_to_markdown(["", *(column.head for column in study.columns)], cell_texts(study, measured, " ± ")),
        *(claims_to_markdown(claims, verdicts) if claims else ()),
        "## How it was measured\n",
        protocols(study, cells),
    ]
    return "\n".join(parts)


def claims_to_markdown(claims: Mapping[str, list[Comparison]], verdicts: Sequence[Verdict]) -> tuple[str, str, str]:
    """The comparisons that decide claims, under a heading of their own, and the verdicts."""
    head = ["claim", "where", "measure", "comparison", "seeds that meet it"]
    said = "; ".join(f"{one.claim} {one.marked()}" for one in verdicts)
    return "## What the claims ask of it\n", rows_to_markdown(head, claims_to_rows(claims)), f"{said}.\n"


def claims_to_rows(claims: Mapping[str, list[Comparison]]) -> list[list[str]]:
    """One line for each comparison."""
    return [
        [name, held.where, held.what, comparison_to_text(held), f"{held.held()} of {len(held.seeds)}"]
        for name, comparisons in claims.items()
        for held in comparisons
    ]


def protocols(study: Study, cells: list[Cell]) -> str:
    """One line for each measure of each dataset."""
    said: dict[tuple[str, str], str] = {}
    for cell in ordered(study, cells):
        said.setdefault((cell.dataset, cell.metric), protocol_to_text(cell.protocol))
    return "".join(f"- {dataset}, {metric}: {text}\n" for (dataset, metric), text in said.items())


def study_to_latex(study: Study, measured: Measured, cells: list[Cell]) -> str:
    """A booktabs tabular of the printed shape."""
    notes = [f"{study.title}; {stamp(cells[0].profile)}.", "Needs booktabs."]
    head = [cells_to_line(["", *(escaped(column.head) for column in study.columns)])]
    body = ([escaped(text) for text in row] for row in cell_texts(study, measured, " ± "))
    return tabular(notes, f"l{'c' * len(study.columns)}", head, body, [seeds_text(cells).replace("±", "+-")])
