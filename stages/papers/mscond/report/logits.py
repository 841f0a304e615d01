"""What logits do over a training: dynamics.parquet of the models, and its statistics as numbers of a score.

Source: supp §2.2, Fig. 2; what C4 to C7 call drift, closeness and instability is ours (gap G25).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from stages.data.files import read_json, read_table
from stages.draw.runs import not_run
from stages.papers.mscond.report.names import MSCOND, MULTISCALE, STREETS, STYLEGAN
from stages.papers.mscond.report.runs import Score, check, seeds_of

Head = tuple[str, int]  # own or probe, height
HEADS: Mapping[str, tuple[Head, ...]] = {
    STYLEGAN: (("own", 1), ("probe", 8), ("probe", 16)),
    MULTISCALE: (("own", 1), ("own", 8), ("own", 16)),
    MSCOND: (("own", 1), ("own", 8), ("own", 16)),
}
FIFTHS = 5
LEAST_TICKS = 10  # for the last tenth and for fifths of two ticks each
NO_HELD_OUT = "no pictures are held out"


@dataclass(frozen=True)
class Track:
    """Logits of one head by tick. Shapes: images [T], and by domain mean and deviation [T]."""

    images: np.ndarray
    mean: Mapping[str, np.ndarray]
    deviation: Mapping[str, np.ndarray]

    @property
    def gap(self) -> np.ndarray:
        """mean(real) - mean(fake).  Shapes: [T]."""
        return self.mean["real"] - self.mean["fake"]


def read_tracks(folder: Path) -> dict[Head, Track]:
    """dynamics.parquet of a model by head.

    Raises: ValueError where real and fake logits, or held-out ones that are there, are not of the same ticks.
    """
    table = read_table(folder / "dynamics.parquet")
    source, domain = np.array(table["source"]), np.array(table["domain"])
    found = {}
    for head in sorted({*zip(source.tolist(), table["height"].tolist(), strict=True)}):
        own = (source == head[0]) & (table["height"] == head[1])
        images, mean, deviation = {}, {}, {}
        for name in ("real", "fake", "held_out"):
            rows = np.flatnonzero(own & (domain == name))
            rows = rows[np.argsort(table["images"][rows], kind="stable")]
            if len(rows) or name != "held_out":
                images[name], mean[name], deviation[name] = (table[key][rows] for key in ("images", "mean", "std"))
        if any(not np.array_equal(ticks, images["real"]) for ticks in images.values()):
            counts = ", ".join(f"{len(ticks)} {name}" for name, ticks in images.items())
            raise ValueError(f"{folder}/dynamics.parquet, {head}: expected the same ticks in all domains, got {counts}")
        found[head] = Track(images["real"], mean, deviation)
    return found


def statistics(track: Track) -> tuple[dict[str, float], dict[str, str]]:
    """All statistics of a head, and why others are absent.

    gap_fifth_k: mean gap in the k-th fifth of the ticks; gap_over_deviation: |gap| / sqrt((s_real^2 + s_fake^2) / 2)
    over the last tenth; over the second half deviation_fake, its ratio to deviation_real, and jitter: mean
    |m_t - m_(t-1)| / s of a domain's means; deviation_trend: deviation_fake of the last fifth over that of the first;
    memorised: mean real less mean held-out logit in the last fifth.
    """
    ticks = len(track.images)
    if ticks < LEAST_TICKS:
        why = f"{ticks} ticks, at least {LEAST_TICKS} are needed"
        return {}, dict.fromkeys(SAID, why)
    fifths, half = np.array_split(np.arange(ticks), FIFTHS), slice(ticks // 2, None)
    real, fake = track.deviation["real"], track.deviation["fake"]
    pooled = np.sqrt((real**2 + fake**2) / 2)
    last = slice(-(ticks // 10), None)
    found = {f"gap_fifth_{number}": float(track.gap[part].mean()) for number, part in enumerate(fifths, 1)}
    found |= {
        "gap_over_deviation": float((np.abs(track.gap[last]) / pooled[last]).mean()),
        "deviation_fake": float(fake[half].mean()),
        "deviation_ratio": float(fake[half].mean() / real[half].mean()),
        "deviation_trend": float(fake[fifths[-1]].mean() / fake[fifths[0]].mean()),
        "jitter_fake": jitter(track.mean["fake"][half], fake[half]),
        "jitter_real": jitter(track.mean["real"][half], real[half]),
    }
    if "held_out" not in track.mean:
        return found, {"memorised": NO_HELD_OUT}
    return found | {"memorised": float((track.mean["real"] - track.mean["held_out"])[fifths[-1]].mean())}, {}


def jitter(mean: np.ndarray, deviation: np.ndarray) -> float:
    """How far a mean moves from tick to tick, in deviations. Shapes: [T], [T] -> number."""
    return float(np.abs(np.diff(mean)).mean() / deviation.mean())


SAID = {
    **{f"gap_fifth_{number}": f"mean real less mean fake logit, fifth {number} of {FIFTHS} of the training"
       for number in range(1, FIFTHS + 1)},
    "memorised": "mean real less mean held-out logit, last fifth",
    "gap_over_deviation": "size of the gap over the pooled deviation, last tenth",
    "deviation_fake": "deviation of the fake logits, second half",
    "deviation_ratio": "that over the deviation of the real ones, second half",
    "deviation_rank": "rank of that ratio among the run's heights, 1 the largest",
    "deviation_trend": "deviation of the fake logits, last fifth over first",
    "jitter_fake": "how far the mean fake logit moves from tick to tick, in deviations, second half",
    "jitter_real": "the same of the real ones",
}  # fmt: skip


def metric_of(statistic: str, head: Head) -> str:
    """`gap_fifth_1 at 16`, `gap_fifth_1 of the probe at 16`."""
    return f"{statistic} {'of the probe ' if head[0] == 'probe' else ''}at {head[1]}"


def open_dynamics(inputs: Mapping[str, Path], profile: str) -> dict[tuple[str, str], Score]:
    """The inputs `model_<streets>_<run>_<seed>` of the three runs of Fig. 2, as scores by set and run.

    Raises: ValueError for a run without input, a model of another seed or profile, or one without a head of Fig. 2.
    """
    return {(STREETS, run): open_run(inputs, run, profile) for run in HEADS}


def open_run(inputs: Mapping[str, Path], run: str, profile: str) -> Score:
    """All seeds of one run. Raises: as `open_dynamics`."""
    found, reasons = {}, []
    for seed, folder in seeds_of(inputs, "model", STREETS, run).items():
        if (reason := not_run(folder)) is not None:
            reasons.append(reason)
            continue
        facts = read_json(folder / "model.json")
        check(f"model_{STREETS}_{run}_{seed}", facts | {"profile": facts["block"]["profile"]},
              {"data": STREETS, "seed": seed, "profile": profile})  # fmt: skip
        tracks = read_tracks(folder)
        if gone := [head for head in HEADS[run] if head not in tracks]:
            raise ValueError(f"{folder}/dynamics.parquet: expected logits of {gone[0]}, got {sorted(tracks)}")
        found[seed] = to_facts(run, seed, tracks)
    return Score(STREETS, run, found, "" if found else reasons[0])


def to_facts(run: str, seed: int, tracks: Mapping[Head, Track]) -> dict[str, Any]:
    """Statistics of the heads as a score has them."""
    numbers, absent = {}, {}
    for head in HEADS[run]:
        held, why = statistics(tracks[head])
        numbers |= {metric_of(name, head): (value, head) for name, value in held.items()}
        absent |= {metric_of(name, head): reason for name, reason in why.items()}
    ratios = {head: numbers[metric_of("deviation_ratio", head)][0] for head in HEADS[run] if numbers}
    for head, ratio in ratios.items():
        rank = 1 + sum(other > ratio for other in ratios.values())
        numbers[metric_of("deviation_rank", head)] = (float(rank), head)
    values = [
        {"method": run, "seed": seed, "dataset": STREETS, "metric": metric, "unit": "1", "value": value,
         "n": len(tracks[head].images), "protocol": {"from": "dynamics.parquet", "n counts": "ticks"}}
        for metric, (value, head) in numbers.items()
    ]  # fmt: skip
    return {"values": values, "absent": absent}
