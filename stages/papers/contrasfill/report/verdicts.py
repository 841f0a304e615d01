"""What the paper's prose claims of Table 1, checked by the rules of claims.yaml (C1 to C4)."""

from collections.abc import Callable

from stages.papers.contrasfill.report.cells import Table
from stages.papers.contrasfill.report.names import DATASETS

Value = Callable[[str, str, str], float]  # (method, dataset, printed metric) → number
RIVALS = ("comodgan", "collagegan")


def fidelity_is_on_par(value: Value, dataset: str, tolerance: float) -> bool:
    """C1: our Fréchet distance is within the tolerance of the better of CoModGAN and CollageGAN."""
    return value("contrasfill", dataset, "FID") <= tolerance * min(value(rival, dataset, "FID") for rival in RIVALS)


def is_more_diverse(value: Value, dataset: str, _: float) -> bool:
    """C2: our perceptual diversity is above both."""
    return all(value("contrasfill", dataset, "LPIPS") > value(rival, dataset, "LPIPS") for rival in RIVALS)


def known_factor_is_most_diverse(value: Value, dataset: str, _: float) -> bool:
    """C3: our known factor angle is above all three."""
    return all(value("contrasfill", dataset, "KFFA") > value(rival, dataset, "KFFA") for rival in (*RIVALS, "batfill"))


def batfill_is_diverse_but_poor(value: Value, dataset: str, _: float) -> bool:
    """C4: BAT-Fill's Fréchet distance is the worst, its diversity above CoModGAN's and CollageGAN's."""
    worst = all(value("batfill", dataset, "FID") > value(other, dataset, "FID") for other in (*RIVALS, "contrasfill"))
    return worst and all(value("batfill", dataset, "LPIPS") > value(rival, dataset, "LPIPS") for rival in RIVALS)


CLAIMS = (
    ("C1", "Fréchet distance at most {tolerance:g} times the better GAN baseline's", fidelity_is_on_par),
    ("C2", "perceptual diversity above CoModGAN's and CollageGAN's", is_more_diverse),
    ("C3", "known factor angle the highest of all four", known_factor_is_most_diverse),
    (
        "C4",
        "BAT-Fill's Fréchet distance the worst, its diversity above both GAN baselines'",
        batfill_is_diverse_but_poor,
    ),
)


def table_to_verdicts(table: Table, tolerance: float) -> list[list[str]]:
    """For each claim: its rule, where it holds, and the verdict.

    A claim holds where every seed meets its rule on every dataset. Outside the paper profile a verdict is no evidence.
    """
    rows = []
    for name, rule, met in CLAIMS:
        held = {
            dataset: sum(met(seed_to_value(table, place), dataset, tolerance) for place in range(len(table.seeds)))
            for dataset in DATASETS
        }
        count = len(table.seeds)
        said = ", ".join(f"{DATASETS[dataset]} {times} of {count}" for dataset, times in held.items())
        verdict = "yes" if all(times == count for times in held.values()) else "no"
        mark = "" if table.profile == "paper" else f" ({table.profile}: no evidence)"
        rows.append([name, rule.format(tolerance=tolerance), f"seeds that meet it: {said}", verdict + mark])
    return rows


def seed_to_value(table: Table, place: int) -> Value:
    """The numbers of one seed."""
    return lambda method, dataset, name: table.cell(method, dataset, name).by_seed[place][1]
