"""What the text claims, decided by the rules of claims.yaml over the runs that were made and translated."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from statistics import fmean

from stages.draw.ruled import Judged, Ruled, seeds_text
from stages.draw.verdict import (
    FAILS,
    HOLDS,
    NOT_DECIDED,
    NOT_RUN,
    SEEDS_OF_AN_ORDERING,
    Part,
    Verdict,
    word_of_halves,
)
from stages.papers.monce.report.names import SETS, SWEPT, TITLES, sense
from stages.papers.monce.report.scores import Score

ORDER = ("monce", "weight", "patch")  # from the best Fréchet distance to the worst, as the text has it


def together(claim: str, rule: str, profile: str, places: Sequence[Judged]) -> Ruled:
    """The verdict over all places: fails where one does, holds where all do, not run where none ran."""
    word = word_of_halves([place.word for place in places])
    ran = [place.seeds for place in places if place.word != NOT_RUN]
    why = "; ".join(dict.fromkeys(f"{place.part.where}: {place.why}" for place in places if place.why))
    alone = "" if len(places) > 1 else next((place.why for place in places), "")
    said = (alone or why) if word in (NOT_DECIDED, NOT_RUN) else ""
    return Ruled(Verdict(claim, word, profile, tuple(place.part for place in places), min(ran, default=1), said), rule)


def usable(scores: Iterable[Score | None], needed: Sequence[str], metric: str) -> tuple[list[dict[str, float]], str]:
    """The numbers of the runs by seed where all needed ones are there and translated; and why others are left out."""
    held, why = [], []
    for score in filter(None, scores):
        for seed in score.seeds():
            numbers = {run: score.number(run, metric, seed) for run in needed}
            found = {run: number for run, number in numbers.items() if number is not None}
            if len(found) < len(numbers):
                continue
            if failed := [TITLES[run] for run in needed if not score.translated(run, seed)]:
                why.append(f"seed {seed} of {', '.join(failed)} was not translated")
                continue
            held.append(found)
    return held, "; ".join(why)


def ordering(
    where: str, scores: Sequence[Score | None], needed: Sequence[str], metric: str, said: str, strict: bool
) -> Judged:
    """Whether a measure is best at the first run and worse at each next, seed by seed; three seeds decide."""
    held, left = usable(scores, needed, metric)
    sign = sense(metric)
    met = [is_ordered([sign * one[run] for run in needed], strict) for one in held]
    if not held:
        absent = [
            f"{TITLES[run]} ({why})" for run in needed if scores[0] is not None and (why := scores[0].reason(run))
        ]
        why = left or ("not run: " + ", ".join(absent) if absent else "not run")
        word = NOT_DECIDED if left else NOT_RUN
        return Judged(word, Part(where, left or "not run", None, metric), 0 if word == NOT_RUN else 1, why)
    means = {run: fmean(one[run] for one in held) for run in needed}
    came = f"{said}: {', '.join(f'{TITLES[run]} {mean:.4g}' for run, mean in means.items())}"
    part = Part(where, came, sum(met), metric, f"{means[needed[0]]:.6g}", "", "<" if strict else "<=",
                f"{means[needed[-1]]:.6g}")  # fmt: skip
    if len(held) < SEEDS_OF_AN_ORDERING:
        return Judged(NOT_DECIDED, part, len(held), "; ".join(filter(None, (seeds_text(len(held)), left))))
    return Judged(HOLDS if all(met) else FAILS, part, len(held))


def is_ordered(values: Sequence[float], strict: bool) -> bool:
    """Whether values rise from first to last."""
    return all(a < b if strict else a <= b for a, b in pairwise(values))


def spearman(first: Sequence[float], second: Sequence[float]) -> float:
    """The correlation of ranks, ties sharing the mean of theirs; 0 where a side has one value alone."""
    from scipy.stats import spearmanr

    if len(set(first)) == 1 or len(set(second)) == 1:
        return 0.0
    rho: float = spearmanr(first, second)[0]  # pyright: ignore[reportAssignmentType]
    return float(rho)


def rank_of_sweep(score: Score, metric: str) -> float | None:
    """Spearman's rho of Q and a measure over the five Q of seed 0; None where one is missing or not translated."""
    numbers = [score.number(run, metric) for run in SWEPT]
    if not all(score.translated(run) for run in SWEPT):
        return None
    held = [number for number in numbers if number is not None]
    return spearman(list(SWEPT.values()), held) if len(held) == len(SWEPT) else None


def q_moves(claim: str, profile: str, sweep: Score, seeds: Score | None, metric: str, falls: bool) -> Ruled:
    """M2 (the distance falls as Q rises) and M3 (content is kept worse): both ends in three seeds, and rho's sign."""
    needed = ("q5", "q01") if falls else ("q01", "q5")
    rule = (
        f"{metric} is better at Q = {'5 than at Q = 0.1' if falls else '0.1 than at Q = 5'} in all three seeds, and "
        f"Spearman's rho of Q over the five Q of seed 0 has that sign"
    )
    place = ordering(SETS["horses"], (sweep, seeds), needed, metric, "better first", strict=True)
    rho = rank_of_sweep(sweep, metric)
    if place.word in (HOLDS, FAILS):
        if rho is None:
            place = Judged(NOT_DECIDED, place.part, place.seeds, "not all five Q of seed 0 are there and translated")
        elif place.word == HOLDS and rho * sense(metric) * (-1 if falls else 1) <= 0:
            place = Judged(FAILS, place.part, place.seeds)
    found = together(claim, rule, profile, [place])
    said = "not all five Q" if rho is None else f"rho {rho:+.2f} over five Q"
    parts = (*found.verdict.parts, Part("seed 0", said, None, metric))
    return Ruled(Verdict(claim, found.verdict.word, profile, parts, found.verdict.seeds, found.verdict.why), rule)


def losses_are_ordered(claim: str, profile: str, scores: Mapping[str, Score], further: Mapping[str, Score]) -> Ruled:
    """M5 and M6: MoNCE <= WeightNCE <= PatchNCE in Fréchet distance on every set, in three seeds."""
    rule = "Fréchet distance of MoNCE ≤ WeightNCE ≤ PatchNCE on every set, in all three seeds"
    places = [
        ordering(SETS[name], (score, further.get(name)), ORDER, score.distance, score.distance, strict=False)
        for name, score in scores.items()
    ]
    return together(claim, rule, profile, places)


def direction_differs(profile: str, sweep: Score, rooms: Score, more: Score) -> Ruled:
    """M8: unpaired, hard negatives help and easy ones harm; paired, the other way round; each against PatchNCE."""
    rule = "Fréchet distance on Horse→Zebra: hard < PatchNCE < easy; on ADE20K: easy < PatchNCE < hard; in three seeds"
    places = [
        ordering(SETS["horses"], (sweep,), ("monce", "patch", "easy"), sweep.distance, sweep.distance, strict=True),
        ordering(SETS["rooms"], (merged(rooms, more),), ("monce", "patch", "hard"), rooms.distance, rooms.distance,
                 strict=True),
    ]  # fmt: skip
    return together("M8", rule, profile, places)


def merged(first: Score, second: Score) -> Score:
    """Two scores of one set as one; the first alone where the second holds nothing."""
    if first.run.facts is None or second.run.facts is None:
        return first if second.run.facts is None else second
    joined = {
        "values": [*first.facts["values"], *second.facts["values"]],
        "not_run": dict(first.facts["not_run"]) | dict(second.facts["not_run"]),
    }
    return Score(type(first.run)(dict(first.facts) | joined, first.run.fingerprint, ""), first.folder)


# Who judges the labels of a set in the text (supp §1).
JUDGES = {"street": "drn_d_105", "rooms": "upernet101"}


def judged_by(profile: str, scores: Mapping[str, tuple[Score, str]]) -> Ruled:
    """M7: both sets' labels are scored by the text's judges, beside real photos; stand-ins decide nothing."""
    rule = "Cityscapes and ADE20K are scored by drn_d_105 and upernet101, with the row of the real photos"
    places = []
    for name, (score, metric) in scores.items():
        value = score.value("real", metric)
        if value is None:
            judged = metric in score.metrics()
            why = score.run.reason or (f"no {metric} of the real photos" if judged else "no judge in this profile")
            places.append(Judged(FAILS if judged else NOT_RUN, Part(SETS[name], why, None, metric), 0, why))
        else:
            judge, wanted = value["protocol"]["judge"], JUDGES[name]
            said = f"{judge}, real photos {value['value']:.4g}"
            own = judge == wanted
            part = Part(SETS[name], said, int(own) if own else None, metric, f"{value['value']:.6g}")
            why = "" if own else f"judged by {judge}, which stands in for {wanted}"
            places.append(Judged(HOLDS if own else NOT_DECIDED, part, 1, why))
    return together("M7", rule, profile, places)
