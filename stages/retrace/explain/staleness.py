"""Why a stage would run: its receipt against sources, inputs and outputs of today, then what only engines follow."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stages.graph import Stage
from stages.retrace.evidence import current
from stages.retrace.evidence.differences import ABSENT, Difference, Sources
from stages.retrace.evidence.receipts import Receipt, Shelf, outputs
from stages.retrace.evidence.waivers import Waivers
from stages.retrace.explain.records import Records
from stages.runner.digest import file_digest, listing, listing_digest

SAME_RESULT = "engines run it again, the result stays"
EDITED = "edited after the stage wrote it"


@dataclass(frozen=True)
class Reason:
    """One thing that makes a stage run: what it was and what it is now."""

    kind: str  # missing, receipt, command, parameter, code, environment, source, input, output, dependency
    name: str
    old: Any = None
    new: Any = None
    note: str = ""


class Watch:
    """Looks at everything that stages depend on, each file once; sizes and times are believed for large files only."""

    def __init__(self) -> None:
        self.sources, self.shelf, self.records, self.waivers = Sources(Path()), Shelf(), Records(), Waivers()
        self._listings: dict[str, dict[str, Any]] = {}

    def reasons(self, stage: Stage) -> Iterable[Reason]:
        """Why a stage would run by itself; nothing where it would not."""
        if missing := [out for out in stage.outs if not Path(out).exists()]:
            yield Reason("missing", missing[0] + (f" and {len(missing) - 1} more" if len(missing) > 1 else ""))
            return
        place = current.receipt_path(stage)
        node = self.shelf.read(place)
        if node is None:
            yield Reason("receipt", place.as_posix(), note="is no receipt, so nothing vouches for what lies here")
            return
        differences = [one for one in self.sources.differences(stage, node.content) if not one.cosmetic]
        for difference in differences:
            reason = self._of_source(stage, node, difference)
            if not reason.note or self._is_seen(stage, node, difference):
                yield reason
        yield from self._of_outputs(node)
        yield from self._of_inputs(node)
        yield from self._declared(stage, node, differences)

    def _of_source(self, stage: Stage, node: Receipt, one: Difference) -> Reason:
        name, note = one.name, ""
        if one.kind == "parameter":
            setters = [layer for layer, content in stage.params.items() if one.name in (content or {})]
            name = f"{setters[-1]}.{one.name}" if setters else one.name
        elif one.kind == "source":
            name = one.file
        if waived := self.waivers.reason(node.stage, node.digest, one):
            note = f"waived, {waived[1]}: `retrace adopt` takes it as it is"
        return Reason(one.kind, name, one.old, one.new, note)

    def _is_seen(self, stage: Stage, node: Receipt, one: Difference) -> bool:
        """Whether every engine that remembers the stage still runs it for a difference that `adopt` passes over."""
        records = self.records.of(stage)
        if one.kind == "command":
            return all(record.command != stage.cmd for record in records)
        if one.kind == "parameter":
            now = [(layer, values[one.name]) for layer, values in stage.params.items() if one.name in (values or {})]
            return all((record.params.get(layer) or {}).get(one.name, ABSENT) != value
                       for record in records for layer, value in now)  # fmt: skip
        if one.kind == "code":
            now = self.sources.code.digest(node.content["code"])
            return all(record.code != now for record in records)
        return all(record.changed(one.file) is not False for record in records)

    def _of_outputs(self, node: Receipt) -> Iterable[Reason]:
        """Files of this stage with other bytes than its receipt says, or that it did not write."""
        listed = outputs(node)
        found = {path: self._listing(path) for path in listed} if node.is_final else self._inside(node)
        for path in sorted(listed.keys() | found.keys()):
            old, new = listed.get(path, {}).get("sha256", ABSENT), found.get(path, {}).get("sha256", ABSENT)
            if old != new:
                yield Reason("output", path, old, new, EDITED)

    def _inside(self, node: Receipt) -> dict[str, Any]:
        return {f"{node.stage}/{name}": entry for name, entry in self._listing(node.stage).items()}

    def _of_inputs(self, node: Receipt) -> Iterable[Reason]:
        """What stages before this one made, with other bytes than this one read."""
        for _, entry in sorted(node.content["inputs"].items()):
            if entry["receipt"] and Path(entry["path"]).is_dir():
                now = listing_digest(self._listing(entry["path"]))
                if now != entry["sha256"]:
                    yield Reason("input", entry["path"], entry["sha256"], now)

    def _listing(self, path: str) -> dict[str, Any]:
        """A folder's files, or a file's own entry, with their sha256; read once."""
        if path not in self._listings:
            place = Path(path)
            is_file = {"sha256": file_digest(place, cached=True)} if place.is_file() else {}
            self._listings[path] = listing(place, cached=True) if place.is_dir() else is_file
        return self._listings[path]

    def _declared(self, stage: Stage, node: Receipt, differences: Sequence[Difference]) -> Iterable[Reason]:
        """What changed for every engine that remembers the stage, though its result does not depend on it."""
        records = self.records.of(stage)
        if not records:
            return
        known = {one.name for one in differences}
        if "command" not in known and all(record.command != stage.cmd for record in records):
            yield Reason("command", "dvc.yaml", records[0].command, stage.cmd, f"the same work; {SAME_RESULT}")
        for layer, content in stage.params.items():
            for key, value in (content or {}).items():
                held = [(record.params.get(layer) or {}).get(key, ABSENT) for record in records]
                if key not in known and all(old != value for old in held):
                    yield Reason(
                        "parameter", f"{layer}.{key}", held[0], value, f"a later layer overrides it; {SAME_RESULT}"
                    )
        if "code" not in {one.kind for one in differences} and all(record.code != stage.code for record in records):
            yield Reason("code", stage.code_key, records[0].code, stage.code)
