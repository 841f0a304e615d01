"""The short runs with 1, 2 and 3 points a part, and what the paper says of them: claim C4.

Source: supp §F.3; spec §7; limits ours (gap G21).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from pydantic import Field

from stages.block import Block as Base
from stages.draw.runs import Run, open_run
from stages.draw.verdict import FAILS, HOLDS, NOT_DECIDED, NOT_RUN
from stages.papers.ganseg.report import names
from stages.papers.ganseg.report.verdicts import Ruled, ruled

ALWAYS = ("n1", "n2")
GATES = ("lite", "paper")
TRAINED = "2,000"  # the steps after which the detector judges
SCALES = {"collapse": "radius_var", "deviation": "mean_abs"}  # of what was not run; a score says its own


class Block(Base):
    """Below which `extent` τ counts as 0, and below how many `pixels` of a heat-map a part counts as vanished."""

    profile: Literal["smoke", "demo", "lite", "paper"]
    extent: float = Field(gt=0)
    pixels: float = Field(gt=0)


@dataclass(frozen=True)
class Short:
    """One short run: its row (n1, n2, n3), its seed, how a part's extent follows from its points, and its score."""

    row: str
    seed: int
    scale: str
    run: Run

    @property
    def name(self) -> str:
        """What a table calls it."""
        return f"{self.scale}, n = {self.row[1:]}, seed {self.seed}"

    def vanished(self, block: "Block") -> bool:
        """Whether the extents are 0 before their floor and the heat-maps have hardly a pixel."""
        largest, pixels = (self.number("mechanism", name) for name in ("scale_largest", "heat_pixels"))
        return largest is not None and pixels is not None and largest < block.extent and pixels < block.pixels

    def number(self, where: str, name: str) -> float | None:
        """One number of the score; None where the run was not made."""
        return None if self.run.facts is None else float(self.run.facts[where][name])

    def fired(self) -> str:
        """The rules that fired."""
        return names.NOT_RUN if self.run.facts is None else ", ".join(self.run.facts["fired"]) or "none"


def open_all(inputs: Mapping[str, Path]) -> list[Short]:
    """The scores `collapse_<row>_<seed>` and those `deviation_<row>_<seed>` of the other definition, in order.

    Raises: ValueError where there is none.
    """
    found = []
    for name, folder in sorted(inputs.items()):
        kind, _, rest = name.partition("_")
        if kind in SCALES:
            row, _, seed = rest.partition("_")
            run = open_run(folder, "score")
            scale = SCALES[kind] if run.facts is None else run.facts["scale"]
            found.append(Short(row, int(seed), scale, run))
    if not found:
        raise ValueError(f"expected inputs named collapse_<row>_<seed>, got {sorted(inputs)}")
    return found


def few_collapse(shorts: list[Short], block: Block) -> Ruled:
    """C4, first part: with 1 and 2 points a part the network collapses on every seed.

    Under the variance of radii it does so by construction (gap G2): one or two points are equally far from their mean,
    so τ is 0 but for its floor, whatever is trained on top. What can fail is the released files' definition, the mean
    absolute deviation, and the detector judges it, after the steps of lite and paper.
    """
    held, built = [], []
    for short in shorts:
        facts = short.run.facts
        if short.row not in ALWAYS or facts is None:
            continue
        if short.scale == "mean_abs":
            held.append((short.name, short.fired(), bool(facts["fired"])))
        else:
            built.append((short.name, f"τ {facts['mechanism']['scale_largest']:.2g}", short.vanished(block)))
    rule = (
        f"under mean_abs the detector fires on every seed with n = 1 and 2; under radius_var τ < {block.extent:g} and "
        f"a heat-map has fewer than {block.pixels:g} px by construction"
    )
    total = sum(short.row in ALWAYS for short in shorts)
    found = ruled("C4", rule, block.profile, held + built, total, seeds_of(shorts))
    found = replace(found, columns=f"{found.columns} runs")
    if found.verdict.word == NOT_RUN or not all(met for *_, met in built) or (block.profile in GATES and held):
        return found
    lacking = f"{TRAINED} steps of lite and paper" if held else "runs of mean_abs"
    why = f"under radius_var by construction (gap G2); under mean_abs the detector lacks the {lacking}"
    return replace(found, verdict=replace(found.verdict, word=NOT_DECIDED, why=why))


def three_collapse(shorts: list[Short], block: Block) -> Ruled:
    """C4, second part: with 3 points a part the detector fires on some seeds and not on all."""
    three = [short for short in shorts if short.row == "n3" and short.scale == "radius_var"]
    held = [
        (short.name, short.fired(), bool(short.run.facts["fired"])) for short in three if short.run.facts is not None
    ]
    fired = [met for *_, met in held]
    rule = "with n = 3 the detector fires on some seeds and not on all"
    found = ruled("C4", rule, block.profile, held, len(three), seeds_of(shorts))
    found = replace(found, columns=f"{found.columns} runs")
    if not held:
        return found
    word, why = (FAILS, "") if all(fired) else (HOLDS, "")
    if not any(fired):
        word, why = NOT_DECIDED, f"no collapse in {len(fired)} runs, which is what happens once in four may miss"
    if block.profile not in GATES:
        word, why = NOT_DECIDED, f"the detector lacks the {TRAINED} steps of lite and paper"
    return replace(found, verdict=replace(found.verdict, word=word, why=why))


def seeds_of(shorts: list[Short]) -> int:
    """How many seeds ran, at least one."""
    return max(1, len({short.seed for short in shorts if short.run.facts is not None}))
