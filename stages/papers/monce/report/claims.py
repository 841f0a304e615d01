"""All nine claims with their rules, what was measured and the verdicts. Source: claims.yaml."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from stages.draw.latex import cells_to_line, escaped, tabular
from stages.draw.ruled import HEAD, Ruled, rules_to_csv
from stages.draw.style import stamp
from stages.draw.table import rows_to_markdown
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


EVERY: dict[str, Callable[[str, Mapping[str, Path]], Ruled]] = {
    "M1": m1, "M2": m2, "M3": m3, "M4": m4, "M5": m5, "M6": m6, "M7": m7, "M8": m8, "M9": m9,
}  # fmt: skip


def tabulate(block: Block, inputs: Mapping[str, Path]) -> dict[str, str]:
    """csv, md and tex, from claims and every score that decides one. Raises: ValueError for a claim without a rule."""
    import yaml

    listed: list[dict[str, Any]] = yaml.safe_load(inputs["claims"].read_text(encoding="utf-8"))
    if (names := [claim["id"] for claim in listed]) != list(EVERY):
        raise ValueError(f"{inputs['claims']}: expected the claims {', '.join(EVERY)}, got {', '.join(names)}")
    found = {name: decide(block.profile, inputs) for name, decide in EVERY.items()}
    parts = [
        f"# Claims of MoNCE, {block.profile} profile\n",
        f"{stamp(block.profile).capitalize()}. An ordering needs three seeds; a run that was not translated is in no "
        "verdict. M1 and M4's identity are arithmetic and hold or fail in every profile.\n",
        rows_to_markdown(HEAD, [one.row() for one in found.values()]),
    ]
    for claim in listed:
        verdict = found[claim["id"]].verdict
        parts.append(
            f"- **{claim['id']}** ({claim['evidence']}): {claim['claim']} {verdict.word.capitalize()}; worth: "
            f"{verdict.worth}; numbers in results/{claim['measured_by']}.\n"
        )
    notes = [f"Claims of MoNCE; {stamp(block.profile)}.", "Needs booktabs."]
    body = [[name, escaped(one.verdict.marked())] for name, one in found.items()]
    tex = tabular(notes, "ll", [cells_to_line(["claim", "verdict"])], body)
    return {"csv": rules_to_csv(*found.values()), "md": "\n".join(parts), "tex": tex}
