"""At the logits push and pull are equal, whatever Q, weights or iterations: half of M4, as arithmetic.

Source: supp §3's conjecture, spec §1 (note on M4), §8.14.
"""

from collections.abc import Mapping
from pathlib import Path

from stages.data.files import read_json
from stages.draw.ruled import Ruled
from stages.draw.verdict import FAILS, HOLDS, Part, Verdict

EXACT = 1e-12
RULE = f"|pull - push| tau below {EXACT:g} for three weightings, five Q and two counts of iterations, in float64"


def identity(profile: str, inputs: Mapping[str, Path]) -> Ruled:
    """M4's identity, from the score of `transport`; no seeds, since nothing is trained."""
    gaps = read_json(inputs["transport"] / "score.json")["largest_gaps"]
    parts = tuple(Part(mode, f"largest gap {gap:.1e}", int(gap < EXACT)) for mode, gap in gaps.items())
    word = HOLDS if all(gap < EXACT for gap in gaps.values()) else FAILS
    return Ruled(Verdict("M4", word, profile, parts, 0), RULE)
