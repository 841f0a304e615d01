"""Figures 5 to 7: different losses for paired translation. Source: supp §6, Fig. 5 (ADE20K), 6, 7."""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from stages.data.prepared.packed import Packed
from stages.draw.drawn import Drawn
from stages.draw.table import check_same
from stages.papers.monce.report.block import ReportBlock
from stages.papers.monce.report.given import HEADINGS, given
from stages.papers.monce.report.names import PAIRED, PAIRED_METHODS
from stages.papers.monce.report.scores import Score, open_score
from stages.papers.monce.report.sheets import Tile, columns_of, said_of, shown, to_figure


class Block(ReportBlock):
    """The number of the figure and its set."""

    figure: int
    dataset: Literal["rooms", "face_parts", "people"]


def illustrate(block: Block, inputs: Mapping[str, Path]) -> Drawn:
    """Inputs: data, score, and of a set with further losses more, whose Contextual column is shown where it was run."""
    score, title = open_score(inputs, "score", block.profile), PAIRED[block.dataset]
    if score.run.facts is not None and score.facts["data"] != block.dataset:
        raise ValueError(f"{inputs['score']}: expected the score of {block.dataset}, got {score.facts['data']}")
    conditions = shown_conditions(score, inputs["data"], block.dataset)
    columns, said = columns_of(score, PAIRED_METHODS), said_of(score, PAIRED_METHODS)
    further = open_score(inputs, "more", block.profile) if "more" in inputs else None
    if further is not None and not further.reason("contextual"):
        check_same("shown items", [(one.folder.name, one.facts["shown"]) for one in (score, further)])
        columns = dict([*columns.items()][:1]) | columns_of(further, ["contextual"]) | columns
    figure = to_figure(title, {HEADINGS[block.dataset]: conditions, "photo": shown(score, "target")}, columns)
    caption = (
        f"Figure {block.figure}. Different losses for paired translation on {title}: what the generator is given, the "
        f"photo that belongs to it, and what each loss made of SPADE. Numbers: monce_paired. {said}"
    )
    return Drawn(figure, block.profile, caption)


def shown_conditions(score: Score, data: Path, dataset: str) -> list[Tile]:
    """What the generators are given of each shown item, or why nothing is shown."""
    if score.run.facts is None:
        return [f"not run: {score.run.reason}"]
    return [*given(Packed.open(data), score.facts["shown"], dataset)]
