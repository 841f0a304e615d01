"""`retrace claims`: what each paper says, our numbers beside the printed ones, and the verdict where there is one."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from stages.retrace.answer import FINDING, FINE
from stages.retrace.claims.desk import Claim, Desk
from stages.retrace.evidence import papers as written


@dataclass(frozen=True)
class Ledger:
    """All claims of the papers asked for."""

    claims: list[Claim] = field(default_factory=list)

    @property
    def code(self) -> int:
        """1 where a number or verdict is of a file that its receipt does not vouch for, or not of today's sources."""
        return FINDING if any(claim.untrusted for claim in self.claims) else FINE

    def as_dict(self) -> dict[str, Any]:
        return {"claims": [asdict(claim) for claim in self.claims]}


def run(papers: Sequence[str]) -> Ledger:
    """Reads claims.yaml of each paper and whatever tables are built.

    Raises: ValueError for a paper that is not here; Spoiled for a claims.yaml that is none.
    """
    known = [path.parent.name for path in written.files("claims.yaml")]
    if unknown := [name for name in papers if name not in known]:
        raise ValueError(f"no claims.yaml of {', '.join(unknown)}; papers here are {', '.join(known)}")
    desk = Desk()
    return Ledger([claim for paper in papers or known for claim in desk.of(paper)])
