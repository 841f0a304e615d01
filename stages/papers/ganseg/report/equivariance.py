"""How exactly the architecture moves with its points: errors of the statements E1 to E14, with their bounds: C9.

Source: supp §E; spec §7.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from stages.block import Block as Base
from stages.data.files import read_json
from stages.papers.ganseg.report.verdicts import Ruled, ruled

# What each error is of, and whether it must stay below its limit, above it, or is only reported.
STATEMENTS = {
    "E1": ("heat-maps move with their points", "below"),
    "E2_together": ("the start tensor stays where points and grid move together", "below"),
    "E2_alone": ("the start tensor moves with the points", "below"),
    "E3": ("masks move with all points, over the whole visible overlap", "below"),
    "E3_float32": ("the same in single precision", "reported"),
    "E4_margin_4": ("control: masks with a margin of 4 px", "above"),
    "E4_margin_6": ("control: masks with a margin of 6 px", "reported"),
    "E5": ("control: masks on a grid whose corners are pixel centres", "above"),
    "E6": ("the foreground moves with compact masks and positions", "below"),
    "E7_inside": ("the foreground with the generator's own masks, inside", "below"),
    "E7_everywhere": ("the same up to the border, where masks are repeated outwards", "reported"),
    "E8": ("the background moves with its position", "below"),
    "E9_others": ("one part moves: the other heat-maps stay", "below"),
    "E9_additive": ("one part moves: the style changes by that part's share alone", "below"),
    "E10": ("one part moves: its softmax mask does not simply move", "reported"),
    "E11": ("another background changes the blend by M_bg (B' - B) alone", "below"),
    "E12": ("equation 6 by central differences, relative", "reported"),
    "E13": ("control: absolute coordinates in the start tensor", "above"),
    "E14_inside": ("the image moves, 2 px from the border inwards", "below"),
    "E14_everywhere": ("the same up to the border, where the head pads with zeros", "reported"),
}


class Block(Base):
    """Errors below `exact` count as none, errors above `broken` as a broken symmetry."""

    profile: Literal["smoke", "demo", "lite", "paper"]
    exact: float = Field(gt=0)
    broken: float = Field(gt=0)


def tabulate(block: Block, inputs: Mapping[str, Path]) -> dict[str, str]:
    """One JSON from the folder `equivariance`."""
    held = read_json(inputs["equivariance"] / "score.json")["cases"]
    cases = {name: judge(case, block) for name, case in held.items()}
    content = {
        "profile": block.profile,
        "limits": {"exact": block.exact, "broken": block.broken},
        "cases": cases,
        "claims": {"C9": verdict_of(cases, block).entry()},
        "fingerprint": read_json(inputs["equivariance"] / "receipt.json")["fingerprint"],
        "note": "Fresh weights, evaluation mode, float64; largest error over shifts of whole pixels along both axes.",
    }
    return {"json": json.dumps(content, sort_keys=True, indent=1, ensure_ascii=False) + "\n"}


def judge(case: Mapping[str, Any], block: Block) -> dict[str, Any]:
    """The case with every statement's words, limit and whether it holds."""
    statements = {}
    for name, error in case["errors"].items():
        words, side = STATEMENTS[name]
        limit = {"below": block.exact, "above": block.broken, "reported": None}[side]
        holds = None if limit is None else error < limit if side == "below" else error > limit
        statements[name] = {"says": words, "error": error, "expected": side, "limit": limit, "holds": holds}
    return {key: value for key, value in case.items() if key != "errors"} | {"statements": statements}


def verdict_of(cases: Mapping[str, Mapping[str, Any]], block: Block) -> Ruled:
    """C9: every exact statement is, and every control is broken, at both sizes; it is arithmetic."""
    held = [
        (f"{name} {case}", entry["holds"])
        for case, content in cases.items()
        for name, entry in content["statements"].items()
        if entry["holds"] is not None
    ]
    failed = [name for name, holds in held if not holds]
    largest = max(
        entry["error"] for content in cases.values() for entry in content["statements"].values()
        if entry["expected"] == "below"
    )  # fmt: skip
    measured = f"largest error {largest:.1e}" + (f"; not so: {', '.join(failed)}" if failed else "")
    rule = f"exact statements below {block.exact:g} in float64, controls above {block.broken:g}"
    said = [(name, "as stated" if holds else "not so", holds) for name, holds in held]
    return replace(ruled("C9", rule, block.profile, said, len(held), seeds=0), measured=measured)
