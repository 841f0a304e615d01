"""Figure 3: test photos reconstructed with the child code of other categories. Source: supp §D.3, Fig. 3."""

from collections.abc import Mapping
from pathlib import Path

from stages.draw.drawn import Drawn
from stages.draw.grid import Row
from stages.papers.onegan.report.block import ReportBlock as Block
from stages.papers.onegan.report.names import SETS
from stages.papers.onegan.report.runs import Score, open_scores
from stages.papers.onegan.report.said import mean
from stages.papers.onegan.report.samples import Sample, open_samples
from stages.papers.onegan.report.sheets import said_of, to_figure

LABELS = ("category", "(i) real, then swapped")


def illustrate(block: Block, inputs: Mapping[str, Path]) -> Drawn:
    """Inputs: sample_<set>, and score_<set> for what a swap changes."""
    samples = open_samples(inputs, "sample", "sample", block.profile)
    ran = {name: sample for name, sample in samples.items() if not sample.reason}
    figure = to_figure(LABELS, {name: rows(sample) for name, sample in ran.items()}, samples, (0,))
    scores = open_scores(inputs, "score", block.profile)
    caption = (
        "Figure 3. Image to image translation. Left: (i) test photos; right of each its reconstruction with the child "
        "code of the category at the top of the column, which is told by its most certain photo. The background is "
        f"made anew in every cell, from what the new mask leaves. {changes(scores)}Numbers: onegan_swap. "
        f"{said_of(samples, {name: sample.facts['fig3']['source_keys'] for name, sample in ran.items()})}"
    )
    return Drawn(figure, block.profile, caption)


def rows(sample: Sample) -> list[Row]:
    """The categories' photos with their classes from 1, then a row for each source."""
    shown = sample.facts["fig3"]
    sources, targets = len(shown["source_keys"]), len(shown["target_child"])
    head = Row(LABELS[0], (None, *sample.pictures("fig3_target", (targets,))),
               ("", *(f"child {child + 1}" for child in shown["target_child"])))  # fmt: skip
    lines = zip(sample.pictures("fig3_source", (sources,)), sample.pictures("fig3", (sources, targets)), strict=True)
    return [head, *(Row("" if place else LABELS[1], (source, *line)) for place, (source, line) in enumerate(lines))]


def changes(scores: Mapping[str, Score]) -> str:
    """How much a swap changes inside and outside the mask, by set."""
    said = []
    for name, score in scores.items():
        inside, outside = (mean(score, "onegan", f"swap_{where}") for where in ("inside", "outside"))
        if inside is not None and outside is not None:
            said.append(f"{SETS[name]} {inside:.2f} and {outside:.2f}")
    return f"Change inside and outside the mask: {', '.join(said)}. " if said else ""
