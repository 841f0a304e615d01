"""The page of all claims of a paper: rule, what was measured, verdict and its worth, as csv, md and tex."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from stages import yaml_text
from stages.draw.latex import cells_to_line, escaped, tabular
from stages.draw.ruled import HEAD, Ruled, rules_to_csv
from stages.draw.style import stamp
from stages.draw.table import rows_to_markdown

Decide = Callable[[str, Mapping[str, Path]], Ruled]  # from profile and inputs


def claims_to_texts(
    paper: str, profile: str, said: str, every: Mapping[str, Decide], inputs: Mapping[str, Path]
) -> dict[str, str]:
    """csv, md and tex of all claims of the input `claims`, each decided by its rule from the other inputs.

    Raises: ValueError where claims.yaml lists other claims than there are rules.
    """
    listed: list[dict[str, Any]] = yaml_text.load(inputs["claims"])
    if (names := [claim["id"] for claim in listed]) != list(every):
        raise ValueError(f"{inputs['claims']}: expected the claims {', '.join(every)}, got {', '.join(names)}")
    found = {name: decide(profile, inputs) for name, decide in every.items()}
    parts = [
        f"# Claims of {paper}, {profile} profile\n",
        f"{stamp(profile).capitalize()}. {said}\n",
        rows_to_markdown(HEAD, [one.row() for one in found.values()]),
    ]
    for claim in listed:
        verdict = found[claim["id"]].verdict
        parts.append(
            f"- **{claim['id']}** ({claim['evidence']}): {claim['claim']} {verdict.word.capitalize()}; worth: "
            f"{verdict.worth}; numbers in results/{claim['measured_by']}.\n"
        )
    notes = [f"Claims of {paper}; {stamp(profile)}.", "Needs booktabs."]
    body = [[name, escaped(one.verdict.marked())] for name, one in found.items()]
    tex = tabular(notes, "ll", [cells_to_line(["claim", "verdict"])], body)
    return {"csv": rules_to_csv(*found.values()), "md": "\n".join(parts), "tex": tex}
