"""All nine claims with their rules, what was measured and the verdicts. Source: claims.yaml."""

from collections.abc import Mapping
from pathlib import Path

from stages.draw.claimed import Decide, claims_to_texts
from stages.draw.ruled import Ruled
from stages.draw.verdict import NOT_DECIDED, Verdict
from stages.papers.monce.report.block import ReportBlock as Block
from stages.papers.monce.report.identity import identity
from stages.papers.monce.report.paired import m6, m7
from stages.papers.monce.report.q_sweep import m2, m3
from stages.papers.monce.report.receptive import m1
from stages.papers.monce.report.unpaired import m5
from stages.papers.monce.report.weighting import m8


def m4(profile: str, inputs: Mapping[str, Path]) -> Ruled:
    """M4's identity; the conjecture about training is reported in monce_force, and nothing decides it."""
    return identity(profile, inputs)


def m9(profile: str, inputs: Mapping[str, Path]) -> Ruled:
    """M9 is the text's plan for the future, which says nothing that numbers could refute."""
    why = "not asserted: the text's future work; lines of it stand in monce_weighting"
    return Ruled(Verdict("M9", NOT_DECIDED, profile, why=why), "none")


EVERY: dict[str, Decide] = {
    "M1": m1, "M2": m2, "M3": m3, "M4": m4, "M5": m5, "M6": m6, "M7": m7, "M8": m8, "M9": m9,
}  # fmt: skip


def tabulate(block: Block, inputs: Mapping[str, Path]) -> dict[str, str]:
    """csv, md and tex, from claims and every score that decides one. Raises: ValueError for a claim without a rule."""
    said = (
        "An ordering needs three seeds; a run that was not translated is in no verdict. M1 and M4's identity are "
        "arithmetic and hold or fail in every profile."
    )
    return claims_to_texts("MoNCE", block.profile, said, EVERY, inputs)
