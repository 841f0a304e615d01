"""All twelve claims with their rules, what was measured and the verdicts. Source: claims.yaml."""

from collections.abc import Mapping
from pathlib import Path

from stages.draw.claimed import Decide, claims_to_texts
from stages.papers.onegan.report.block import ReportBlock as Block
from stages.papers.onegan.report.verdicts import o1, o2, o3, o4, o5, o6, o7, o8, o9, o10, o11, o12

EVERY: dict[str, Decide] = {
    "O1": o1, "O2": o2, "O3": o3, "O4": o4, "O5": o5, "O6": o6, "O7": o7, "O8": o8, "O9": o9, "O10": o10, "O11": o11,
    "O12": o12,
}  # fmt: skip


def tabulate(block: Block, inputs: Mapping[str, Path]) -> dict[str, str]:
    """csv, md and tex, from claims and every score that decides one; as many seeds as are given.

    Raises: ValueError for a claim without a rule.
    """
    said = (
        "O4, O7, O8 and O11 compare trainings and need three seeds; O10 is arithmetic; FineGAN, with which O3 and O12 "
        "compare, is not built. A set that a profile leaves out decides nothing. Weights of nearly all losses are ours "
        "(gap G1), beside every verdict."
    )
    return claims_to_texts("OneGAN", block.profile, said, EVERY, inputs)
