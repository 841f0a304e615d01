"""`retrace trace`: everything that a file was made from, read from receipts alone."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from stages.retrace.answer import FINDING, FINE
from stages.retrace.evidence import used
from stages.retrace.evidence.identify import Identity, Unvouched, identify
from stages.retrace.evidence.origins import Origins
from stages.retrace.evidence.receipts import Receipt, Shelf
from stages.retrace.evidence.roots import Root, roots_of

if TYPE_CHECKING:
    from stages.retrace.trace.cell import Cell


def run(file: str, cell: str = "", depth: int = 1000, full: bool = False, dot: bool = False) -> "Trace | Unknown":
    """Finds the receipt that speaks of a file and follows it to raw data.

    Raises: ValueError for something that is neither a file nor digits, and for a cell that the table does not have.
    """
    shelf = Shelf()
    try:
        found = identify(file, shelf)
    except Unvouched as problem:
        return Unknown(file, str(problem))
    one = None
    if cell:
        from stages.retrace.trace.cell import find_cell

        one = find_cell(cell, found, shelf)
    return Trace(shelf, found, Origins(), one, depth, full, dot)


@dataclass(frozen=True)
class Unknown:
    """A file that no receipt speaks of."""

    file: str
    problem: str
    code: int = FINDING

    def as_dict(self) -> dict[str, Any]:
        return {"file": self.file, "problem": self.problem}


@dataclass(frozen=True)
class Trace:
    """A file's receipt with everything before it."""

    shelf: Shelf
    found: Identity
    origins: Origins
    cell: "Cell | None"
    depth: int
    full: bool
    dot: bool

    @property
    def code(self) -> int:
        """1 where the bytes are not vouched for, or the tree has a hole."""
        whole = self.found.trusted and not self.shelf.lost(self.found.node)
        return FINE if whole and (self.cell is None or self.cell.agrees) else FINDING

    @property
    def is_current(self) -> bool:
        """Whether it is its stage's present receipt; of what `retrace use` made there is but one."""
        return self.found.node.content["verb"] == used.VERB or self.shelf.is_current(self.found.node)

    def nodes(self) -> list[Receipt]:
        """The file's own stage first, then what it was made from, as far as `depth` goes."""
        wanted, level = {self.found.node.digest: self.found.node}, [self.found.node]
        for _ in range(self.depth):
            level = [by for node in level for _, _, by in self.shelf.inputs(node) if by and by.digest not in wanted]
            wanted |= {node.digest: node for node in level}
            if not level:
                break
        return list(wanted.values())

    def base(self) -> list[Receipt]:
        """All that the file rests on, or with a cell all that this number does."""
        ends = self.cell.nodes() if self.cell else [self.found.node]
        return list({node.digest: node for end in ends for node in self.shelf.upstream(end)}.values())

    def roots(self) -> list[Root]:
        """Where everything begins: drawn data, user's data and files, files of the project."""
        return roots_of(self.base(), self.shelf)

    def seeds(self) -> dict[str, str]:
        """Every seed before the file, by what was made with it."""
        found = {}
        for node in self.base():
            seed = node.choice("seed") or str(node.content["params"].get("seed", ""))
            if seed:
                found[node.stage] = seed
        return found

    def as_dict(self) -> dict[str, Any]:
        """All of it: one entry a stage, joined by receipts' digests."""
        node = self.found.node
        answer = {
            "file": self.found.file,
            "sha256": self.found.sha256,
            "found": self.found.how,
            "trusted": self.found.trusted,
            "warning": self.found.warning,
            "current": self.is_current,
            "receipt": node.digest,
            "stages": [self._stage(at) for at in self.nodes()],
            "roots": [root.as_dict() for root in self.roots()],
            "seeds": self.seeds(),
            "gaps": [vars(gap) for gap in self.origins.gaps(self.base())],
            "lost": self.shelf.lost(node),
        }
        return answer | ({"cell": self.cell.as_dict()} if self.cell else {})

    def _stage(self, node: Receipt) -> dict[str, Any]:
        return {
            **node.content,
            "receipt": node.digest,
            "place": node.place.as_posix(),
            "params": {
                one.key: {"value": one.value, "origin": one.origin, "layer": one.layer, "gaps": list(one.gaps)}
                for one in self.origins.parameters(node)
            },
        }
