"""Sentences that depend on numbers: a code that is ignored, masks that stay grey, clusters at chance, a poor DIP."""

from collections.abc import Mapping
from statistics import fmean

from stages.papers.onegan.report.names import METHODS, SETS
from stages.papers.onegan.report.runs import Score

IGNORED = 0.1  # of z's change of a picture over the child code's
GREY = 0.1  # of the mask's pixels outside [.1, .9]
ABOVE_CHANCE = 0.02  # of ACC over that of permuted labels


def mean(score: Score, method: str, metric: str) -> float | None:
    """The mean over seeds; None where there is no number."""
    held = score.numbers(method, metric)
    return fmean(held.values()) if held else None


def listed(found: Mapping[str, str]) -> str:
    """`Birds (.05), Cars (.07)`."""
    return ", ".join(f"{SETS[name]} ({text})" for name, text in found.items())


def z_ratios(scores: Mapping[str, Score]) -> dict[str, float | None]:
    """How much z changes a picture over how much the child code does, by set."""
    return {name: mean(score, "onegan", "z_ratio") for name, score in scores.items()}


def z_is_ignored(ratios: Mapping[str, float | None]) -> str:
    """Where z moves a picture hardly at all beside the child code; empty where it does everywhere."""
    low = {name: f"{ratio:.2g}" for name, ratio in ratios.items() if ratio is not None and ratio < IGNORED}
    if not low:
        return ""
    return (
        f"z is ignored on {listed(low)}: in brackets how much it changes a picture over how much the child code does, "
        f"below {IGNORED:g}; rows that differ in z alone look alike. "
    )


def masks_are_grey(scores: Mapping[str, Score]) -> str:
    """Where masks are neither 0 nor 1 nearly everywhere."""
    shares = {name: mean(score, "onegan", "decided") for name, score in scores.items()}
    low = {name: f"{share:.1%}" for name, share in shares.items() if share is not None and share < GREY}
    if not low:
        return ""
    return (
        f"Masks stay grey on {listed(low)}: in brackets the share of pixels outside [.1, .9]; a grey mask passes a "
        "threshold or not by a hair, so its IoU says little. "
    )


def clusters_at_chance(scores: Mapping[str, Score]) -> str:
    """Where clusters match labels no better than permuted ones."""
    low = {}
    for name, score in scores.items():
        ours, chance = mean(score, "onegan", "ACC"), mean(score, "permuted", "ACC")
        if ours is not None and chance is not None and ours <= chance + ABOVE_CHANCE:
            low[name] = f"{ours:.2f} against {chance:.2f}"
    return f"Clustering is at chance on {listed(low)}: ACC of ours against permuted labels. " if low else ""


def filling_is_poor(scores: Mapping[str, Score]) -> str:
    """Where DIP or OneGAN comes no nearer to the background than one colour does, with the same mask."""
    said = []
    for mask in ("real", "predicted"):
        for who in ("dip", "onegan"):
            low = {}
            for name, score in scores.items():
                ours, flat = (mean(score, f"{one}_{mask}", "PSNR_inside") for one in (who, "mean_colour"))
                if ours is not None and flat is not None and ours <= flat:
                    low[name] = f"{ours:.1f} against {flat:.1f} dB"
            if low:
                said.append(f"{METHODS[f'{who}_{mask}']}, does not beat one mean colour on {listed(low)}. ")
    return "".join(said)
