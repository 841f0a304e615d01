"""The auto-encoders' findings, opened for figure 6 and for ae_triviality.json."""

from collections.abc import Mapping
from pathlib import Path

from stages.draw.runs import Run, open_run
from stages.papers.ganseg.report.names import DATASETS
from stages.papers.ganseg.report.verdicts import Ruled, judged

KINDS = {"points": "points from a U-Net", "masks": "masks from DeepLab V3"}


def open_all(inputs: Mapping[str, Path]) -> dict[tuple[str, str], Run]:
    """The scores `encoded_<kind>_<set>` of both kinds on every set, by (kind, set)."""
    return {(kind, name): open_run(inputs[f"encoded_{kind}_{name}"], "score") for kind in KINDS for name in DATASETS}


def verdict_of(runs: Mapping[tuple[str, str], Run], profile: str) -> Ruled:
    """C8: the detector fires for both kinds, on every set that ran."""
    held = [
        (f"{kind} on {DATASETS[name]}", bool(run.facts["fired"]))
        for (kind, name), run in runs.items()
        if run.facts is not None
    ]
    return judged("C8", "the detector of triviality fires for both kinds on every set", profile, held, len(runs))
