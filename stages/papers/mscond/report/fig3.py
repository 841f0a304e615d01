"""Figure 3: objects that MsConD makes, a row for each category, with the detector's boxes. Source: supp §3, Fig. 3."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from stages.draw.drawn import Drawn
from stages.draw.grid import Group, Measures, Row, Sheet, enlarge, sheet_to_figure
from stages.papers.mscond.report.block import ReportBlock as Block
from stages.papers.mscond.report.names import MSCOND, SETS
from stages.papers.mscond.report.samples import Sample, open_sample

MEASURES = Measures(tile=128, label=250, head=40, title=54)
COLUMNS = 6
INNER, OUTER = (255, 255, 255), (31, 35, 40)  # a light line within a dark one is seen on any object


def illustrate(block: Block, inputs: Mapping[str, Path]) -> Drawn:
    """Inputs: sample_<set>_s1_16_on of all three sets."""
    samples = {name: open_sample(inputs, name, MSCOND, block.profile) for name in SETS}
    groups = tuple(Group(SETS[name], rows(sample)) for name, sample in samples.items())
    figure = sheet_to_figure(Sheet(("",) * COLUMNS, groups, ()), MEASURES)
    ran = [sample for sample in samples.values() if not sample.reason]
    said = ""
    if ran:
        detector = ran[0].objects["detector"]
        facts = ran[0].facts
        said = (
            f"All with truncation psi = {facts['psi']:g} (gap G14). Boxes: every one of the row's category that the "
            f"detector accepts, {detector_of(detector)}. Pictures: of {facts['looked_at']:,} latents in their order "
            f"the first {facts['shown']} with such an object, none chosen; below: the latent's number. Pictures with "
            f"one: {counts(samples)}. "
        )
    absent = [f"{SETS[name]} ({sample.reason})" for name, sample in samples.items() if sample.reason]
    said += f"Not run: {', '.join(absent)}. " if absent else ""
    caption = f"Figure 3. Samples of MsConD, seed 0. Each row shows objects of one category. {said}"
    return Drawn(figure, block.profile, f"{caption}Numbers: mscond_object_fid.")


def detector_of(facts: Mapping[str, Any] | None) -> str:
    """What the detector says that it is: the one of drawn scenes looks for hues."""
    kind = "none" if facts is None else facts["architecture"]
    return "which looks for the hues of drawn objects (blob)" if kind == "blob" else str(kind)


def counts(samples: Mapping[str, Sample]) -> str:
    """`Cityscapes, car 57, bus 12`."""
    said = []
    for name, sample in samples.items():
        held = sample.objects.get("categories", {})
        found = [f"{one} {held[one]['pictures']:,}" for one in sample.facts.get("categories", ()) if one in held]
        said += [] if sample.reason else [f"{SETS[name]}, {', '.join(found) or 'none'}"]
    return "; ".join(said)


def rows(sample: Sample) -> tuple[Row, ...]:
    """A row for each category; one of reasons where the set was left out."""
    if sample.reason:
        return (Row("", (f"not run: {sample.reason}",) * COLUMNS),)
    return tuple(row_of(sample, category) for category in sample.facts["categories"])


def row_of(sample: Sample, category: str) -> Row:
    """A category's pictures with boxes and latents' numbers, filled up with empty places; or a tile with the reason."""
    pictures = sample.of(category)
    if isinstance(pictures, str):
        return Row(category, (pictures, *[None] * (COLUMNS - 1)))
    held = sample.objects["categories"][category]
    tiles: list[np.ndarray] = [with_boxes(*one) for one in zip(pictures, held["boxes"], strict=True)][:COLUMNS]
    notes = [str(latent) for latent in held["latents"]][:COLUMNS]
    more = COLUMNS - len(tiles)
    return Row(category, (*tiles, *[None] * more), (*notes, *[""] * more))


def with_boxes(picture: np.ndarray, boxes: Sequence[Sequence[float]]) -> np.ndarray:
    """A picture blown up to a tile with its boxes. Shapes: uint8 [S S 3], boxes (x1, y1, x2, y2) in pixels."""
    factor = max(1, round(MEASURES.tile / len(picture)))
    drawn = enlarge(picture, factor)
    for box in boxes:
        left, up, right, down = (round(side * factor) for side in box)
        for reach, ink in ((1, OUTER), (0, INNER)):
            outline(drawn, left - reach, up - reach, right + reach, down + reach, ink)
    return drawn


def outline(picture: np.ndarray, left: int, up: int, right: int, down: int, ink: tuple[int, int, int]) -> None:
    """A line one pixel wide within a box, in place; what lies outside the picture is drawn at its edge."""
    last = len(picture) - 1
    left, up, right, down = (min(max(side, 0), last) for side in (left, up, right - 1, down - 1))
    picture[[up, down], left : right + 1] = ink
    picture[up : down + 1, [left, right]] = ink
