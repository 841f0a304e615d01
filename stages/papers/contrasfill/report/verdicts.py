"""Comparisons of a claim's rule → its verdict, and the verdicts that Table 1 gives by itself."""

from collections.abc import Iterable, Mapping, Sequence
from statistics import fmean, stdev

from stages.draw.table import Cell, Key
from stages.draw.verdict import SHOWN, Part, Verdict, word_of
from stages.papers.contrasfill.report.cells import Table
from stages.papers.contrasfill.report.comparing import Comparison, Measured, Side
from stages.papers.contrasfill.report.names import DATASETS
from stages.papers.contrasfill.report.rules import RULES, remark

OBJECT = {
    "C1": "Fréchet distance at most {fidelity_tolerance:g} times the better GAN baseline's",
    "C2": "perceptual diversity above CoModGAN's and CollageGAN's",
    "C3": "known factor angle the highest of all four",
    "C4": "BAT-Fill's Fréchet distance the worst, its diversity above both GAN baselines'",
    "C5": "C1, C2 and C3 hold",
}
BOX = {
    "C12": "expected, not printed: perceptual diversity of ContrasFill-1 above CoModGAN's; known factor angle of ours "
    "above ContrasFill-1's",
    "C13": "perceptual diversity of CoModGAN and CollageGAN on birds and cars below ours",
}


def verdict_of(
    claim: str, comparisons: Sequence[Comparison], profile: str, printed: Sequence[Comparison] = (), why: str = ""
) -> Verdict:
    """A claim holds where every comparison holds for every seed; `printed` are the same of the paper's numbers."""
    beside = [comparison_to_text(one) for one in printed] or [""] * len(comparisons)
    return Verdict(
        claim,
        word_of(one.held() == len(one.seeds) for one in comparisons),
        profile,
        tuple(part_of(one, text) for one, text in zip(comparisons, beside, strict=True)),
        len(comparisons[0].seeds) if comparisons[0].measured else 0,
        why,
    )


def part_of(one: Comparison, printed: str) -> Part:
    """A comparison with means and deviations of both sides."""
    return Part(
        one.where,
        f"{one.left.words} {SHOWN[one.sign]} {one.right.words}",
        one.held(),
        one.what,
        f"{middle(one.left):.6g}",
        spread(one.left),
        one.sign,
        f"{middle(one.right):.6g}",
        spread(one.right),
        printed,
    )


def middle(side: Side) -> float:
    """The mean over seeds."""
    return fmean(side.by_seed.values())


def spread(side: Side) -> str:
    """The deviation over seeds; empty for one seed."""
    return f"{stdev(side.by_seed.values()):.6g}" if len(side.by_seed) > 1 else ""


def comparison_to_text(held: Comparison) -> str:
    """`ContrasFill 31.2 ± 0.4 ≤ 1.15 × CoModGAN 34.5 ± 0.3`."""
    return f"{side_to_text(held.left)} {SHOWN[held.sign]} {side_to_text(held.right)}"


def side_to_text(side: Side) -> str:
    """What it is called, and its value as mean ± deviation over seeds."""
    if side.words == f"{middle(side):g}":
        return side.words
    off = f" ± {stdev(side.by_seed.values()):.2g}" if len(side.by_seed) > 1 else ""
    return f"{side.words} {middle(side):.4g}{off}"


def printed_cells(reported: Mapping[Key, str]) -> list[Cell]:
    """Table 1's printed values as if they were one seed's."""
    return [
        Cell(method, dataset, metric, "", ((0, float(value)),), "printed", ())
        for (method, dataset, metric), value in reported.items()
    ]


def words_of(table: Table) -> Mapping[str, str]:
    """The claims that a table decides, with their rules in words."""
    return OBJECT if table.hole == "object" else BOX


def measured_of(table: Table, cells: Iterable[Cell]) -> Measured:
    """The cells as the group of scores that rules know them by."""
    return Measured({"table1" if table.hole == "object" else "box": cells})


def comparisons_of(table: Table, cells: Iterable[Cell], tolerances: Mapping[str, float]) -> dict[str, list[Comparison]]:
    """By claim, what its rule compares of these cells."""
    measured = measured_of(table, cells)
    return {name: RULES[name](measured, tolerances) for name in words_of(table)}


def table_to_verdicts(table: Table, tolerances: Mapping[str, float]) -> list[Verdict]:
    """The verdict of each claim that the table decides, beside the same of the printed values where there are any."""
    printed = comparisons_of(table, printed_cells(table.printed), tolerances) if table.printed else {}
    held, measured = comparisons_of(table, table.cells.values(), tolerances), measured_of(table, table.cells.values())
    return [
        verdict_of(name, own, table.profile, printed.get(name, ()), remark(name, measured))
        for name, own in held.items()
    ]


def table_to_rows(table: Table, tolerances: Mapping[str, float]) -> list[list[str]]:
    """For each claim that the table decides: its rule, for how many seeds it holds where, and the verdict."""
    rows, measured = [], measured_of(table, table.cells.values())
    for name, comparisons in comparisons_of(table, table.cells.values(), tolerances).items():
        count = len(table.seeds)
        said = ", ".join(f"{place} {times} of {count}" for place, times in by_dataset(comparisons, table.seeds).items())
        verdict = verdict_of(name, comparisons, table.profile, why=remark(name, measured)).marked()
        rows.append([name, words_of(table)[name].format(**tolerances), f"seeds that meet it: {said}", verdict])
    return rows


def by_dataset(comparisons: list[Comparison], seeds: tuple[int, ...]) -> dict[str, int]:
    """For how many seeds all comparisons of a dataset hold together."""
    held = {}
    for label in DATASETS.values():
        own = [comparison for comparison in comparisons if comparison.where == label]
        if own:
            held[label] = sum(all(comparison.holds(seed) for comparison in own) for seed in seeds)
    return held
