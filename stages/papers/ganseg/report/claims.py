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
    embed_separation,
    equivariance,
    few_points,
    table1,
    table2,
    table3,
    table4,
    triviality,
    weighting,
)
from stages.papers.ganseg.report.ablation import Table
from stages.papers.ganseg.report.names import COLUMNS, DATASETS
from stages.papers.ganseg.report.verdicts import (
    Ruled,
    fixed_is_worse,
    most_parts_lose_the_object,
    no_number_of_points_is_best,
    original_is_reproduced,
    parts_fall_idle,
)


class Block(Base):
    """The limits of all rules, as the tables have them."""

    profile: Literal["smoke", "demo", "lite", "paper"]
    near: float = Field(gt=0)
    far: float = Field(gt=0)
    severe: float = Field(gt=0)
    neighbours: int = Field(gt=0)
    purity: float = Field(gt=0, le=1)
    extent: float = Field(gt=0)
    pixels: float = Field(gt=0)
    exact: float = Field(gt=0)
    broken: float = Field(gt=0)


def tabulate(block: Block, inputs: Mapping[str, Path]) -> dict[str, str]:
    """One JSON over everything that the tables and the other targets read."""
    two, four = table2.by_seed(block.profile, inputs), table4.open_table(block.profile, inputs)
    weighted = weighting.open_all(inputs, block.profile)
    claims = {
        "C1": image_quality(block, inputs),
        "C2": with_numbers(original_is_reproduced(two[0], block.near, block.far), two[0]),
        "C3": with_numbers(fixed_is_worse(two, block.severe), two[0]),
        "C4": points(block, inputs),
        "C5": with_numbers(most_parts_lose_the_object(four, block.severe), four),
        "C6": weights(block, inputs),
        "C7": embeddings(block, inputs),
        "C8": solutions(block, inputs),
        "C9": movement(block, inputs),
        "C10": shown("C10", "the text gives a reason and no number", block.profile),
        "C11": with_numbers(parts_fall_idle(four), four),
        "C12": weighting.heavy_is_trivial(weighted, block.profile).entry(),
        "C13": weighting.area_is_insensitive(weighted, block.profile, block.near, block.severe).entry(),
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


def with_numbers(decided: Ruled, table: Table) -> dict[str, Any]:
    """A claim about one table, with its numbers."""
    return decided.entry() | {"values": numbers(table)}


def solutions(block: Block, inputs: Mapping[str, Path]) -> dict[str, Any]:
    """C8, with what the detector says of the main model's masks."""
    runs, mains = triviality.open_all(inputs), triviality.open_mains(inputs)
    return triviality.verdict_of(runs, mains, block.profile).entry()


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
    """C4 has three parts: collapse with one or two points, with three at times, and no best number among the others."""
    shorts, own = few_points.open_all(inputs), limits(block, few_points.Block)
    few, three = few_points.few_collapse(shorts, own), few_points.three_collapse(shorts, own)
    table = table3.open_table(block.profile, inputs)
    many = no_number_of_points_is_best(table)
    runs = {
        short.name: {"fired": short.run.facts["fired"], "fingerprint": short.run.fingerprint}
        for short in shorts
        if short.run.facts is not None
    }
    parts = {"n at most 2": few.verdict, "n = 3": three.verdict, "no best n": many.verdict}
    word = word_of_halves([part.word for part in parts.values()])
    said = "; ".join(f"{name}: {part.word}" + (f" ({part.why})" if part.why else "") for name, part in parts.items())
    why = said if word == NOT_DECIDED else ""
    whole = Verdict("C4", word, block.profile, seeds=min(part.seeds for part in parts.values()), why=why).entry()
    return whole | {
        "collapse": few.entry() | {"runs": runs},
        "occasionally": three.entry(),
        "no_best": with_numbers(many, table),
        "rule": "all three",
    }


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
