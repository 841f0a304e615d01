"""What `dvc metrics` reads of a table: its numbers, or its verdicts, as nested JSON, taken from the table's own csv."""

import csv
import json
from collections.abc import Callable, Iterable, Mapping


def cells_to_json(rows: Iterable[Mapping[str, str]]) -> str:
    """dataset → metric → method → our value; what was not run has no number and is left out.

    Raises: ValueError for a cell that stands in two lines.
    """
    found: dict[str, dict[str, dict[str, float]]] = {}
    for row in rows:
        held = found.setdefault(row["dataset"], {}).setdefault(row["metric"], {})
        if row["method"] in held:
            raise ValueError(f"{row['metric']} of {row['method']} on {row['dataset']} stands in two lines")
        if (value := _number(row["ours"])) is not None:
            held[row["method"]] = value
    return _text(found)


def verdicts_to_json(rows: Iterable[Mapping[str, str]]) -> str:
    """claim → verdict; the lines of one claim say the same."""
    return _text({row["claim"]: row["verdict"] for row in rows})


# By the suffix that a table's command asks for.
MADE: dict[str, Callable[[Iterable[Mapping[str, str]]], str]] = {
    "metrics.json": cells_to_json,
    "verdicts.json": verdicts_to_json,
}


def add_asked(texts: Mapping[str, str], asked: Iterable[str]) -> dict[str, str]:
    """The texts of a table with the metrics that are asked for.

    Raises: ValueError for a table without csv.
    """
    made = dict(texts)
    for suffix in (suffix for suffix in asked if suffix in MADE):
        if "csv" not in texts:
            raise ValueError(f"{suffix} is taken from the table's csv, and it is written as {sorted(texts)}")
        made[suffix] = MADE[suffix](csv.DictReader(texts["csv"].splitlines()))
    return made


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _text(content: Mapping[str, object]) -> str:
    return json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
