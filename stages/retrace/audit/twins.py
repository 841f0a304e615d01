"""Runs that had to make equal bytes and did not: of two such receipts one is false, wherever it lies."""

from collections.abc import Iterable
from typing import Any

from stages.retrace.audit.units import Evidence
from stages.runner import receipt


def determined_by(content: dict[str, Any]) -> str:
    """One digest over everything that determines a run's bytes on a CPU.

    Of the code the digest that leaves out comments, of inputs their bytes without the receipts that speak of them. Not
    the packages that a run found: no fingerprint speaks of them, and any word there would make a forgery unlike.
    """
    inputs = {name: (entry["path"], entry["sha256"]) for name, entry in content["inputs"].items()}
    return receipt.digest(
        {
            **{key: content[key] for key in ("stage", "command", "params", "code_digest", "environment")},
            "inputs": inputs,
        }
    )


class Runs:
    """Receipts by what determines their bytes; only of runs on a CPU, since a GPU's need not repeat to the bit."""

    def __init__(self, among: Iterable[Evidence]) -> None:
        self._known: dict[str, list[Evidence]] = {}
        for one in among:
            if one.content["device"] == "cpu":
                self._known.setdefault(determined_by(one.content), []).append(one)

    def denying(self, held: Evidence) -> tuple[Evidence, str] | None:
        """A run that had to make the same bytes and made others, with the first output in which the two differ."""
        mine = held.content["outputs"]
        if held.content["device"] != "cpu":
            return None
        for other in self._known.get(determined_by(held.content), []):
            made = other.content["outputs"]
            if apart := [name for name in mine.keys() | made.keys() if mine.get(name) != made.get(name)]:
                return other, min(apart)
        return None


def supersedes(new: dict[str, Any], old: dict[str, Any]) -> bool:
    """Whether a run with equal bytes may stand in for the one that a consumer names.

    It may differ in the receipts of inputs with equal bytes, and in code as to comments, layout and docstrings; any
    other difference would have made the consumer run again.
    """
    apart = ("inputs", "code", "fingerprint")
    if any(new[key] != old[key] for key in old if key not in apart) or new["code"].keys() != old["code"].keys():
        return False
    one, other = ({name: (entry["path"], entry["sha256"]) for name, entry in content["inputs"].items()}
                  for content in (new, old))  # fmt: skip
    return one == other
