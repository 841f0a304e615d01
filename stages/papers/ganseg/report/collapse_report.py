"""Which short runs with 1, 2 and 3 points a part collapsed, with the detector's raw numbers and the mechanism's: C4.

Source: supp §F.3; spec §7.
"""

from collections.abc import Mapping
from pathlib import Path

from stages.draw.latex import cells_to_line, escaped, tabular
from stages.draw.style import stamp
from stages.draw.table import Row, rows_to_csv, rows_to_markdown
from stages.papers.ganseg.report.few_points import Block, Short, few_collapse, open_all, three_collapse
from stages.papers.ganseg.report.names import NOT_RUN
from stages.papers.ganseg.report.verdicts import HEAD

__all__ = ["Block", "tabulate"]

# What is looked at: (where it stands in the score, its name, unit, words).
NUMBERS = (
    ("values", "foreground", "1", "mean foreground share"),
    ("values", "empty_samples", "1", "samples whose parts are all under 1 px"),
    ("values", "image_deviation", "[-1, 1] units", "deviation of pixels over images"),
    ("mechanism", "scale_largest", "squared coordinates", "largest τ before its floor"),
    ("mechanism", "scale_median", "squared coordinates", "median τ before its floor"),
    ("mechanism", "heat_pixels", "px of the first level", "pixels of a part's heat-map above its limit"),
)


def tabulate(block: Block, inputs: Mapping[str, Path]) -> dict[str, str]:
    """The report as csv, md and tex, from `collapse_<row>_<seed>` and `deviation_<row>_<seed>` folders."""
    shorts = open_all(inputs)
    return {
        "csv": to_csv(shorts, block.profile),
        "md": to_markdown(shorts, block),
        "tex": to_latex(shorts, block.profile),
    }


def to_csv(shorts: list[Short], profile: str) -> str:
    """One line a number and run."""
    rows = []
    for short in shorts:
        for where, name, unit, _ in NUMBERS:
            value = short.number(where, name)
            facts = short.run.facts
            said = short.run.reason if facts is None else (
                f"fired={short.fired()}; images={facts['images']}; scale={facts['scale']}; seed={short.seed}; "
                f"steps={facts['steps']}"
            )  # fmt: skip
            rows.append(Row(
                method=f"{short.row}_{short.scale}_seed{short.seed}", dataset="celeba_wild", metric=name, unit=unit,
                ours=NOT_RUN if value is None else f"{value:.6g}", spread="",
                seeds=str(int(value is not None)), printed="", difference="", profile=profile,
                protocol=said,
            ))  # fmt: skip
    return rows_to_csv(rows)


def to_markdown(shorts: list[Short], block: Block) -> str:
    """One line a run, then the claim."""
    lines = []
    for short in shorts:
        values = [short.number(where, name) for where, name, _, _ in NUMBERS]
        cells = [NOT_RUN if value is None else f"{value:.3g}" for value in values]
        lines.append([short.name, *cells, short.fired()])
    return "\n".join([
        f"# Collapse with few points a part, {block.profile} profile\n",
        f"{stamp(block.profile).capitalize()}. Printed, without numbers: the network always collapses for n at most "
        "2 and occasionally for n = 3. Under the variance of radii (radius_var, ours) two points are always equally "
        "far from their mean, so τ is 0 but for its floor and every heat-map is a spike: by construction. Under the "
        "mean absolute deviation (mean_abs, the released files') nothing of the kind is built in.\n",
        rows_to_markdown(["run", *(words for _, _, _, words in NUMBERS), "rules that fired"], lines),
        "## What the prose says\n",
        rows_to_markdown(HEAD, [few_collapse(shorts, block).row(), three_collapse(shorts, block).row()]),
    ])  # fmt: skip


def to_latex(shorts: list[Short], profile: str) -> str:
    """A booktabs tabular with one line a run."""
    notes = [f"Collapse report; {stamp(profile)}.", "Needs booktabs."]
    head = [cells_to_line(["run", *(escaped(name) for _, name, _, _ in NUMBERS), "fired"])]
    body = []
    for short in shorts:
        values = [short.number(where, name) for where, name, _, _ in NUMBERS]
        cells = [NOT_RUN if value is None else f"{value:.3g}" for value in values]
        body.append([escaped(short.name), *cells, escaped(short.fired())])
    return tabular(notes, f"l{'c' * (len(NUMBERS) + 1)}", head, body)
