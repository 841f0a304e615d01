"""All nine claims with their rules, what was measured and the verdicts. Source: claims.yaml."""

from collections.abc import Mapping
from pathlib import Path

from stages.draw.claimed import Decide, claims_to_texts
from stages.papers.mscond.report.block import ReportBlock as Block
from stages.papers.mscond.report.verdicts import c1, c2, c3, c4, c5, c6, c7, c8, c9

EVERY: dict[str, Decide] = {
    "C1": c1, "C2": c2, "C3": c3, "C4": c4, "C5": c5, "C6": c6, "C7": c7, "C8": c8, "C9": c9,
}  # fmt: skip


def tabulate(block: Block, inputs: Mapping[str, Path]) -> dict[str, str]:
    """csv, md and tex, from claims, reported and every score and model that decides one.

    Raises: ValueError for a claim without a rule.
    """
    said = (
        "All but C9 compare trainings and need three seeds of each; with fewer they are not testable, and the numbers "
        "stand beside. The contrastive task is known by its purpose alone (gap G1), beside every verdict."
    )
    return claims_to_texts("MsConD", block.profile, said, EVERY, inputs)
