"""All twelve claims with their rules, what was measured and the verdicts. Source: claims.yaml."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from stages.draw.latex import cells_to_line, escaped, tabular
from stages.draw.ruled import HEAD, Ruled, rules_to_csv
from stages.draw.style import stamp
from stages.draw.table import rows_to_markdown
from stages.papers.onegan.report.block import ReportBlock as Block
from stages.papers.onegan.report.verdicts import o1, o2, o3, o4, o5, o6, o7, o8, o9, o10, o11, o12

EVERY: dict[str, Callable[[str, Mapping[str, Path]], Ruled]] = {
    "O1": o1, "O2": o2, "O3": o3, "O4": o4, "O5": o5, "O6": o6, "O7": o7, "O8": o8, "O9": o9, "O10": o10, "O11": o11,
    "O12": o12,
}  # fmt: skip


def tabulate(block: Block, inputs: Mapping[str, Path]) -> dict[str, str]:
    """csv, md and tex, from claims and every score that decides one; as many seeds as are given.

    Raises: ValueError for a claim without a rule.
    """
    import yaml

    listed: list[dict[str, Any]] = yaml.safe_load(inputs["claims"].read_text(encoding="utf-8"))
    if (names := [claim["id"] for claim in listed]) != list(EVERY):
        raise ValueError(f"{inputs['claims']}: expected the claims {', '.join(EVERY)}, got {', '.join(names)}")
    found = {name: decide(block.profile, inputs) for name, decide in EVERY.items()}
    parts = [
        f"# Claims of OneGAN, {block.profile} profile\n",
        f"{stamp(block.profile).capitalize()}. O4, O7, O8 and O11 compare trainings and need three seeds; O10 is "
        "arithmetic; FineGAN, with which O3 and O12 compare, is not built. A set that a profile leaves out decides "
        "nothing. Weights of nearly all losses are ours (gap G1), beside every verdict.\n",
        rows_to_markdown(HEAD, [one.row() for one in found.values()]),
    ]
    for claim in listed:
        verdict = found[claim["id"]].verdict
        parts.append(
            f"- **{claim['id']}** ({claim['evidence']}): {claim['claim']} {verdict.word.capitalize()}; worth: "
            f"{verdict.worth}; numbers in results/{claim['measured_by']}.\n"
        )
    notes = [f"Claims of OneGAN; {stamp(block.profile)}.", "Needs booktabs."]
    body = [[name, escaped(one.verdict.marked())] for name, one in found.items()]
    tex = tabular(notes, "ll", [cells_to_line(["claim", "verdict"])], body)
    return {"csv": rules_to_csv(*found.values()), "md": "\n".join(parts), "tex": tex}
