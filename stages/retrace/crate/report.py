"""What `retrace crate` answers."""

from dataclasses import dataclass, field
from typing import Any

from stages.retrace.answer import FINDING, FINE


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
