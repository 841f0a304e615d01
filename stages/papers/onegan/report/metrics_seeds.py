"""Every measure of the trained models over all their seeds, as mean and standard deviation."""

from collections.abc import Mapping
from pathlib import Path

from stages.draw.ruled import seeds_text
from stages.papers.onegan.report import clustering, metrics, segmentation, swap
from stages.papers.onegan.report.block import ReportBlock as Block
from stages.papers.onegan.report.names import SETS
from stages.papers.onegan.report.pages import Page, page_to_texts
from stages.papers.onegan.report.runs import open_scores

FAMILIES = tuple(dict.fromkeys((*metrics.FAMILIES, *clustering.FAMILIES, *segmentation.FAMILIES, *swap.FAMILIES)))


def tabulate(block: Block, inputs: Mapping[str, Path]) -> dict[str, str]:
    """csv, md and tex, from score_<set>_<seed> of all seeds."""
    scores = open_scores(inputs, "score", block.profile)
    made = ", ".join(f"{SETS[name]} {seeds_text(len(score.by_seed))}" for name, score in scores.items())
    said = f"Mean and standard deviation (n - 1) over the seeds that were run: {made}. An ordering needs three. "
    methods = ("onegan", "permuted", "all_ones", "kmeans")
    return page_to_texts(Page("Seeds", block.profile, scores, FAMILIES, methods, said))
