"""What lies under results/ that no stage put there: files without a receipt, receipts of nothing, links for folders."""

import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from stages.graph.names import CHECKED
from stages.retrace.audit.chain import Kept
from stages.retrace.audit.every_byte import ENGINES_OWN
from stages.retrace.audit.findings import Collector
from stages.retrace.audit.units import STORE, Evidence, Unit
from stages.retrace.evidence.waivers import WAIVERS
from stages.runner import receipt

# The one folder that a person may put on another disk by a link; what lies in it is walked all the same.
RESULTS = "results"
CURRENT = receipt.RECEIPTS / "current"
# What a killed run leaves beside its output; the next run of the stage removes it, and `retrace doctor` names it.
LEFTOVER = re.compile(r"\.[^/]+\.\d+\.(tmp|old)$")


def check_links(units: Iterable[Unit], into: Collector) -> None:
    """Every folder from results/ down to a stage's files is one: what a link leads to can change unseen."""
    for unit in units:
        inside = Path(unit.out if not unit.is_final else unit.path("any"))
        places = [inside, *inside.parents] if not unit.is_final else [*inside.parents, *Path(unit.place).parents]
        for place in places:
            if len(place.parts) > 1 and place.is_symlink():
                into.add("link", unit.name, place.as_posix(), "a folder", f"a link to {os.readlink(place)}", RESULTS,
                         "put the folder itself there; results alone may be a link")  # fmt: skip


def check_receipts(units: Mapping[str, Unit], kept: Kept, into: Collector) -> None:
    """Files under results/receipts that are neither a known stage's receipt, kept by content, index nor waiver."""
    places = {unit.place for unit in units.values()}
    for root, path in _files(receipt.RECEIPTS.as_posix(), into):
        name = Path(path)
        known = path in places or path in kept.spoiled or name.parent == WAIVERS
        known = known or (name.parent == receipt.RECEIPTS and name.stem in kept.by_digest)
        if name.parent == CURRENT:
            out = name.name.replace("~", "/")
            held = kept.by_digest.get(kept.index.get(out, ""))
            known = known or out in units or (held is not None and held.content["stage"] == out)
        if not known:
            _add(root, path, "a stage that leaves it here", into)


def check_files(units: Mapping[str, Unit], evidence: Mapping[str, Evidence], into: Collector) -> None:
    """Files under results/ that no receipt lists, but for those among receipts."""
    folders = {unit.out for unit in units.values() if not unit.is_final}
    listed = {unit.path(name) for out, unit in units.items() if unit.is_final and out in evidence
              for name in evidence[out].content["outputs"]}  # fmt: skip
    declared = {out for unit in units.values() if unit.stage for out in unit.stage.outs}
    skipped = {*folders, receipt.RECEIPTS.as_posix()}
    for root, path in _files(RESULTS, into, skipped):
        if path not in listed and path not in declared and Path(path).name not in ENGINES_OWN and path != CHECKED:
            _add(root, path, "a receipt that lists it", into)


def _files(top: str, into: Collector, skipped: Iterable[str] = ()) -> Iterable[tuple[str, str]]:
    """(folder, file) below a folder, which may be a link, without what killed runs left, which is noted."""
    for root, folders, files in os.walk(top):
        place = Path(root).as_posix()
        for name in sorted(folders + files):
            if LEFTOVER.search(f"/{name}"):
                into.note(f"{place}/{name}: left by a killed run; the next run of its stage removes it")
        links = [name for name in folders if os.path.islink(f"{place}/{name}")]
        folders[:] = [name for name in sorted(folders) if f"{place}/{name}" not in skipped
                      and not LEFTOVER.search(f"/{name}")]  # fmt: skip
        for name in sorted(set(links) & set(folders)):
            into.add("link", place, f"{place}/{name}", "a folder", f"a link to {os.readlink(f'{place}/{name}')}",
                     RESULTS, "put the folder itself there, or take it away")  # fmt: skip
        yield from ((place, f"{place}/{name}") for name in sorted(files) if not LEFTOVER.search(f"/{name}"))


def _add(root: str, path: str, expected: str, into: Collector) -> None:
    into.add("foreign", root, path, expected, "none", STORE.parent.as_posix(),
             "take it away; what no stage made has no place under results/")  # fmt: skip
