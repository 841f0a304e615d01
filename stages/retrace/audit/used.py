"""Folders of `retrace use` in an audit: their own bytes, and the chain of the model that they name, if it lies here."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from stages import graph
from stages.retrace.audit.findings import AuditReport, Finding
from stages.retrace.evidence import used
from stages.retrace.evidence.receipts import Receipt, Shelf

REMEDY = "make the folder anew with retrace use"


class UsedFolders:
    """The targets that are such folders, and the others, with the stages behind their models added."""

    def __init__(self, targets: Sequence[str]) -> None:
        """Raises: ValueError for a receipt that was edited."""
        places = {word: used.folder_of(Path(word)) for word in targets if Path(word).exists()}
        self.folders = {str(place): used.read(place) for place in places.values() if place is not None}
        self.stages = [word for word in targets if places.get(word) is None]
        self.notes: list[str] = []
        self.only = bool(self.folders) and not self.stages
        shelf, known = Shelf(), graph.load(Path()) if self.folders else ()
        for place, node in self.folders.items():
            stage, digest = used.model_of(node)
            why = _why_not_audited(stage, digest, shelf, known)
            named = f"{place} was made from the model {stage}, receipt {digest}"
            self.notes.append(f"{named}: {why or 'which is audited with everything before it'}")
            self.stages += [] if why or stage in self.stages else [stage]
        self.only = self.only and not self.stages

    def _findings(self) -> list[Finding]:
        return [one for place, node in self.folders.items() for one in _of(place, node)]

    def added(self, report: AuditReport) -> AuditReport:
        """A report of the stages, with what was found in the folders, which rest on them, after it."""
        whole = report.scope == "bytes"
        nodes = self.folders.values() if whole else ()
        read = [entry["size"] for node in nodes for entry in node.content["outputs"].values()]
        found = self._findings() if whole else []
        return replace(
            report, findings=[*report.findings, *found], notes=[*self.notes, *report.notes],
            stages=[*report.stages, *self.folders], files=report.files + len(read), bytes=report.bytes + sum(read),
        )  # fmt: skip


def _why_not_audited(stage: str, digest: str, shelf: Shelf, known: Sequence[graph.Stage]) -> str:
    """Why a model's chain cannot be followed here; empty where it can."""
    held = shelf.by_digest(digest, stage)
    if held is None:
        return (
            "which is not in this project: the folder's own bytes are checked, its model is not; audit it where it lies"
        )
    if not shelf.is_current(held):
        return "which is of an earlier run: the folder's own bytes are checked, the model's are gone"
    if not any(stage in one.outs for one in known):
        return (
            "which no stage of today's graph makes: the folder's own bytes are checked; retrace trace shows its chain"
        )
    return ""


def _of(place: str, node: Receipt) -> list[Finding]:
    try:
        differences = used.differences(Path(place), node)
    except ValueError as problem:
        return [Finding("link", place, place, "plain files", str(problem), node.place.as_posix(), (), REMEDY)]
    kinds = {True: "missing", False: "bytes"}
    return [
        Finding("extra" if expected == "none" else kinds[found == "none"], f"{place}/{name}", place, expected, found,
                node.place.as_posix(), (), REMEDY)
        for name, (expected, found) in differences.items()
    ]  # fmt: skip
