"""Figure 2: what the reconstruction path makes of test photos. Source: supp §D.2, Fig. 2."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stages.draw.drawn import Drawn
from stages.draw.grid import Row
from stages.papers.onegan.report.block import ReportBlock as Block
from stages.papers.onegan.report.runs import open_scores
from stages.papers.onegan.report.said import masks_are_grey
from stages.papers.onegan.report.samples import Sample, open_samples
from stages.papers.onegan.report.sheets import grey, said_of, to_figure

LABELS = ("(i) real", "(ii) reconstruction", "(iii) foreground", "(iv) background", "(v) real mask",
          "(vi) predicted mask")  # fmt: skip


def illustrate(block: Block, inputs: Mapping[str, Path]) -> Drawn:
    """Inputs: sample_<set>, and score_<set> for how decided masks are."""
    samples = open_samples(inputs, "sample", "sample", block.profile)
    ran = {name: sample for name, sample in samples.items() if not sample.reason}
    figure = to_figure(LABELS, {name: rows(sample) for name, sample in ran.items()}, samples)
    caption = (
        "Figure 2. Reconstruction of test photos. From top to bottom: (i) photo; (ii) reconstruction; (iii) "
        "foreground and (iv) background that it is composed of; (v) the set's mask, for dogs and cars as a detection "
        "gives it; (vi) predicted mask, soft, with its IoU at a threshold of .5 below (behind the stroke: with the "
        "exact mask of a drawn photo, where (v) is another). "
        f"{masks_are_grey(open_scores(inputs, 'score', block.profile))}Numbers: onegan_segmentation, onegan_metrics. "
        f"{said_of(samples, {name: sample.facts['fig2']['keys'] for name, sample in ran.items()})}"
    )
    return Drawn(figure, block.profile, caption)


def rows(sample: Sample) -> list[Row]:
    """The six rows of a set."""
    shown = sample.facts["fig2"]
    count = len(shown["keys"])
    names = ("fig2_image", "fig2_made", "fig2_foreground", "fig2_background")
    found = [Row(label, tuple(sample.pictures(name, (count,)))) for label, name in zip(LABELS, names, strict=False)]
    masks = [tuple(map(grey, sample.pictures(f"fig2_{name}", (count,)))) for name in ("truth", "mask")]
    return [*found, Row(LABELS[4], masks[0]), Row(LABELS[5], masks[1], notes(shown))]


def notes(shown: Mapping[str, Any]) -> tuple[str, ...]:
    """IoU with the mask that is shown and, where the exact one is another, with that."""
    exact, detected = (shown.get(name, [None] * len(shown["iou"])) for name in ("iou_exact", "detection_iou"))
    return tuple(
        f"IoU {iou:.2f}" if true is None or found == 1 else f"IoU {iou:.2f} / {true:.2f}"
        for iou, true, found in zip(shown["iou"], exact, detected, strict=True)
    )
