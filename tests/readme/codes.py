"""ContrasFill's README: what each code moves, over three seeds, as the demo's scores have it."""

import json
from pathlib import Path

PAGE, STORE = "stages/papers/contrasfill/README.md", "results/store/demo/score/contrasfill"
SEEDS = (0, 1, 2)
ROWS = (
    ("Faces, object masks", "face"),
    ("Birds, object masks", "bird"),
    ("Cars, colour, object masks", "car"),
    ("Faces, box holes", "disentanglement_face"),
    ("Birds, box holes", "disentanglement_bird"),
    ("Cars, colour, box holes", "disentanglement_car_colour"),
    ("Cars, shape, box holes", "disentanglement_car"),
)
# Columns of a grid differ in the known code, rows in the unknown one.
PAIRS = {
    "E_k": ("angle_known_between_columns", "angle_known_between_rows"),
    "E_u": ("angle_unknown_between_rows", "angle_unknown_between_columns"),
}
LOSSES = ("loss_known", "loss_unknown")
HEAD = (
    "| seeds 0, 1, 2 | E_k: known code varied | unknown code varied | E_u: unknown code varied | known code varied "
    "| loss, known | loss, unknown |\n|---|---|---|---|---|---|---|\n"
)
Values = dict[str, float]


def scores(root: Path) -> dict[str, list[Values]] | None:
    """ContrasFill's values by row and seed; None where one of the scores is not built."""
    found: dict[str, list[Values]] = {}
    for _, name in ROWS:
        for seed in SEEDS:
            place = root / STORE / f"{name}_{seed}" / "score.json"
            if not place.is_file():
                return None
            values = json.loads(place.read_text(encoding="utf-8"))["values"]
            held = {one["metric"]: one["value"] for one in values if one["method"] == "contrasfill"}
            found.setdefault(name, []).append(held)
    return found


def block(found: dict[str, list[Values]]) -> str:
    """The table, and in how many comparisons a code moves its own space twice as far as the other one does."""
    lines, weak, count = [], [], 0
    for label, name in ROWS:
        held = found[name]
        cells = [joined(held, metric, 0) for pair in PAIRS.values() for metric in pair]
        cells += [joined(held, metric, 1) for metric in LOSSES]
        lines.append(f"| {label} | {' | '.join(cells)} |\n")
        for seed, values in zip(SEEDS, held, strict=True):
            for space, (own, other) in PAIRS.items():
                count += 1
                if (times := values[own] / values[other]) < 2:
                    weak.append(f"{times:.2f} times in {space} ({label.lower()}, seed {seed})")
    told = (
        f"In {count - len(weak)} of {count} comparisons a code moves its own space at least twice as far as the other"
    )
    but = f", else {', '.join(weak)}" if weak else ""
    return f"{HEAD}{''.join(lines)}\n{told} code does{but}.\n"


def joined(held: list[Values], metric: str, digits: int) -> str:
    """One number for each seed."""
    return ", ".join(f"{values[metric]:.{digits}f}" for values in held)
