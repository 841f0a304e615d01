"""What the prose says of the weights of the part losses: claims C12 and C13, on CelebA-in-the-wild.

Source: supp §F.4; runs and limits ours (gap G26).
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from stages.draw.runs import Run, check_profile, open_run
from stages.draw.verdict import FAILS, NOT_DECIDED
from stages.papers.ganseg.report.names import COLUMNS
from stages.papers.ganseg.report.verdicts import Ruled, gain, ruled

SET = "celeba_wild"
HEAVY = "k4_heavy"
AREAS = {"k4": ("k4_half", "k4_double"), "k16": ("k16_half", "k16_double")}  # half and twice the area's weight
BARE = "no_area"
COLUMN = next(column for column in COLUMNS if column.dataset == SET)


def open_all(inputs: Mapping[str, Path], profile: str) -> dict[str, Run]:
    """The scores `weight_<name>` of other weights, and those of K = 4, 16 and of the main run with the paper's.

    Raises: ValueError where a run is of another profile.
    """
    names = (HEAVY, *(name for pair in AREAS.values() for name in pair), BARE)
    runs = {(name, SET): open_run(inputs[f"weight_{name}"], "score") for name in names}
    for row in ("k4", "k16", "original"):
        runs[row, SET] = open_run(inputs[f"score_{row}_{SET}"], "score")
    check_profile(runs, profile)
    return {row: run for (row, _), run in runs.items()}


def error_of(run: Run) -> float | None:
    """The landmark error; None where the run was not made."""
    value = run.value(COLUMN.metric)
    return None if value is None else float(value["value"])


def heavy_is_trivial(runs: Mapping[str, Run], profile: str) -> Ruled:
    """C12: four parts with the concentration's weight of 32 are trivial, or worse than with their own weight."""
    rule = (
        "K = 4 under λ_con of K = 32: the detector of triviality fires, or the error is above that under its own λ_con"
    )
    heavy, own = runs[HEAVY], runs["k4"]
    ours, plain = error_of(heavy), error_of(own)
    if heavy.facts is None or ours is None or plain is None:
        lacking = " and ".join(name for name, run in (("K = 4 under λ_con of K = 32", heavy), ("K = 4", own))
                               if run.facts is None)  # fmt: skip
        return unmade(ruled("C12", rule, profile, [], 1), lacking)
    fired = heavy.facts["triviality"]["fired"]
    said = f"{ours:.2f} % against {plain:.2f} %, {', '.join(fired) or 'nothing fires'}"
    return ruled("C12", rule, profile, [(COLUMN.head, said, bool(fired) or ours > plain)], 1)


def area_is_insensitive(runs: Mapping[str, Run], profile: str, near: float, severe: float) -> Ruled:
    """C13: half and twice the area's weight change little at every K, and without the area loss much is lost."""
    rule = (
        f"at K = 4 and 16 the error under half and twice λ_area is within {near:.0%} of that under 1, and without the "
        f"area loss at least {severe:.0%} above the main run's"
    )
    held, lacking = [], []
    pairs = [(row, name) for row, names in AREAS.items() for name in names]
    for base, name in (*pairs, ("original", BARE)):
        ours, plain = error_of(runs[name]), error_of(runs[base])
        if ours is None or plain is None:
            lacking += [place for place, value in ((name, ours), (base, plain)) if value is None]
            continue
        loss = -gain(ours, plain, COLUMN)
        held.append((name, f"{loss:+.1%}", loss >= severe if name == BARE else abs(loss) <= near))
    found = ruled("C13", rule, profile, held, len(pairs) + 1)
    return found if not lacking or found.verdict.word == FAILS else unmade(found, ", ".join(dict.fromkeys(lacking)))


def unmade(found: Ruled, lacking: str) -> Ruled:
    """A verdict that runs are missing for: not run where none was made, else not decided; it says which."""
    word = NOT_DECIDED if found.verdict.parts else found.verdict.word
    return replace(found, verdict=replace(found.verdict, word=word, why=f"this profile does not run {lacking}"))
