"""What the text claims, decided by the rules of claims.yaml. Source: supp §2, §3; spec §1; settled by the gaps."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from stages.draw.ruled import Judged, Ruled, together
from stages.draw.table import read_reported
from stages.draw.verdict import NOT_DECIDED, Part, Verdict
from stages.papers.mscond.measured import object_metric
from stages.papers.mscond.report.logits import Head, metric_of, open_dynamics
from stages.papers.mscond.report.names import (
    BASELINES,
    LADDER,
    MODELS_OF,
    MSCOND,
    MULTISCALE,
    RUNS_OF_LADDER,
    SETS,
    STREETS,
    STYLEGAN,
    title_of,
)
from stages.papers.mscond.report.rules import Side, inversions, ordering, side_of, told
from stages.papers.mscond.report.runs import Scores, categories_of, distance_of, open_scores

C1 = "Fréchet distance of MsConD below that of each baseline, on every set, in all three seeds"
C2 = "distance of objects falls from 1 to 1-8 to 1-16 without the task, in every category, in all three seeds"
C3 = "at each scale set the distance of objects is lower with the task, in every category, in all three seeds"
C4 = "StyleGAN2's mean real less mean fake logit is larger in the last fifth than in the first, in all three seeds"
C5 = (
    "last tenth: MultiscaleD's gap over its deviation is below that of heads at 8 and 16 that only watch StyleGAN2, "
    "and at 1 below StyleGAN2's own, in all three seeds"
)
C6 = (
    "in MultiscaleD, second half, fake logits at 16 deviate more than real ones and their mean moves more from tick to "
    "tick, in all three seeds"
)
C7 = "second half: fake logits at 16 deviate less in MsConD than in MultiscaleD, seed by seed, in all three"
C8 = "distance of scenes falls from 1 to 1-8 to 1-16 without the task, and is lower with it at each, in all three seeds"
C9 = "none; uncurated samples stand in mscond_fig4 to mscond_fig6, and objects in mscond_fig3"


def run_side(scores: Scores, dataset: str, run: str, metric: str, profile: str) -> Side:
    """A run of a set as a side."""
    return side_of(title_of(run, profile), scores[dataset, run], metric)


def c1(profile: str, inputs: Mapping[str, Path]) -> Ruled:
    """C1, set by set and baseline by baseline, with the printed values beside."""
    scores, printed = open_scores(inputs, profile, MODELS_OF), read_reported(inputs["reported"], "fid")
    places = []
    for name, title in SETS.items():
        metric = distance_of(scores, name)
        for run in BASELINES:
            sides = [run_side(scores, name, one, metric, profile) for one in (MSCOND, run)]
            values = [printed.get((one, name, "FID"), "no printed value") for one in (MSCOND, run)]
            places.append(ordering(f"{title}, {title_of(run, profile)}", sides, metric, printed=" < ".join(values)))
    return together("C1", C1, profile, places)


def ladder(scores: Scores, metric: str, where: str) -> Judged:
    """Whether a measure falls as more scales are in use, without the contrastive task; and how often it does not."""
    sides = [side_of(label, scores[STREETS, off], metric) for label, (off, _) in LADDER.items()]
    found = ordering(where, sides, metric, sign=">")
    if found.part.met is None:
        return found
    common = set.intersection(*(set(side.numbers) for side in sides))
    count = sum(inversions([side.numbers[seed] for side in sides]) for seed in common)
    said = f"{found.part.comparison}, {count} of {len(common) * (len(sides) - 1)} steps do not fall"
    return replace(found, part=replace(found.part, comparison=said))


def with_task(scores: Scores, metric: str, where: str) -> list[Judged]:
    """Whether a measure is lower with the contrastive task than without, at each scale set."""
    return [
        ordering(
            f"{where}{label}",
            [side_of(said, scores[STREETS, run], metric) for said, run in (("with", on), ("without", off))],
            metric,
        )
        for label, (off, on) in LADDER.items()
    ]


def c2(profile: str, inputs: Mapping[str, Path]) -> Ruled:
    """C2, category by category."""
    scores = open_scores(inputs, profile, RUNS_OF_LADDER)
    metrics = object_metrics(scores)
    return together("C2", C2, profile, [ladder(scores, metric, name) for name, metric in metrics.items()])


def c3(profile: str, inputs: Mapping[str, Path]) -> Ruled:
    """C3, category by category and scale by scale."""
    scores = open_scores(inputs, profile, RUNS_OF_LADDER)
    places = [one for name, metric in object_metrics(scores).items() for one in with_task(scores, metric, f"{name}, ")]
    return together("C3", C3, profile, places)


def object_metrics(scores: Scores) -> dict[str, str]:
    """The measure of each category of streets; one line for all where nothing was run."""
    distance = distance_of(scores, STREETS)
    return {name: object_metric(distance, name) for name in categories_of(scores, STREETS)} or {
        "objects": object_metric(distance, "any")
    }


def c4(profile: str, inputs: Mapping[str, Path]) -> Ruled:
    """C4; what held-out pictures say of overfitting stands beside it."""
    score = open_dynamics(inputs, profile)[STREETS, STYLEGAN]
    head: Head = ("own", 1)
    fifths = {"last fifth": 5, "first fifth": 1}
    sides = [side_of(said, score, metric_of(f"gap_fifth_{number}", head)) for said, number in fifths.items()]
    found = together("C4", C4, profile, [ordering("StyleGAN2", sides, "gap", sign=">")])
    beside = side_of("StyleGAN2", score, metric_of("memorised", head))
    return with_parts(found, [told("real less held-out logit, last fifth", beside, "memorised")])


def c5(profile: str, inputs: Mapping[str, Path]) -> Ruled:
    """C5, height by height, each against heads that saw the same pictures."""
    scores = open_dynamics(inputs, profile)
    places = []
    for height, other in ((1, ("own", 1)), (8, ("probe", 8)), (16, ("probe", 16))):
        ours = metric_of("gap_over_deviation", ("own", height))
        beside = metric_of("gap_over_deviation", other)
        sides = [
            side_of("MultiscaleD", scores[STREETS, MULTISCALE], ours),
            side_of("StyleGAN2" if height == 1 else "probe", scores[STREETS, STYLEGAN], beside),
        ]
        places.append(ordering(f"height {height}", sides, "gap over deviation"))
    return together("C5", C5, profile, places)


def c6(profile: str, inputs: Mapping[str, Path]) -> Ruled:
    """C6, both halves; trend and rank among the heights stand beside them."""
    score = open_dynamics(inputs, profile)[STREETS, MULTISCALE]
    head: Head = ("own", 16)
    ratio = side_of("fake over real", score, metric_of("deviation_ratio", head))
    one = Side("1", dict.fromkeys(ratio.numbers, 1.0), ratio.left_out, ratio.why)
    moves = [side_of(who, score, metric_of(f"jitter_{who}", head)) for who in ("fake", "real")]
    found = together("C6", C6, profile, [
        ordering("deviation at 16", [ratio, one], "deviation", sign=">"),
        ordering("movement at 16", moves, "movement of the mean", sign=">"),
    ])  # fmt: skip
    return with_parts(found, [
        told("deviation at 16, last fifth over first", side_of("", score, metric_of("deviation_trend", head)), "trend"),
        told("rank of 16 among 3 heights", side_of("", score, metric_of("deviation_rank", head)), "rank"),
    ])  # fmt: skip


def c7(profile: str, inputs: Mapping[str, Path]) -> Ruled:
    """C7, seed by seed."""
    scores, metric = open_dynamics(inputs, profile), metric_of("deviation_fake", ("own", 16))
    sides = [run_side(scores, STREETS, run, metric, profile) for run in (MSCOND, MULTISCALE)]
    return together("C7", C7, profile, [ordering("height 16", sides, "deviation of fake logits")])


def c8(profile: str, inputs: Mapping[str, Path]) -> Ruled:
    """C8, both halves on whole scenes."""
    scores = open_scores(inputs, profile, RUNS_OF_LADDER)
    metric = distance_of(scores, STREETS)
    places = [ladder(scores, metric, "more scales"), *with_task(scores, metric, "")]
    return together("C8", C8, profile, places)


def c9(profile: str, inputs: Mapping[str, Path]) -> Ruled:
    """C9 is for the eye."""
    return Ruled(Verdict("C9", NOT_DECIDED, profile, why="shown, not measured: mscond_fig3 to mscond_fig6"), C9)


def with_parts(found: Ruled, parts: list[Part]) -> Ruled:
    """A verdict with further parts, which decide nothing."""
    held = found.verdict
    return Ruled(Verdict(held.claim, held.word, held.profile, (*held.parts, *parts), held.seeds, held.why), found.rule)
