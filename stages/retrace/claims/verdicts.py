"""A paper's own table of claims, as its report writes it: lines of comparisons, or one JSON with nested numbers."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Number:
    """One of our numbers, or one comparison of two, beside the paper's."""

    what: str
    ours: str
    spread: str
    printed: str
    profile: str
    protocol: str
    met: str = ""


@dataclass(frozen=True)
class Verdict:
    """What a paper's rule decided about a claim, and what that is worth."""

    word: str = ""
    worth: str = ""
    numbers: tuple[Number, ...] = ()
    gaps: tuple[str, ...] = ()


def verdicts_of_rows(rows: Iterable[Mapping[str, str]]) -> dict[str, Verdict]:
    """One line a comparison; verdict, worth and gaps stand in all lines of a claim."""
    grouped: dict[str, list[Mapping[str, str]]] = {}
    for row in rows:
        grouped.setdefault(row["claim"], []).append(row)
    return {
        claim: Verdict(
            held[0]["verdict"], held[0]["evidence"], tuple(map(_compared, held)), tuple(held[0]["gaps"].split())
        )
        for claim, held in grouped.items()
    }


def verdicts_of_json(content: Mapping[str, Any]) -> dict[str, Verdict]:
    """`claims` by id, each with a verdict, whether it is evidence, and values as deep as its table is."""
    profile, found = str(content.get("profile", "")), {}
    for claim, held in content["claims"].items():
        worth = "evidence" if held.get("evidence") is True else f"not evidence ({profile} profile)"
        found[claim] = Verdict(str(held["verdict"]), worth, tuple(_nested(held, "", profile)))
    return found


def _compared(row: Mapping[str, str]) -> Number:
    what = " ".join(row[key] for key in ("where", "measure") if row.get(key))
    met = f"{row['met']} of {row['seeds']} seeds" if row.get("met") else ""
    return Number(what, row.get("comparison", ""), row.get("spread", ""), row.get("printed", ""),
                  row.get("profile", ""), row.get("rule", ""), met)  # fmt: skip


def _nested(values: Mapping[str, Any], where: str, profile: str) -> Iterable[Number]:
    """Every mapping that has a number of ours, by the path of keys to it."""
    if isinstance(values.get("ours"), (int, float)):
        printed = next((values[key] for key in sorted(values) if key.startswith("printed")), None)
        what = " ".join(word for word in (where, str(values.get("metric", ""))) if word)
        spread = f"{values['spread']:.6g}" if isinstance(values.get("spread"), (int, float)) else ""
        yield Number(what, f"{values['ours']:.6g}", spread, "" if printed is None else str(printed), profile,
                     str(values.get("protocol", "")))  # fmt: skip
    for key, inner in values.items():
        if isinstance(inner, Mapping):
            path = where if key == "values" else f"{where} {key}".strip()
            yield from _nested(inner, path, profile)
