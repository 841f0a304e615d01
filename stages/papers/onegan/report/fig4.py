"""Figure 4: backgrounds painted by OneGAN and by DIP, with real and predicted masks. Source: supp §D.4, Fig. 4."""

from collections.abc import Mapping
from pathlib import Path

from stages.draw.drawn import Drawn
from stages.draw.grid import Row
from stages.papers.onegan.report.block import ReportBlock as Block
from stages.papers.onegan.report.runs import open_scores
from stages.papers.onegan.report.said import filling_is_poor
from stages.papers.onegan.report.samples import Sample, open_samples
from stages.papers.onegan.report.sheets import said_of, to_figure

LABELS = ("(i) original", "(ii) real mask", "(iii) predicted mask", "(iv) OneGAN", "(v) DIP, real",
          "(vi) DIP, predicted")  # fmt: skip
NAMES = ("original", "hole_real", "hole_predicted", "onegan", "dip_real", "dip_predicted")
# Whose row of decibels stands below a row of pictures.
SCORED = {"onegan": "onegan_predicted", "dip_real": "dip_real", "dip_predicted": "dip_predicted"}


def illustrate(block: Block, inputs: Mapping[str, Path]) -> Drawn:
    """Inputs: inpainting_<set>."""
    samples = open_samples(inputs, "inpainting", "score", block.profile)
    ran = {name: sample for name, sample in samples.items() if not sample.reason}
    figure = to_figure(LABELS, {name: rows(sample) for name, sample in ran.items()}, samples)
    known = any(sample.facts["psnr"] for sample in ran.values())
    below = (
        "below a row the PSNR to the true background where the object is"
        if known
        else "no PSNR: the background behind the object is not known"
    )
    steps = max((sample.facts["steps"] for sample in ran.values()), default=0)
    caption = (
        "Figure 4. Background inpainting. From top to bottom: (i) photo; (ii) without every pixel that the real mask "
        "touches; (iii) without the predicted mask; (iv) OneGAN, one pass; (v) DIP with the real and (vi) with the "
        f"predicted mask, {steps:,} steps each, the last one's whole frame; {below}. Holes are white here and hidden "
        f"from DIP's loss. {filling_is_poor(open_scores(inputs, 'inpainting', block.profile))}"
        f"Numbers: onegan_inpainting. {said_of(samples, {name: sample.facts['keys'] for name, sample in ran.items()})}"
    )
    return Drawn(figure, block.profile, caption)


def rows(sample: Sample) -> list[Row]:
    """The six rows of a set, with decibels below the painted ones where the background is known."""
    count = len(sample.facts["keys"])
    found = []
    for label, name in zip(LABELS, NAMES, strict=True):
        decibels = sample.facts["psnr"].get(SCORED.get(name, ""), ())
        notes = tuple(f"{one:.1f} dB" for one in decibels)
        found.append(Row(label, tuple(sample.pictures(f"fig4_{name}", (count,))), notes))
    return found
