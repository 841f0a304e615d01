"""What `retrace crate` answers."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from stages.retrace.report import FINDING, FINE

if TYPE_CHECKING:
    from rich.console import Console


@dataclass
class CrateReport:
    """What was packed, and what stood against it; `problems` means that nothing was written."""

    out: str
    actions: int = 0
    entities: int = 0
    files: int = 0
    size: int = 0
    checks: int = 0
    lost: list[str] = field(default_factory=list)
    restricted: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    @property
    def code(self) -> int:
        return FINDING if self.problems else FINE

    def as_dict(self) -> dict[str, Any]:
        return {**vars(self), "valid": not self.problems}

    def show(self, console: "Console") -> None:
        for problem in self.problems:
            console.print(problem, style="bold red", markup=False)
        if self.problems:
            console.print("Nothing was written. `retrace audit` finds what was altered.")
            return
        size = f"{self.files} files of {self.size / 1e6:.1f} MB"
        console.print(f"{self.out}: {self.actions} runs, {self.entities} entities, {size}", markup=False)
        console.print(f"roc-validator: {self.checks} checks at level MUST hold")
        for path in self.lost:
            console.print(f"named by digest alone: {path}, whose earlier version git does not hold", markup=False)
        if self.restricted:
            console.print(
                f"Figures may show data that may not be passed on: {', '.join(self.restricted)}", style="yellow"
            )
