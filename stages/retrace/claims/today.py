"""What has changed since a report was made, of all that it rests on: sources, parameters, code, inputs."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from stages.graph import Stage
from stages.retrace.evidence import current
from stages.retrace.evidence.differences import ABSENT, Difference, Sources
from stages.retrace.evidence.receipts import Receipt, Shelf
from stages.retrace.evidence.waivers import Waivers
from stages.runner import receipt
from stages.runner.digest import listing_digest, path_digest


class Today:
    """The graph, the parameters and the files of today; each is read once."""

    def __init__(self, shelf: Shelf) -> None:
        self.shelf, self.sources, self.waivers = shelf, Sources(Path()), Waivers()
        self._stages = {current.receipt_path(stage): stage for stage in self.sources.stages}
        self._own: dict[str, tuple[str, ...]] = {}

    def changes(self, node: Receipt) -> tuple[str, ...]:
        """What is not as it was when a receipt's outputs were made, to the file or key; nothing where all is."""
        if moved := self._profile(node):
            return (moved,)
        found = dict.fromkeys(self._read(node))
        waiting, seen = [node], {node.digest}
        while waiting:
            at = waiting.pop()
            found |= dict.fromkeys(self._of(at))
            for path, by in self._before(at):
                if by is None:
                    found[f"the receipt of {path} is lost"] = None
                elif by.digest not in seen:
                    seen.add(by.digest)
                    waiting.append(by)
        return tuple(found)

    def source(self, node: Receipt, name: str) -> tuple[str, bool] | None:
        """(sha256, whether it is today's) of a source file that a receipt's run read; None where it read none such."""
        for entry in node.content["inputs"].values():
            if entry["path"] == name and entry["receipt"] is None:
                return entry["sha256"], self.sources.digest(name) == entry["sha256"]
        return None

    def _before(self, node: Receipt) -> Iterable[tuple[str, Receipt | None]]:
        """The receipts before one; of equal bytes the present one counts, which another run may have left."""
        for _, entry, by in self.shelf.inputs(node):
            if entry["receipt"]:
                present = self.shelf.current.get(entry["path"])
                same = present and listing_digest(present.content["outputs"]) == entry["sha256"]
                yield entry["path"], present if same else by

    def _profile(self, node: Receipt) -> str:
        """Why nothing of a receipt is of today's profile; empty where it is."""
        now = {out.split("/")[2] for stage in self.sources.stages for out in stage.folders if out.count("/") > 2}
        paths = [entry["path"] for entry in node.content["inputs"].values() if entry["receipt"]]
        then = {path.split("/")[2] for path in (*paths, node.stage) if path.count("/") > 2}
        other = sorted(then - now)
        return f"params.yaml: profile was {other[0]} and is {', '.join(sorted(now))}" if other else ""

    def _of(self, node: Receipt) -> tuple[str, ...]:
        if node.digest not in self._own:
            stage = self._stages.get(receipt.location(Path(node.stage), node.is_final))
            gone = (f"no stage of today makes {node.stage}",)
            self._own[node.digest] = gone if stage is None else tuple(self._differences(stage, node))
        return self._own[node.digest]

    def _differences(self, stage: Stage, node: Receipt) -> Iterable[str]:
        for one in self.sources.differences(stage, node.content):
            if not one.cosmetic and self.waivers.reason(node.stage, node.digest, one) is None:
                yield _told(stage, one)
        for _, entry, by in self.shelf.inputs(node):
            present = self.shelf.current.get(entry["path"])
            if by and present and listing_digest(present.content["outputs"]) != entry["sha256"]:
                yield f"{entry['path']} was made anew"

    def _read(self, node: Receipt) -> Iterable[str]:
        """What a report itself read of other stages, by its bytes of today."""
        for entry in node.content["inputs"].values():
            path = Path(entry["path"])
            if not entry["receipt"] or not path.exists():
                continue
            try:
                same = path_digest(path, cached=True) == entry["sha256"]
            except (OSError, ValueError):
                same = False
            if not same:
                yield f"{path} has other bytes"


def _told(stage: Stage, one: Difference) -> str:
    if one.kind == "parameter":
        return f"{one.file}: {one.name} was {_text(one.old)} and is {_text(one.new)}"
    if one.kind == "command":
        gone = [word for word in str(one.old).split() if word not in str(one.new).split()]
        come = [word for word in str(one.new).split() if word not in str(one.old).split()]
        return f"dvc.yaml: the command of {stage.name} had {' '.join(gone[:3])} and has {' '.join(come[:3])}"
    return f"{one.file} {'is gone' if one.new == ABSENT else 'was edited'}"


def _text(value: Any) -> str:
    return value if value == ABSENT else json.dumps(value, ensure_ascii=False)
