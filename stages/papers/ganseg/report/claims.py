"""All claims with what was measured, the printed numbers, the verdict, the profile and the runs' fingerprints.

Source: claims.yaml, spec §6.9.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from stages.block import Block as Base
from stages.data.files import read_json
from stages.draw.runs import open_runs
from stages.draw.table import read_reported
from stages.draw.verdict import NOT_DECIDED, Verdict, word_of_halves
from stages.papers.ganseg.report import (
    collapse_report,
    embed_separation,
    equivariance,
    table1,
    table2,
    table3,
    table4,
    triviality,
)
from stages.papers.ganseg.report.ablation import Table
from stages.papers.ganseg.report.names import COLUMNS, DATASETS
from stages.papers.ganseg.report.verdicts import (
    extremes_are_worst,
    fixed_is_worse,
    no_number_of_points_is_best,
    original_is_reproduced,
)  # fmt: skip


class Block(Base):
    """The limits of all rules, as the tables have them."""

    profile: Literal["smoke", "demo", "lite", "paper"]
    near: float = Field(gt=0)
    far: float = Field(gt=0)
    neighbours: int = Field(gt=0)
    purity: float = Field(gt=0, le=1)
    extent: float = Field(gt=0)
    pixels: float = Field(gt=0)
    exact: float = Field(gt=0)
    broken: float = Field(gt=0)


def tabulate(block: Block, inputs: Mapping[str, Path]) -> dict[str, str]:
    """One JSON over everything that the tables and the other targets read."""
    claims = {
        "C1": image_quality(block, inputs),
        "C2": main_numbers(block, inputs),
        "C3": from_table(table2.open_table(block.profile, inputs), fixed_is_worse),
        "C4": points(block, inputs),
        "C5": from_table(table4.open_table(block.profile, inputs), extremes_are_worst),
        "C6": weights(block, inputs),
        "C7": embeddings(block, inputs),
        "C8": triviality.verdict_of(triviality.open_all(inputs), block.profile).entry(),
        "C9": movement(block, inputs),
        "C10": shown("C10", "the text gives a reason and no number", block.profile),
    }
    text = json.dumps({"profile": block.profile, "claims": claims}, sort_keys=True, indent=1, ensure_ascii=False)
    return {"json": text + "\n"}


def shown(claim: str, why: str, profile: str) -> dict[str, Any]:
    """A claim without a rule: numbers may stand beside it, nothing decides it."""
    return Verdict(claim, NOT_DECIDED, profile, why=why).entry() | {"rule": "none"}


def limits(block: Block, model: type[Base]) -> Any:
    """The block of another module, out of this one's keys."""
    return model.model_validate({name: getattr(block, name) for name in model.model_fields})


def image_quality(block: Block, inputs: Mapping[str, Path]) -> dict[str, Any]:
    """C1 has no gate: the numbers are shown beside the printed ones."""
    printed = {name: float(value) for (_, name, _), value in read_reported(inputs["reported"], "fid").items()}
    values = {}
    for (_, name), run in sorted(open_runs(inputs, "fidelity").items()):
        held = {"printed_fid": printed[name], "fingerprint": run.fingerprint}
        if run.facts is None:
            values[name] = held | {"not_run": run.reason}
        else:
            value = run.facts["values"][0]
            values[name] = held | {"metric": value["metric"], "ours": value["value"]}
    return shown("C1", "the values are shown beside the printed ones", block.profile) | {"values": values}


def main_numbers(block: Block, inputs: Mapping[str, Path]) -> dict[str, Any]:
    """C2, with the numbers."""
    table = table2.open_table(block.profile, inputs)
    return original_is_reproduced(table, block.near, block.far).entry() | {"values": numbers(table)}


def from_table(table: Table, rule: Any) -> dict[str, Any]:
    """A claim about one table, with its numbers."""
    return rule(table).entry() | {"values": numbers(table)}


def numbers(table: Table) -> dict[str, Any]:
    """Ours, printed and the run's fingerprint by column and line; lines that were not run are left out."""
    found: dict[str, Any] = {}
    for column in COLUMNS:
        for row in table.lines:
            ours = table.ours(row, column)
            if ours is not None:
                found.setdefault(f"{column.dataset} {column.metric}", {})[row] = {
                    "ours": ours,
                    "printed": table.printed.get((row, column.dataset, column.metric)),
                    "fingerprint": table.run(row, column.dataset).fingerprint,
                }
    return found


def points(block: Block, inputs: Mapping[str, Path]) -> dict[str, Any]:
    """C4 has two halves: collapse with few points, and no best number among the others."""
    shorts = collapse_report.open_all(inputs)
    few = collapse_report.verdict_of(shorts, limits(block, collapse_report.Block))
    many = from_table(table3.open_table(block.profile, inputs), no_number_of_points_is_best)
    runs = {
        f"{short.row} seed {short.seed}": {"fired": short.run.facts["fired"], "fingerprint": short.run.fingerprint}
        for short in shorts
        if short.run.facts is not None
    }
    word = word_of_halves((few.verdict.word, many["verdict"]))
    why = f"collapse: {few.verdict.word}; no best number: {many['verdict']}" if word == NOT_DECIDED else ""
    both = Verdict("C4", word, block.profile, seeds=min(few.verdict.seeds, many["seeds"]), why=why).entry()
    return both | {"collapse": few.entry() | {"runs": runs}, "no_best": many, "rule": "both"}


def weights(block: Block, inputs: Mapping[str, Path]) -> dict[str, Any]:
    """C6, which is arithmetic on printed numbers and therefore evidence in every profile."""
    constants, printed = (read_reported(inputs["reported"], table) for table in ("prose", "table1"))
    return table1.arithmetic(constants, printed, block.profile).entry()


def embeddings(block: Block, inputs: Mapping[str, Path]) -> dict[str, Any]:
    """C7."""
    sets = {name: embed_separation.measured(inputs[f"sample_{name}"], block.neighbours) for name in DATASETS}
    return embed_separation.verdict_of(sets, limits(block, embed_separation.Block)).entry() | {"values": sets}


def movement(block: Block, inputs: Mapping[str, Path]) -> dict[str, Any]:
    """C9, which is arithmetic and therefore evidence in every profile."""
    own = limits(block, equivariance.Block)
    held = read_json(inputs["equivariance"] / "score.json")["cases"]
    return equivariance.verdict_of({name: equivariance.judge(case, own) for name, case in held.items()}, own).entry()
