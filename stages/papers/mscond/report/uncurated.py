"""Figures 4 to 6: the first samples of four models on one set, each with its own distance: C1, C9.

Source: supp §3, Fig. 4 (Cityscapes), 5 (Livingroom), 6 (Kitchen).
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from stages.draw.drawn import Drawn
from stages.draw.grid import Group, Measures, Row, Sheet, sheet_to_figure
from stages.draw.table import read_reported
from stages.papers.mscond.report.block import ReportBlock
from stages.papers.mscond.report.fid import NOT_GIVEN
from stages.papers.mscond.report.names import MODELS, RUNS, SETS, title_of
from stages.papers.mscond.report.runs import Score, open_score
from stages.papers.mscond.report.samples import Sample, open_sample

MEASURES = Measures(tile=128, head=40, title=54)
COLUMNS = 9


class Block(ReportBlock):
    """The number of the figure and its set."""

    figure: int
    dataset: str


def illustrate(block: Block, inputs: Mapping[str, Path]) -> Drawn:
    """Inputs: sample_<set>_<run> and score_<set>_<run>_0 of the four models, and reported."""
    name, profile = block.dataset, block.profile
    samples = {run: open_sample(inputs, name, run, profile) for run in MODELS}
    scores = {run: open_score(inputs, name, run, profile) for run in MODELS}
    groups = tuple(
        Group(f"{title_of(run, profile)} ({distance(scores[run])})", rows(sample)) for run, sample in samples.items()
    )
    figure = sheet_to_figure(Sheet(("",) * COLUMNS, groups, ()), MEASURES)
    given = read_reported(inputs["reported"], "fid")
    printed = ", ".join(f"{RUNS[run]} {given.get((run, name, 'FID'), NOT_GIVEN)}" for run in MODELS)
    ran = [sample for sample in samples.values() if not sample.reason]
    said = ""
    if ran:
        said = (
            f"The first {ran[0].facts['uncurated']} latents of seed 0 as they come, none chosen, with truncation psi = "
            f"{ran[0].facts['psi']:g} (gap G14); distances are those of untruncated pictures. "
        )
    absent = [f"{title_of(run, profile)} ({one.reason})" for run, one in samples.items() if one.reason]
    said += f"Not run: {', '.join(absent)}. " if absent else ""
    caption = f"Figure {block.figure}. Uncurated samples for {SETS[name]}. {said}Printed FID: {printed}. "
    return Drawn(figure, profile, f"{caption}Numbers: mscond_fid.")


def distance(score: Score) -> str:
    """The Fréchet distance of the seed that is shown: `FD-demo 41.2`."""
    if score.reason:
        return "not run"
    metric = score.facts["scorer"]
    number = score.numbers(metric).get(0)
    return f"{metric} n/a" if number is None else f"{metric} {number:.4g}"


def rows(sample: Sample) -> tuple[Row, ...]:
    """Full rows of tiles, the last one filled up with empty places."""
    if sample.reason:
        return (Row("", (f"not run: {sample.reason}",) * COLUMNS),)
    tiles: list[np.ndarray | None] = [*sample.uncurated]
    tiles += [None] * (-len(tiles) % COLUMNS)
    return tuple(Row("", tuple(tiles[at : at + COLUMNS])) for at in range(0, len(tiles), COLUMNS))
