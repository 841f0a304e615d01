"""README's first screen: the picture and the table of results, as they follow from what the demo made."""

import csv
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from PIL import Image

from stages.draw.style import stamp
from stages.papers.contrasfill.report.names import METHODS

PICTURE, FIGURE, TABLE = "docs/fig02.png", "results/figures/fig02.png", "results/tables/table1.csv"
LARGEST = 150_000
MEASURE, SETS = "KFFA", ("face", "bird", "car")
ALT = (
    "Four known codes, red, yellow, pink and orange, down the side and four unknown codes, blue, green, purple and "
    "cyan, along the top; each of their sixteen combinations is one picture, and ten pairs of pictures stand below."
)
Numbers = dict[str, tuple[str, ...]]  # of a method, over the sets: ours (printed), as README shows them


def block(text: str, name: str) -> tuple[str, str]:
    """A block of README between its two marks: the first mark's own words, and what stands between."""
    _, begun, rest = text.partition(f"<!-- {name}: ")
    words, _, rest = rest.partition(" -->\n")
    inside, ended, _ = rest.partition(f"<!-- /{name} -->")
    if not begun or not ended:
        raise ValueError(f"README.md: expected <!-- {name}: … --> and <!-- /{name} -->")
    return words, inside


def with_block(text: str, name: str, words: str, inside: str) -> str:
    """README with another block of that name."""
    old_words, old = block(text, name)
    return text.replace(f"<!-- {name}: {old_words} -->\n{old}", f"<!-- {name}: {words} -->\n{inside}")


def picture(place: Path) -> str:
    """The picture, what it shows, and the fingerprint of the run that made it."""
    with Image.open(place) as opened:
        made_by = opened.info["retrace:fingerprint"]
        profile = opened.info["retrace:profile"]
    return (
        f'<img src="{PICTURE}" width="480" alt="{ALT}">\n\n'
        "*ContrasFill's idea, as the demo draws it: known codes (what a picture must keep) and unknown\n"
        "codes (what may change) give a picture for each combination, and pairs of pictures teach the two apart.*\n"
        f"{stamp(f'{profile} without data').capitalize()}. Fingerprint `{made_by}`.\n"
    )


def numbers(place: Path) -> Numbers:
    """Ours beside the printed values of Table 1's measure that the paper's formula defines.

    Raises: ValueError for a table of another profile than the demo's.
    """
    with place.open(encoding="utf-8") as stream:
        rows = [row for row in csv.DictReader(stream) if row["metric"] == MEASURE]
    if {row["profile"] for row in rows} != {"demo"}:
        raise ValueError(
            f"{place}: expected {MEASURE} of the demo profile, found {sorted({r['profile'] for r in rows})}"
        )
    said = {(row["method"], row["dataset"]): f"{float(row['ours']):.1f} ({row['printed']})" for row in rows}
    return {name: tuple(said[name, one] for one in SETS) for name in METHODS if (name, SETS[0]) in said}


def results(found: Numbers, receipt: Mapping[str, Any]) -> str:
    """The table with its stamp and the fingerprint of the run."""
    head = "| angle of the known factor, degrees: ours (printed) | faces | birds | cars |\n|:--|:-:|:-:|:-:|\n"
    lines = [f"| {METHODS[name]} | {' | '.join(cells)} |\n" for name, cells in found.items()]
    return (
        f"{head}{''.join(lines)}\n*Part of ContrasFill's Table 1; larger means that the known factor differs more "
        f"between fillings.*\n{stamp('demo').capitalize()}. Fingerprint `{receipt['fingerprint']}`.\n"
    )


def shown(text: str) -> Numbers:
    """The numbers that README's table holds."""
    names = {label: name for name, label in METHODS.items()}
    rows = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in block(text, "results")[1].splitlines()]
    return {names[row[0]]: tuple(row[1:]) for row in rows if row[0] in names}


def recipe(root: Path) -> str:
    """Digest of all that decides Table 1 but the processor: its stages' commands, parameters, code, lock, sources."""
    found: dict[str, Any] = {}
    waiting = [root / "results/receipts/table1.json"]
    while waiting:
        held = json.loads(waiting.pop().read_text(encoding="utf-8"))
        sources = {name: entry["sha256"] for name, entry in held["inputs"].items() if entry["receipt"] is None}
        found[held["stage"]] = [held["command"], held["params"], held["code_digest"], held["environment"], sources]
        before = (entry["path"] for entry in held["inputs"].values() if entry["receipt"])
        waiting += [root / path / "receipt.json" for path in before if path not in found]
    return hashlib.sha256(json.dumps(found, sort_keys=True).encode()).hexdigest()
