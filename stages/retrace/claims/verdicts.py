"""Verdicts as the reports write them: lines of comparisons, or a JSON with nested numbers."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from stages.draw.verdict import SHOWN, WORDS


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
    """What a paper's rule decided about a claim, why if it did not, what that is worth, and which file says it.

    `rule` is the one that decided, in the words of the code; empty where the file does not say.
    """

    word: str
    why: str = ""
    worth: str = ""
    seeds: int = 0
    numbers: tuple[Number, ...] = ()
    gaps: tuple[str, ...] = ()
    rule: str = ""
    file: str = ""


def verdicts_of_rows(rows: Iterable[Mapping[str, str]]) -> dict[str, Verdict]:
    """One line a comparison; what is about the whole claim stands in all of its lines.

    Raises: ValueError for a word that is no verdict, KeyError where the lines are not those of verdicts.
    """
    grouped: dict[str, list[Mapping[str, str]]] = {}
    for row in rows:
        grouped.setdefault(row["claim"], []).append(row)
    return {
        claim: Verdict(
            known(held[0]["verdict"]),
            held[0]["why"],
            held[0]["worth"],
            int(held[0]["seeds"] or 0),
            tuple(_compared(row) for row in held if row["comparison"]),
            tuple(held[0].get("gaps", "").split()),
            held[0].get("rule", ""),
        )
        for claim, held in grouped.items()
    }


def verdicts_of_json(content: Any) -> dict[str, Verdict]:
    """`claims` by id, each with a verdict, its worth, and values as deep as its table is; none without `claims`.

    Raises: as `verdicts_of_rows`, TypeError for values of other kinds.
    """
    if not isinstance(content, Mapping) or not isinstance(held := content.get("claims", {}), Mapping):
        raise TypeError("it is no mapping")
    profile = str(content.get("profile", ""))
    return {str(claim): _entry(one, profile) for claim, one in held.items()}


def _entry(held: Any, profile: str) -> Verdict:
    texts = [held["verdict"], held.get("why", ""), held["worth"], held.get("rule", "")]
    if not all(isinstance(text, str) for text in texts) or type(held["seeds"]) is not int:
        raise TypeError("a verdict's words are texts, and its seeds a whole number")
    numbers = tuple(_nested(held, "", profile))
    return Verdict(known(texts[0]), texts[1], texts[2], held["seeds"], numbers, rule=texts[3])


def known(word: str) -> str:
    """The word itself. Raises: ValueError for one that is not among the house's."""
    if word not in WORDS:
        raise ValueError(f"expected a verdict of {', '.join(WORDS)}, came {word!r}")
    return word


def _compared(row: Mapping[str, str]) -> Number:
    what = " ".join(row[key] for key in ("where", "measure") if row.get(key))
    met = f"{row['met']} of {row['seeds'] or 1} seeds" if row.get("met") else ""
    sides = f": {row['ours']} {SHOWN[row['sign']]} {row['against']}" if row.get("sign") else ""
    return Number(what, f"{row['comparison']}{sides}", row.get("spread", ""), row.get("printed", ""),
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
