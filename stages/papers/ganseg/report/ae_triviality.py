"""Which rules of the detector of triviality fired for the two auto-encoders, with every number it looked at: C8.

Source: supp §F.1; spec §6.6.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from stages.block import Block as Base
from stages.draw.runs import Run
from stages.papers.ganseg.report.triviality import KINDS, open_all, open_mains, verdict_of

KEPT = ("parts", "steps", "n", "fired", "values", "reconstruction", "seed")


class Block(Base):
    """The profile that the file is about."""

    profile: Literal["smoke", "demo", "lite", "paper"]


def tabulate(block: Block, inputs: Mapping[str, Path]) -> dict[str, str]:
    """One JSON from `encoded_<kind>_<set>` of both kinds and every set, and `score_original_<set>` beside them."""
    runs, mains = open_all(inputs), open_mains(inputs)
    kinds: dict[str, Any] = {kind: {"encoder": said, "sets": {}} for kind, said in KINDS.items()}
    for (kind, name), run in runs.items():
        kinds[kind]["sets"][name] = entry(run)
    content = {
        "profile": block.profile,
        "kinds": kinds,
        "main": {name: main_entry(run) for name, run in mains.items()},
        "rules": {
            "background": "its mean share below 2 % or above 98 %",
            "one_part": "one part holds more than 90 % of the foreground on average",
            "still": "standard deviation of part centroids over photos below 1 px at 128 px",
            "vague": "mean entropy of masks above 0.9 log(K + 1)",
            "overlap": "IoU with the truth below 0.2, or within 0.02 of the whole photo's",
        },
        "claims": {"C8": verdict_of(runs, mains, block.profile).entry()},
    }
    return {"json": json.dumps(content, sort_keys=True, indent=1, ensure_ascii=False) + "\n"}


def main_entry(run: Run) -> dict[str, Any]:
    """What the detector says of the main model's masks, which are no trivial ones."""
    return {"not_run": run.reason} if run.facts is None else run.facts["triviality"] | {"fingerprint": run.fingerprint}


def entry(run: Run) -> dict[str, Any]:
    """One run's findings, or why there are none."""
    if run.facts is None:
        return {"not_run": run.reason}
    return {key: run.facts[key] for key in KEPT} | {"fingerprint": run.fingerprint}
