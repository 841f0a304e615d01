"""What the paper's prose claims of a table's numbers, checked by the rules of claims.yaml."""

from collections.abc import Mapping

from stages.papers.contrasfill.report.cells import Table
from stages.papers.contrasfill.report.comparing import Comparison, Measured
from stages.papers.contrasfill.report.names import DATASETS
from stages.papers.contrasfill.report.rules import RULES

OBJECT = {
    "C1": "Fréchet distance at most {fidelity_tolerance:g} times the better GAN baseline's",
    "C2": "perceptual diversity above CoModGAN's and CollageGAN's",
    "C3": "known factor angle the highest of all four",
    "C4": "BAT-Fill's Fréchet distance the worst, its diversity above both GAN baselines'",
}
BOX = {
    "C12": "perceptual diversity of ContrasFill-1 above CoModGAN's; known factor angle of ours above ContrasFill-1's",
    "C13": "perceptual diversity of CoModGAN and CollageGAN on birds and cars below ours",
}


def table_to_verdicts(table: Table, tolerances: Mapping[str, float]) -> list[list[str]]:
    """For each claim that the table decides: its rule, where it holds, and the verdict.

    A claim holds where every seed meets its rule on every dataset. Outside the paper profile a verdict is no evidence.
    """
    group, claims = ("table1", OBJECT) if table.hole == "object" else ("box", BOX)
    measured = Measured({group: table.cells.values()})
    rows = []
    for name, words in claims.items():
        held = by_dataset(RULES[name](measured, tolerances), table.seeds)
        count = len(table.seeds)
        said = ", ".join(f"{dataset} {times} of {count}" for dataset, times in held.items())
        verdict = "yes" if all(times == count for times in held.values()) else "no"
        mark = "" if table.profile == "paper" else f" ({table.profile}: no evidence)"
        rows.append([name, words.format(**tolerances), f"seeds that meet it: {said}", verdict + mark])
    return rows


def by_dataset(comparisons: list[Comparison], seeds: tuple[int, ...]) -> dict[str, int]:
    """For how many seeds all comparisons of a dataset hold together."""
    held = {}
    for label in DATASETS.values():
        own = [comparison for comparison in comparisons if comparison.where == label]
        if own:
            held[label] = sum(all(comparison.holds(seed) for comparison in own) for seed in seeds)
    return held
