"""Table 1: the weights of the two part losses, as the main runs used them, beside the printed ones; λ_con(K) = C_con K.

Source: supp §B.4, Table 1; §F.4, Eq. 7 (claim C6).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from stages.block import Block as Base
from stages.draw.latex import cells_to_line, tabular, with_printed
from stages.draw.runs import open_run
from stages.draw.style import stamp
from stages.draw.table import Key, Row, read_reported, rows_to_csv, rows_to_markdown
from stages.papers.ganseg.report.names import DATASETS, NOT_RUN
from stages.papers.ganseg.report.verdicts import HEAD, Ruled, ruled, rules_to_csv

MAIN_PARTS = {"celeba_wild": 8, "taichi": 10, "cub_masks": 8, "flowers": 8}
LINES = {"lambda_con": "λ_con", "lambda_area": "λ_area"}
SIZE_NOTE = (
    "At another side than 128 px the area's weight is multiplied by (128 / S)², which is not part of λ_area; a small "
    "profile may have another C_con (gap G23)."
)


class Block(Base):
    """The profile that the table is about."""

    profile: Literal["smoke", "demo", "lite", "paper"]


@dataclass(frozen=True)
class Weights:
    """What one main run used; None where it was not run."""

    parts: int | None
    constant: float | None
    lambda_con: float | None
    lambda_area: float | None


def tabulate(block: Block, inputs: Mapping[str, Path]) -> dict[str, str]:
    """The table as csv, md and tex, from the folders `model_<set>` of the main runs."""
    used = {name: weights_of(inputs[f"model_{name}"]) for name in DATASETS}
    printed = read_reported(inputs["reported"], "table1")
    constants = read_reported(inputs["reported"], "prose")
    return {
        "csv": to_csv(used, printed, block.profile),
        "md": to_markdown(used, printed, constants, block.profile),
        "tex": to_latex(used, printed, block.profile),
        "claims.csv": rules_to_csv(arithmetic(constants, printed, block.profile)),
    }


def weights_of(folder: Path) -> Weights:
    """The weights in a model's own block."""
    facts = open_run(folder, "model").facts
    if facts is None:
        return Weights(None, None, None, None)
    block = facts["block"]
    constant, parts = block["concentration_constant"], block["parts"]
    return Weights(parts, constant, constant * parts, block["area_weight"])


def arithmetic(constants: Mapping[Key, str], printed: Mapping[Key, str], profile: str) -> Ruled:
    """C6: the printed C_con times the paper's K gives the printed λ_con on every set; no run is needed."""
    held = {name: float(constants["original", name, "concentration_constant"]) for name in DATASETS}
    products = {name: constant * MAIN_PARTS[name] for name, constant in held.items()}
    said = [
        (
            DATASETS[name],
            f"{held[name]:g} x {MAIN_PARTS[name]} = {products[name]:g}",
            products[name] == float(printed["original", name, "lambda_con"]),
        )
        for name in DATASETS
    ]
    return ruled(
        "C6", "C_con K equals the printed λ_con at the paper's K, exactly", profile, said, len(DATASETS), seeds=0
    )


def number(value: float | None) -> str:
    """A weight, or that the run was not made."""
    return NOT_RUN if value is None else f"{value:g}"


def to_csv(used: Mapping[str, Weights], printed: Mapping[Key, str], profile: str) -> str:
    """One line a weight and set."""
    rows = []
    for metric in LINES:
        for name, weights in used.items():
            ours, said = getattr(weights, metric), printed["original", name, metric]
            rows.append(Row(
                method="original", dataset=name, metric=metric, unit="1", ours=number(ours),
                spread="", seeds="" if ours is None else "1", printed=said,
                difference="" if ours is None else f"{ours - float(said):g}", profile=profile,
                protocol="" if ours is None else f"parts={weights.parts}",
            ))  # fmt: skip
    return rows_to_csv(rows)


def to_markdown(
    used: Mapping[str, Weights], printed: Mapping[Key, str], constants: Mapping[Key, str], profile: str
) -> str:
    """The printed table's shape, and what stands behind λ_con."""
    lines = [
        [label, *(f"{number(getattr(used[name], metric))} ({printed['original', name, metric]})" for name in DATASETS)]
        for metric, label in LINES.items()
    ]
    behind = [
        ["C_con", *(number(used[name].constant) for name in DATASETS)],
        ["C_con printed", *(constants["original", name, "concentration_constant"] for name in DATASETS)],
        ["K of the run", *(number(used[name].parts) for name in DATASETS)],
        ["K of the paper", *(str(MAIN_PARTS[name]) for name in DATASETS)],
    ]
    head = ["", *DATASETS.values()]
    return "\n".join([
        f"# Table 1. Weights of the part losses, {profile} profile\n",
        f"{stamp(profile).capitalize()}. Each cell: what our main run used (printed). {SIZE_NOTE}\n",
        rows_to_markdown(head, lines),
        "## λ_con(K) = C_con K\n",
        rows_to_markdown(head, behind),
        rows_to_markdown(HEAD, [arithmetic(constants, printed, profile).row()]),
    ])  # fmt: skip


def to_latex(used: Mapping[str, Weights], printed: Mapping[Key, str], profile: str) -> str:
    """A booktabs tabular in the printed shape."""
    notes = [f"Table 1; {stamp(profile)}.", "Needs booktabs and xcolor. Each cell: ours (printed)."]
    body = []
    for metric, label in (("lambda_con", r"$\lambda_\mathrm{con}$"), ("lambda_area", r"$\lambda_\mathrm{area}$")):
        ours = {name: number(getattr(used[name], metric)) for name in DATASETS}
        body.append([label, *(with_printed(text, printed["original", name, metric]) for name, text in ours.items())])
    return tabular(notes, "lcccc", [cells_to_line(["", *DATASETS.values()])], body)
