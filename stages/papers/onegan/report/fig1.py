"""Figure 1: pictures made with the classes of a real one, each row with a z of its own. Source: supp §D.1, Fig. 1."""

from collections.abc import Mapping
from pathlib import Path

from stages.draw.drawn import Drawn
from stages.draw.grid import Row
from stages.papers.onegan.report.block import ReportBlock as Block
from stages.papers.onegan.report.said import z_is_ignored
from stages.papers.onegan.report.samples import Sample, open_samples
from stages.papers.onegan.report.sheets import said_of, to_figure

LABELS = ("(i) real", "(ii) z 1", "(iii) z 2", "(iv) z 3", "(v) z 4", "(vi) z 5")


def illustrate(block: Block, inputs: Mapping[str, Path]) -> Drawn:
    """Inputs: sample_<set>."""
    samples = open_samples(inputs, "sample", "sample", block.profile)
    ran = {name: sample for name, sample in samples.items() if not sample.reason}
    figure = to_figure(LABELS, {name: rows(sample) for name, sample in ran.items()}, samples)
    ignored = z_is_ignored({name: sample.facts["fig1"]["z_ratio"] for name, sample in ran.items()})
    caption = (
        "Figure 1. Conditional generation. From top to bottom: (i) real test photo; (ii) to (vi) pictures generated "
        "with the child and parent classes that the encoders find in it, one z for a whole row; below them child and "
        "parent class. Half of the columns are spread apart, half are near neighbours. "
        f"{ignored}Numbers: onegan_clustering. "
        f"{said_of(samples, {name: sample.facts['fig1']['keys'] for name, sample in ran.items()})}"
    )
    return Drawn(figure, block.profile, caption)


def rows(sample: Sample) -> list[Row]:
    """The reference and a row for each z; below them the child and parent class of each column, from 1."""
    shown = sample.facts["fig1"]
    first = Row(LABELS[0], tuple(sample.pictures("fig1_reference", (len(shown["keys"]),))))
    pictures = sample.pictures("fig1", (None, len(shown["keys"])))
    made = [Row(label, tuple(line)) for label, line in zip(LABELS[1:], pictures, strict=False)]
    codes = zip(shown["child"], shown["parent"], strict=True)
    notes = tuple(f"{child + 1} / {parent + 1}" for child, parent in codes)
    return [first, *made[:-1], Row(made[-1].label, made[-1].tiles, notes)]
