"""Which short runs with 1, 2 and 3 points a part collapsed, with the detector's raw numbers and the mechanism's: C4.

Source: supp §F.3; spec §7.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from pydantic import Field

from stages.block import Block as Base
from stages.draw.latex import cells_to_line, escaped, tabular
from stages.draw.runs import Run, open_run
from stages.draw.style import stamp
from stages.draw.table import Row, rows_to_csv, rows_to_markdown
from stages.papers.ganseg.report.names import NOT_RUN
from stages.papers.ganseg.report.verdicts import HEAD, Ruled, ruled

ALWAYS = ("n1", "n2")
# What is looked at: (where it stands in the score, its name, unit, words).
NUMBERS = (
    ("values", "foreground", "1", "mean foreground share"),
    ("values", "empty_samples", "1", "samples whose parts are all under 1 px"),
    ("values", "image_deviation", "[-1, 1] units", "deviation of pixels over images"),
    ("mechanism", "scale_largest", "squared coordinates", "largest τ before its floor"),
    ("mechanism", "scale_median", "squared coordinates", "median τ before its floor"),
    ("mechanism", "heat_pixels", "px of the first level", "pixels of a part's heat-map above its limit"),
)
GATES = ("lite", "paper")


class Block(Base):
    """Below which `extent` τ counts as 0, and below how many `pixels` of a heat-map a part counts as vanished."""

    profile: Literal["smoke", "demo", "lite", "paper"]
    extent: float = Field(gt=0)
    pixels: float = Field(gt=0)


@dataclass(frozen=True)
class Short:
    """One short run: its row (n1, n2, n3), its seed, and its score."""

    row: str
    seed: int
    run: Run

    def number(self, where: str, name: str) -> float | None:
        """One number of the score; None where the run was not made."""
        return None if self.run.facts is None else float(self.run.facts[where][name])

    def fired(self) -> str:
        """The rules that fired."""
        return NOT_RUN if self.run.facts is None else ", ".join(self.run.facts["fired"]) or "none"


def open_all(inputs: Mapping[str, Path]) -> list[Short]:
    """The scores `collapse_<row>_<seed>`, in order. Raises: ValueError where there is none."""
    found = []
    for name, folder in sorted(inputs.items()):
        if name.startswith("collapse_"):
            row, _, seed = name.removeprefix("collapse_").partition("_")
            found.append(Short(row, int(seed), open_run(folder, "score")))
    if not found:
        raise ValueError(f"expected inputs named collapse_<row>_<seed>, got {sorted(inputs)}")
    return found


def tabulate(block: Block, inputs: Mapping[str, Path]) -> dict[str, str]:
    """The report as csv, md and tex, from `collapse_<row>_<seed>` folders."""
    shorts = open_all(inputs)
    return {
        "csv": to_csv(shorts, block.profile),
        "md": to_markdown(shorts, block),
        "tex": to_latex(shorts, block.profile),
    }


def verdict_of(shorts: list[Short], block: Block) -> Ruled:
    """C4: with 1 and 2 points the detector fires on every seed (lite, paper).

    A demo run is too short to gate on images; there the mechanism decides: τ is 0 before its floor, and a heat-map has
    fewer than the block's pixels, which makes all parts vanish whatever is trained on top (settled for the demo).
    """
    gates = block.profile in GATES
    held = {}
    for short in shorts:
        if short.row in ALWAYS and short.run.facts is not None:
            largest, pixels = (short.number("mechanism", name) for name in ("scale_largest", "heat_pixels"))
            vanished = largest is not None and pixels is not None and largest < block.extent and pixels < block.pixels
            held[f"{short.row} seed {short.seed}"] = bool(short.run.facts["fired"]) if gates else vanished
    rule = (
        "the detector fires on every seed with n = 1 and n = 2"
        if gates
        else f"with n = 1 and 2: τ < {block.extent:g} before its floor and fewer than {block.pixels:g} px of heat-map"
    )
    total, seeds = (
        sum(short.row in ALWAYS for short in shorts),
        max(1, len({short.seed for short in shorts if short.run.facts is not None})),
    )
    found = ruled(
        "C4", rule, block.profile, [(name, "yes" if met else "no", met) for name, met in held.items()], total, seeds
    )
    return replace(found, columns=f"{found.columns} runs")


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
                method=f"{short.row}_seed{short.seed}", dataset="celeba_wild", metric=name, unit=unit,
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
        lines.append([f"n = {short.row[1:]}, seed {short.seed}", *cells, short.fired()])
    return "\n".join([
        f"# Collapse with few points a part, {block.profile} profile\n",
        f"{stamp(block.profile).capitalize()}. Printed, without numbers: the network always collapses for n at most "
        "2 and occasionally for n = 3. Under the variance of radii two points are always equally far from their "
        "mean, so τ is 0 but for its floor and every heat-map is a spike.\n",
        rows_to_markdown(["run", *(words for _, _, _, words in NUMBERS), "rules that fired"], lines),
        "## What the prose says\n",
        rows_to_markdown(HEAD, [verdict_of(shorts, block).row()]),
    ])  # fmt: skip


def to_latex(shorts: list[Short], profile: str) -> str:
    """A booktabs tabular with one line a run."""
    notes = [f"Collapse report; {stamp(profile)}.", "Needs booktabs."]
    head = [cells_to_line(["run", *(escaped(name) for _, name, _, _ in NUMBERS), "fired"])]
    body = []
    for short in shorts:
        values = [short.number(where, name) for where, name, _, _ in NUMBERS]
        cells = [NOT_RUN if value is None else f"{value:.3g}" for value in values]
        body.append([f"$n = {short.row[1:]}$, seed {short.seed}", *cells, escaped(short.fired())])
    return tabular(notes, f"l{'c' * (len(NUMBERS) + 1)}", head, body)
