"""`retrace report`: all that is built as pages that open from a disk, each number with what it was made from."""

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from stages.retrace import folder
from stages.retrace.answer import FINDING, FINE
from stages.retrace.record.certificate import Checker
from stages.retrace.record.earlier import MARK, earlier
from stages.retrace.report import (
    changes,
    claim_pages,
    data_pages,
    drawing,
    front,
    proof,
    record_pages,
    results,
    seeking,
    stage_pages,
)
from stages.retrace.report.changes import Changes
from stages.retrace.report.gathered import Gathered
from stages.retrace.report.shown import Shown
from stages.retrace.report.site import SUMS, Site
from stages.retrace.report.texts import Texts


@dataclass
class Written:
    """What was written; `problems` stand in red in the pages."""

    out: str
    pages: int = 0
    files: int = 0
    size: int = 0
    results: int = 0
    stages: int = 0
    root: str = ""
    problems: list[str] = field(default_factory=list)
    changed: Changes | None = None

    @property
    def code(self) -> int:
        """1 where anything that the pages speak of is not what its receipt says, or not of today's sources."""
        return FINDING if self.problems else FINE

    def as_dict(self) -> dict[str, Any]:
        return {**vars(self), "changed": self.changed.as_dict() if self.changed else None}


def run(
    out: str, targets: Sequence[str], against: str | None, start: Path, progress: bool,
    checker: Mapping[str, str] = MappingProxyType({}),
) -> Written:  # fmt: skip
    """Writes the report into OUT, over an earlier one there.

    `start` is the folder from which `against` counts, `checker` what whoever checked says of themselves.
    Raises: ValueError for an OUT in use, an unknown target, a wrong option or nothing to compare with;
    FileNotFoundError where nothing is built.
    """
    who, place = Checker(**checker), folder.target(out, MARK, "an earlier report")
    _refuse_strangers(place)
    all_, shown = Gathered(targets, progress), Shown()
    site = Site(Texts(claim_pages.entries(all_)), all_.profile, all_.audited.root)
    made = [results.make(one, all_, shown, site) for one in all_.results]
    for one in made:
        results.write(one, all_, site)
    records = record_pages.write(all_, shown, site)
    for node in all_.nodes:
        stage_pages.write(node, all_, records.links.get(node.digest, []), shown, site)
    claim_pages.write(all_, made, site)
    data_pages.write(all_, records.links, site)
    drawing.write(all_, site)
    seeking.write(all_, made, records.cards, site)
    problems = front.problems(all_, made, shown)
    proof.write(all_, made, problems, site)
    with earlier(against, start) if against else nullcontext() as then:
        record_pages.certify(all_, made, who, then, site)
        changed = changes.write(then, made, shown, site) if then else None
    front.write(all_, made, problems, changes.PLACE if against else "", site)
    with folder.beside(place) as new:
        site.write(new)
        folder.put(new, place)
    return Written(
        out, sum(name.endswith(".html") for name in site.files), len(site.files), sum(map(len, site.files.values())),
        sum(one.result.node is not None for one in made), len(all_.nodes), all_.audited.root, problems, changed,
    )  # fmt: skip


def _refuse_strangers(place: Path) -> None:
    """Raises: ValueError for a file in an earlier report's folder that its list does not name: somebody's own work."""
    sums = place / SUMS
    listed = (
        {line[66:] for line in sums.read_text(encoding="utf-8", errors="replace").splitlines()}
        if sums.is_file()
        else set()
    )
    found = {path.relative_to(place).as_posix() for path in place.rglob("*") if path.is_symlink() or not path.is_dir()}
    if strange := sorted(found - listed - {SUMS}):
        raise ValueError(f"expected in {place} what an earlier report wrote, found {strange[0]} too: take it away, or "
                         "choose another folder")  # fmt: skip
