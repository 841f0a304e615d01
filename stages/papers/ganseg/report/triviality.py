"""The auto-encoders' findings, opened for figure 6 and for ae_triviality.json."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from stages.draw.runs import Run, open_run
from stages.draw.verdict import FAILS, NOT_DECIDED
from stages.papers.ganseg.report.names import DATASETS
from stages.papers.ganseg.report.verdicts import Ruled, ruled

KINDS = {"points": "points from a U-Net", "masks": "masks from DeepLab V3"}


def open_all(inputs: Mapping[str, Path]) -> dict[tuple[str, str], Run]:
    """The scores `encoded_<kind>_<set>` of both kinds on every set, by (kind, set)."""
    return {(kind, name): open_run(inputs[f"encoded_{kind}_{name}"], "score") for kind in KINDS for name in DATASETS}


def open_mains(inputs: Mapping[str, Path]) -> dict[str, Run]:
    """The scores `score_original_<set>` of the main runs' segmenters, by set."""
    return {name: open_run(inputs[f"score_original_{name}"], "score") for name in DATASETS}


def verdict_of(runs: Mapping[tuple[str, str], Run], mains: Mapping[str, Run], profile: str) -> Ruled:
    """C8: the detector fires for both kinds, on every set that ran, and not for the main model's masks of it.

    Where it fires for those too, it does not tell a trivial solution from the method's, and the set decides nothing.
    """
    held, mute = [], []
    for (kind, name), run in runs.items():
        if run.facts is None:
            continue
        main = mains[name].facts
        place, said = f"{kind} on {DATASETS[name]}", ", ".join(run.facts["fired"]) or "nothing fires"
        if main is None or main["triviality"]["fired"]:
            mute.append(f"{DATASETS[name]} (main model: {'not run' if main is None else ', '.join(_fired(main))})")
        else:
            held.append((place, said, bool(run.facts["fired"])))
    rule = "the detector of triviality fires for both kinds and not for the main model's masks, on every set"
    found = ruled("C8", rule, profile, held, len(runs))
    if not mute:
        return found
    why = f"the detector tells nothing on {'; '.join(dict.fromkeys(mute))}"
    word = found.verdict.word if found.verdict.word == FAILS else NOT_DECIDED
    return replace(found, verdict=replace(found.verdict, word=word, why=why))


def _fired(main: Mapping[str, Any]) -> list[str]:
    return main["triviality"]["fired"]
