"""What an audit found: broken links in order, what was waived or only worth knowing, and the root of what it saw."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

# Each kind of broken link with what it means; at one stage, earlier kinds come first.
KINDS = {
    "root": "the chain does not end in the root that the auditor holds",
    "receipt": "a receipt is not what a run wrote",
    "chain": "a receipt speaks of another input than the one that is there",
    "command": "the graph of today gives another command",
    "parameter": "a parameter has another value than the run had",
    "code": "a code file differs from the one that ran",
    "environment": "the environment lock differs from the one that the run had",
    "packages": "the run itself found packages altered since they were installed",
    "source": "a source file that the run read has other bytes",
    "waiver": "a waiver is not what was recorded",
    "missing": "a file that a receipt lists is gone",
    "extra": "a file lies among a stage's outputs that its receipt does not list",
    "link": "a link or special file stands where a plain file must",
    "bytes": "a file has other bytes than its receipt says",
    "unreadable": "a file cannot be read",
    "picture": "a picture names another run than its receipt",
    "foreign": "no receipt speaks of a file under results/",
    "data": "a file of the user's data differs from the list that the run made of it",
    "lock": "dvc.lock disagrees with the receipt that its own objects hold",
    "object": "an object of DVC's cache has other bytes than its name says",
    "runs": "an entry of DVC's run cache is not what a run wrote",
}


@dataclass(frozen=True)
class Finding:
    """One broken link: where, what was expected and by whose word, what is there, and what rests on it."""

    kind: str
    file: str
    stage: str
    expected: str
    found: str
    vouched_by: str
    consumed_by: tuple[str, ...] = ()
    remedy: str = ""

    def line(self) -> str:
        """The finding in one line, for lists and logs."""
        what = f" {KINDS['bytes'].removeprefix('a file ')}" if self.kind == "bytes" else f": {KINDS[self.kind]}"
        return f"{self.file}{what}; expected {self.expected} ({self.vouched_by}), found {self.found}"


@dataclass
class AuditReport:
    """Findings sorted from raw data to tables, so the first is the first broken link; notes are no findings.

    `auditor` is the digest of the code that audited, which no receipt names.
    """

    scope: str
    findings: list[Finding] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    stages: list[str] = field(default_factory=list)
    unbuilt: list[str] = field(default_factory=list)
    root: str = ""
    receipts: dict[str, str] = field(default_factory=dict)
    files: int = 0
    bytes: int = 0
    hashing_seconds: float = 0.0
    auditor: str = ""

    @property
    def code(self) -> int:
        """0 nothing found, 1 a broken link."""
        return 1 if self.findings else 0

    def line(self, speed: str = "") -> str:
        """The sum of it in one line; `speed` stands behind what was read."""
        read = f", {self.files} files of {self.bytes / 1e6:.1f} MB read{speed}" if self.files else ""
        count = len(self.findings)
        found = f"{count or 'no'} broken link{'s' if count > 1 else ''}"
        return f"{found} in {len(self.stages)} stages{read}; {len(self.unbuilt)} stages are not built"

    def as_dict(self) -> dict[str, Any]:
        known = asdict(self)
        return {**known, "first": known["findings"][0] if self.findings else None, "code": self.code}


class Collector:
    """Gathers findings with the place of their stage in the graph; the same broken source is one finding, not many."""

    def __init__(self, order: Iterable[str], downstream: dict[str, tuple[str, ...]]) -> None:
        self._place = {name: index for index, name in enumerate(order)}
        self._downstream = downstream
        self._found: dict[tuple[str, ...], tuple[int, Finding]] = {}
        self.notes: list[str] = []

    def add(self, kind: str, stage: str, file: str, expected: str, found: str, vouched_by: str, remedy: str) -> None:
        """Adds a finding at a stage; what rests on the stage is looked up."""
        finding = Finding(kind, file, stage, expected, found, vouched_by, self._downstream.get(stage, ()), remedy)
        self._keep((kind, file, stage, expected, found), finding)

    def add_source(self, kind: str, stage: str, file: str, expected: str, found: str, vouched_by: str, remedy: str):
        """Adds a finding about a file or key that several stages share: the first stage names it, the others follow."""
        key = (kind, file, "", expected, found)
        known = self._found[key][1] if key in self._found else None
        if known is None:
            self._keep(key, Finding(kind, file, stage, expected, found, vouched_by, (), remedy))
        else:
            first, other = sorted((known.stage, stage), key=lambda name: self._place.get(name, len(self._place)))
            users = tuple(name for name in dict.fromkeys((*known.consumed_by, other)) if name != first)
            self._keep(key, Finding(kind, file, first, expected, found, vouched_by, users, remedy))

    def rests_on(self, stage: str) -> tuple[str, ...]:
        """What rests on a stage."""
        return self._downstream.get(stage, ())

    def note(self, text: str) -> None:
        """Adds something worth knowing that is no finding."""
        if text not in self.notes:
            self.notes.append(text)

    def _keep(self, key: tuple[str, ...], finding: Finding) -> None:
        self._found[key] = (self._place.get(finding.stage, len(self._place)), finding)

    def sorted(self) -> list[Finding]:
        """From raw data to tables; at one stage by kind, then by file."""
        rank = {kind: index for index, kind in enumerate(KINDS)}
        pairs = sorted(self._found.values(), key=lambda pair: (pair[0], rank[pair[1].kind], pair[1].file))
        return [finding for _, finding in pairs]
