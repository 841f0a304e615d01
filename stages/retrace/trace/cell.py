"""One number of a table, followed to the scores, sample sets and models that it came from."""

import difflib
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from stages.retrace.evidence import table
from stages.retrace.evidence.identify import Identity
from stages.retrace.evidence.receipts import Receipt, Shelf, outputs

# Columns that say what a number is; the others say what it came out as.
NOT_NAMES = ("ours", "value", "spread", "seeds", "printed", "difference", "protocol", "unit", "profile")
NUMBER = re.compile(r"[-+]?[\d.]+(e[-+]?\d+)?")


@dataclass(frozen=True)
class Behind:
    """What one seed gave: the value in its score, the sample sets and models behind it, and what else was read."""

    seed: str
    value: float
    score: Receipt
    samples: tuple[Receipt, ...]
    models: tuple[Receipt, ...]
    others: tuple[tuple[str, Receipt], ...]
    named: tuple[tuple[str, str], ...]  # key of the protocol that holds a sha256, the output with those bytes

    def as_dict(self) -> dict[str, Any]:
        parts = {"samples": self.samples, "models": self.models, "others": tuple(node for _, node in self.others)}
        listed = {name: [{"stage": n.stage, "receipt": n.digest} for n in nodes] for name, nodes in parts.items()}
        facts = {"seed": self.seed, "value": self.value, "score": self.score.stage, "receipt": self.score.digest}
        return facts | listed | {"named": dict(self.named)}


@dataclass(frozen=True)
class Cell:
    """A row of a table and every seed behind it."""

    row: Mapping[str, str]
    behind: tuple[Behind, ...]

    @property
    def column(self) -> str:
        """Where the row holds our number."""
        return next((name for name in ("ours", "value") if name in self.row), "")

    def nodes(self) -> list[Receipt]:
        """What the number was computed from: sample sets and what else the scores read, not other methods' samples."""
        return [node for one in self.behind for node in (*one.samples, *(node for _, node in one.others))]

    @property
    def mean(self) -> float:
        return sum(one.value for one in self.behind) / len(self.behind)

    @property
    def agrees(self) -> bool:
        """Whether the table's number is the mean of the scores' ones, to the digits that the table gives."""
        text = self.row.get(self.column, "")
        return bool(NUMBER.fullmatch(text)) and abs(float(text) - self.mean) <= 1e-5 * max(abs(self.mean), 1e-12)

    def as_dict(self) -> dict[str, Any]:
        rows = [one.as_dict() for one in self.behind]
        return {"row": dict(self.row), "seeds": rows, "mean": self.mean, "agrees": self.agrees}


def find_cell(words: str, found: Identity, shelf: Shelf) -> Cell:
    """The row that words such as `ContrasFill,face,KFFA` name, in any order and spelling of upper and lower case.

    Raises: ValueError where no row or several rows fit, naming the nearest.
    """
    if not found.file.endswith(".csv"):
        tables = [path for path in outputs(found.node) if path.endswith(".csv")]
        raise ValueError(f"--cell reads the csv form of a table: {tables[0] if tables else 'this stage writes none'}")
    place = found.file if Path(found.file).is_file() else ""
    if not place:
        raise ValueError(f"{found.file}: expected the table itself, to read the row from")
    rows = table.rows(Path(place))
    row = _row([word.strip() for word in words.split(",") if word.strip()], rows)
    cell = cell_of(row, found.node, shelf)
    if not cell.behind:
        raise ValueError(f"{found.file}: no score before this table holds {_name(row)}; trace the table itself")
    return cell


def cell_of(row: Mapping[str, str], table: Receipt, shelf: Shelf) -> Cell:
    """A row of a table with what the scores before it hold of it, which may be nothing.

    Raises: FileNotFoundError for a score that is not there, ValueError for one with other bytes than its receipt says.
    """
    scores = [node for _, _, node in shelf.inputs(table) if node]
    return Cell(row, tuple(one for node in scores for one in _of_score(row, node, shelf)))


def _row(words: list[str], rows: list[dict[str, str]]) -> dict[str, str]:
    fitting = [row for row in rows if all(_fits(word, row) for word in words)]
    exact = [row for row in fitting if all(_plain(word) in map(_plain, names(row).values()) for word in words)]
    if len(exact or fitting) == 1:
        return (exact or fitting)[0]
    known = [_name(row) for row in exact or fitting or rows]
    near = difflib.get_close_matches(",".join(words), known, n=4, cutoff=0) if not fitting else known[:8]
    problem = f"{len(known)} rows fit" if fitting else "no row fits"
    raise ValueError(f"--cell {','.join(words)}: {problem}; {'they are' if fitting else 'the nearest are'} {near}")


def _fits(word: str, row: dict[str, str]) -> bool:
    """A word names a row by one of its names, or by the printed measure in whose place the row's one stands."""
    stands_for = f"printed={word}," in row.get("protocol", "") or f"printed={word};" in row.get("protocol", "")
    return _plain(word) in map(_plain, names(row).values()) or stands_for


def names(row: Mapping[str, str]) -> dict[str, str]:
    """The columns of a row that say what its number is."""
    return {key: value for key, value in row.items() if key not in NOT_NAMES and value}


def _name(row: Mapping[str, str]) -> str:
    return ",".join(names(row).values())


def _plain(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.lower())


def _of_score(row: Mapping[str, str], score: Receipt, shelf: Shelf) -> list[Behind]:
    """The values of a score that agree with a row in every name that both have."""
    if "score.json" not in score.content["outputs"]:
        return []
    content = _read_output(score, "score.json")
    values = content.get("values", []) if isinstance(content, dict) else []
    known = names(row)
    return [
        _behind(row, content, value, score, shelf)
        for value in values
        if isinstance(value, dict) and "value" in value and _same_names(known, {**content, **value})
    ]


def _same_names(known: Mapping[str, str], value: Mapping[str, Any]) -> bool:
    shared = [key for key in known if isinstance(value.get(key), (str, int))]
    return bool(shared) and all(str(value[key]) == known[key] for key in shared)


def _behind(
    row: Mapping[str, str], content: Mapping[str, Any], value: Mapping[str, Any], score: Receipt, shelf: Shelf
) -> Behind:
    inputs = [(name, node) for name, _, node in shelf.inputs(score) if node]
    is_sample = {name: node.content["verb"] == "sample" for name, node in inputs}
    named = [node for name, node in inputs if is_sample[name] and name.removeprefix("sample_") in names(row).values()]
    samples = named or [node for name, node in inputs if is_sample[name]]
    models = [by for sample in samples for name, _, by in shelf.inputs(sample) if by and by.content["verb"] == "train"]
    others = tuple((name, node) for name, node in inputs if not is_sample[name])
    seed = str(content.get("seed", "")) or score.choice("seed")
    sums = {str(v): str(k) for k, v in value.get("protocol", {}).items() if str(k).endswith("sha256")}
    files = [(path, entry["sha256"]) for _, node in others for path, entry in outputs(node).items()]
    protocol = tuple((sums[sha256], path) for path, sha256 in files if sha256 in sums)
    return Behind(seed, float(value["value"]), score, tuple(samples), tuple(models), others, protocol)


@cache
def _read_output(node: Receipt, name: str) -> Any:
    """The content of a stage's JSON file, only if it is what the receipt says.

    Raises: FileNotFoundError where it is not there, ValueError where its bytes are others.
    """
    path = node.folder / name
    if not path.is_file():
        raise FileNotFoundError(f"expected {path}, which its receipt lists; build it again or pull it")
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() != node.content["outputs"][name]["sha256"]:
        raise ValueError(f"{path} has other bytes than its receipt says; `retrace audit` finds what was altered")
    return json.loads(content)
