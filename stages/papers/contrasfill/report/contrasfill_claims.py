"""What the paper claims (claims.yaml), the rule that decides each claim, and the verdict that our numbers give."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stages import yaml_text
from stages.block import Block as Base
from stages.draw.latex import cells_to_line, escaped, tabular
from stages.draw.style import stamp
from stages.draw.table import Cell, read_reported, rows_to_markdown
from stages.draw.verdict import Verdict, verdicts_to_csv
from stages.papers.contrasfill.report.comparing import Comparison, Measured
from stages.papers.contrasfill.report.directions import explicit_space_is_wider
from stages.papers.contrasfill.report.example import example_comparisons
from stages.papers.contrasfill.report.identity_direction import identity_direction_is_entangled
from stages.papers.contrasfill.report.rules import RULES, Rule, remark
from stages.papers.contrasfill.report.study import read_group
from stages.papers.contrasfill.report.verdicts import comparison_to_text, printed_cells, verdict_of

GROUPS = ("table1", "box", "disentanglement", "partial", "context", "directions", "identity")
EVERY_RULE: dict[str, Rule] = RULES | {"C10": explicit_space_is_wider, "C11": identity_direction_is_entangled}
BEHIND = ("rule", "gaps", "basis", "text")
BASES = {
    "printed": "numbers are printed",
    "words": "said in words or shown in a picture, without numbers",
    "expectation": "an expectation: the text says what the comparison is for and gives no result",
    "arithmetic": "counts that are exact",
}


class Block(Base):
    """Nothing of the table can be chosen: tolerances stand in claims.yaml."""


@dataclass(frozen=True)
class Decided:
    """A claim with its comparisons, the same on printed numbers where there are any, its gaps, and a remark."""

    claim: Mapping[str, Any]
    comparisons: list[Comparison]
    printed: list[Comparison]
    gaps: list[str]
    profile: str
    remark: str = ""

    @property
    def verdict(self) -> Verdict:
        """By the rule alone."""
        return verdict_of(self.claim["id"], self.comparisons, self.profile, self.printed, self.remark)


def tabulate(block: Block, inputs: Mapping[str, Path]) -> dict[str, str]:
    """csv, md and tex from claims, gaps, reported values and the scores of every group (`<group>_…`).

    Raises: ValueError for a claim without a rule, a missing group, or groups of different profiles or seeds.
    """
    claims, gaps = (yaml_text.load(inputs[name]) for name in ("claims", "gaps"))
    groups = {name: read_group(inputs, name) for name in GROUPS}
    profile = one_profile(groups)
    measured, printed = (
        Measured(groups),
        Measured({"table1": printed_cells(read_reported(inputs["reported"], "table1"))}),
    )
    decided = [decide(claim, gaps, tolerances_of(claims), measured, printed, profile) for claim in claims]
    return {"csv": to_csv(decided), "md": to_markdown(decided, profile), "tex": to_latex(decided, profile)}


def one_profile(groups: Mapping[str, list[Cell]]) -> str:
    """The profile of all groups. Raises: ValueError where profiles or seeds differ."""
    said = {name: (cells[0].profile, tuple(seed for seed, _ in cells[0].by_seed)) for name, cells in groups.items()}
    if len(set(said.values())) != 1:
        raise ValueError(f"claims cannot mix profiles or seeds: {said}")
    return next(iter(said.values()))[0]


def tolerances_of(claims: list[Mapping[str, Any]]) -> dict[str, float]:
    """All tolerances by name; a claim may rest on another's (C5 on C1's)."""
    return {key: held for claim in claims for key, held in claim.get("tolerance", {}).items() if key != "origin"}


def decide(
    claim: Mapping[str, Any],
    gaps: list[Mapping[str, Any]],
    tolerances: Mapping[str, float],
    measured: Measured,
    printed: Measured,
    profile: str,
) -> Decided:
    """Apply a claim's rule to our numbers and, where it is about Table 1, to the printed ones."""
    name = claim["id"]
    own = [gap["id"] for gap in gaps if name in gap["claims"]]
    if name == "C14":
        return Decided(claim, example_comparisons(), [], own, profile)
    if name not in EVERY_RULE:
        raise ValueError(f"claims.yaml: {name} has no rule; known: {sorted(EVERY_RULE)}")
    about_table = claim["measured_by"] == "tables/table1.csv" or name == "C5"
    return Decided(
        claim,
        EVERY_RULE[name](measured, tolerances),
        EVERY_RULE[name](printed, tolerances) if about_table else [],
        own,
        profile,
        remark(name, measured),
    )


def to_csv(decided: list[Decided]) -> str:
    """One line for each comparison; the claim's verdict, rule, gaps and text stand in all of its lines."""
    behind = {
        each.claim["id"]: {
            "rule": each.claim["rule"],
            "gaps": " ".join(each.gaps),
            "basis": each.claim["basis"],
            "text": each.claim["claim"],
        }
        for each in decided
    }
    return verdicts_to_csv((each.verdict for each in decided), behind, BEHIND)


def to_markdown(decided: list[Decided], profile: str) -> str:
    """All verdicts on one screen, then each claim with its comparisons."""
    parts = [
        f"# Claims of ContrasFill, {profile} profile\n",
        f"{stamp(profile).capitalize()}. A claim holds where every comparison of its rule holds for every seed; what "
        "the verdict is worth stands beside it.\n",
        rows_to_markdown(
            ["claim", "verdict", "comparisons that hold", "seeds", "worth", "gaps touched"],
            [summary(each) for each in decided],
        ),
    ]
    for each in decided:
        claim = each.claim
        lines = [
            [held.where, held.what, comparison_to_text(held), seeds_text(held),
             comparison_to_text(each.printed[place]) if each.printed else "–"]
            for place, held in enumerate(each.comparisons)
        ]  # fmt: skip
        parts += [
            f"## {claim['id']}: {claim['claim']}\n",
            f"{claim['evidence'][0].upper()}{claim['evidence'][1:]}: {BASES[claim['basis']]}. Rule: {claim['rule']}. "
            f"Numbers: results/{claim['measured_by']}.{f' Here {each.remark}.' if each.remark else ''}\n",
            rows_to_markdown(["where", "measure", "ours", "seeds that meet it", "printed"], lines),
        ]
    return "\n".join(parts)


def seeds_text(held: Comparison) -> str:
    """For how many seeds of all it holds; an exact count has none."""
    return f"{held.held()} of {len(held.seeds)}" if held.measured else "exact"


def ranges(names: list[str]) -> str:
    """`G1–G3, G7`: runs of three or more numbers drawn together."""
    runs: list[list[int]] = []
    for number in (int(name[1:]) for name in names):
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    said = [[f"G{run[0]}–G{run[-1]}"] if len(run) > 2 else [f"G{number}" for number in run] for run in runs]
    return ", ".join(text for run in said for text in run)


def summary(each: Decided) -> list[str]:
    """One claim on one line."""
    full, verdict = sum(held.held() == len(held.seeds) for held in each.comparisons), each.verdict
    seeds = ", ".join(map(str, each.comparisons[0].seeds)) if verdict.seeds else "–"
    return [
        each.claim["id"], verdict.word, f"{full} of {len(each.comparisons)}", seeds, verdict.worth,
        ranges(each.gaps) or "–",
    ]  # fmt: skip


def to_latex(decided: list[Decided], profile: str) -> str:
    """A booktabs tabular of the verdicts."""
    notes = [f"Claims of ContrasFill; {stamp(profile)}.", "Needs booktabs."]
    head = [cells_to_line(["claim", "verdict", "comparisons that hold", "seeds", "worth"])]
    return tabular(notes, "llccl", head, ([escaped(text) for text in summary(each)[:5]] for each in decided))
