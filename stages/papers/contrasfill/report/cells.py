"""Measured cells and printed values, brought together and complete."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from stages.draw.table import Cell, Key
from stages.papers.contrasfill.report.names import (
    BOX_METHODS,
    DATASETS,
    DECIMALS,
    LOWER_IS_BETTER,
    METHODS,
    PRINTED,
    printed_for,
)


@dataclass(frozen=True)
class Table:
    """`cells` by (method, dataset, metric), `printed` by (method, dataset, printed name), `places`: printed → ours."""

    cells: Mapping[Key, Cell]
    printed: Mapping[Key, str]
    places: Mapping[str, str]
    hole: str

    @property
    def methods(self) -> Mapping[str, str]:
        """The table's lines: names and labels of its methods."""
        return METHODS if self.hole == "object" else BOX_METHODS

    @property
    def holes(self) -> str:
        """What its holes are called."""
        return "object masks" if self.hole == "object" else "box holes"

    @property
    def profile(self) -> str:
        """The profile that all cells share."""
        return next(iter(self.cells.values())).profile

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seeds behind every cell."""
        return tuple(seed for seed, _ in next(iter(self.cells.values())).by_seed)

    def cell(self, method: str, dataset: str, printed: str) -> Cell:
        """Our measure in the place of a printed one."""
        return self.cells[method, dataset, self.places[printed]]

    def ordered(self) -> list[Cell]:
        """All cells: by dataset, then metric (Table 1's own first), then method, in the printed order."""
        own = [self.places[name] for name in PRINTED]

        def rank(cell: Cell) -> tuple:
            metric = own.index(cell.metric) if cell.metric in own else len(own)
            lines = list(self.methods)
            method = lines.index(cell.method) if cell.method in lines else len(lines)
            return list(DATASETS).index(cell.dataset), metric, cell.metric, method, cell.method

        return sorted(self.cells.values(), key=rank)

    def printed_beside(self, cell: Cell) -> tuple[str, str]:
        """The printed value in the cell's place and its metric's name; two empty texts where the paper has none."""
        name = printed_for(cell.metric)
        return (self.printed.get((cell.method, cell.dataset, name), ""), name) if name else ("", "")

    def seeds_text(self) -> str:
        """How many seeds stand behind a number."""
        if len(self.seeds) == 1:
            return f"One seed ({self.seeds[0]}), so no spread."
        return f"Mean ± standard deviation over seeds {', '.join(map(str, self.seeds))}."

    def names_text(self) -> str:
        """A sentence about measures that are not the printed ones; empty where all are."""
        other = [f"{ours} stands where the paper has {name}" for name, ours in self.places.items() if name != ours]
        text = "" if self.printed else " The paper's own numbers for box holes are not in its supplementary."
        text += f" {'; '.join(other)}: another network, so only orders may be compared, not values." if other else ""
        if self.profile != "paper":
            text += " KFFA is the paper's formula over this profile's encoders."
        return text

    def heads(self, gap: str) -> list[str]:
        """A heading for each column: dataset, our measure, and the printed one where its name is another."""
        said = [ours if ours == name else f"{ours} ({name})" for name, ours in self.places.items()]
        return [f"{label}{gap}{head}" for label in DATASETS.values() for head in said]

    def cell_text(self, method: str, dataset: str, name: str) -> str:
        """`ours ± spread (printed)`, in bold where ours is the best; nothing in brackets if not printed."""
        cell = self.cell(method, dataset, name)
        spread = "" if cell.spread is None else f" ± {cell.spread:.{DECIMALS[name]}f}"
        text = f"{cell.ours:.{DECIMALS[name]}f}{spread}"
        mark = "**" if method == self.order(dataset, name)[0] else ""
        printed = f" ({self.printed[method, dataset, name]})" if self.printed else ""
        return f"{mark}{text}{mark}{printed}"

    def order(self, dataset: str, name: str) -> list[str]:
        """The methods by our mean, best first; equal ones in the printed order of lines."""
        sign = 1 if name in LOWER_IS_BETTER else -1
        return sorted(self.methods, key=lambda method: sign * self.cell(method, dataset, name).ours)

    def orders(self) -> list[list[str]]:
        """For each column: dataset, measure, our order, the printed order."""
        rows = []
        for dataset, label in DATASETS.items():
            for name in PRINTED:
                ours = " > ".join(self.methods[method].split()[0] for method in self.order(dataset, name))
                rows.append([label, self.places[name], ours, self.printed_order(dataset, name)])
        return rows

    def printed_order(self, dataset: str, name: str) -> str:
        """The methods by the printed values, best first, equal ones joined by =; a dash where none are printed."""
        if not self.printed:
            return "–"
        sign = 1 if name in LOWER_IS_BETTER else -1
        values = {method: sign * float(self.printed[method, dataset, name]) for method in self.methods}
        text, last = "", None
        for method in sorted(self.methods, key=lambda method: values[method]):
            joint = "" if last is None else " = " if values[method] == last else " > "
            text, last = text + joint + self.methods[method].split()[0], values[method]
        return text


def cells_to_table(cells: Iterable[Cell], printed: Mapping[Key, str], hole: str) -> Table:
    """All cells of the table, whose methods follow from the kind of hole.

    Raises: ValueError where one printed place has several measures of ours or none, or where holes are of another kind.
    """
    held = {(cell.method, cell.dataset, cell.metric): cell for cell in cells}
    methods = METHODS if hole == "object" else BOX_METHODS
    places: dict[str, set[str]] = {name: set() for name in PRINTED}
    for (method, dataset, metric), cell in held.items():
        if dataset not in DATASETS or (method not in methods and printed_for(metric)):
            raise ValueError(f"Table 1 has no place for {metric} of {method} on {dataset}")
        if dict(cell.protocol)["hole"] != hole:
            raise ValueError(
                f"this table is about {hole} holes; {metric} of {method} on {dataset} was measured with others"
            )
        if name := printed_for(metric):
            places[name].add(metric)
    for name, ours in places.items():
        if len(ours) != 1:
            raise ValueError(
                f"one column cannot mix values: expected one measure for {name}, got {sorted(ours) or 'none'}"
            )
    chosen = {name: next(iter(ours)) for name, ours in places.items()}
    missing = [
        key for key in ((m, d, chosen[n]) for d in DATASETS for m in methods for n in PRINTED) if key not in held
    ]
    if missing:
        method, dataset, metric = missing[0]
        raise ValueError(
            f"Table 1 needs {metric} of {method} on {dataset}, which no score holds ({len(missing)} such cells)"
        )
    return Table(held, printed, chosen, hole)
