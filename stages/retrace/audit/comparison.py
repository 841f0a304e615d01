"""Today's graph, parameters, code and locks against a receipt: a difference is cosmetic, waived, or a finding."""

from stages.retrace.audit.findings import Collector
from stages.retrace.audit.root import Authority
from stages.retrace.audit.units import Evidence, Unit
from stages.retrace.evidence.differences import ABSENT, UNUSED, Difference, Sources
from stages.retrace.evidence.waivers import Waivers
from stages.runner import layers

SHOWN = 3
FILES = ("code", "environment", "source", "chain")


class Comparison:
    """Compares receipts with the sources; under an authority only the waivers count to which it commits."""

    def __init__(self, sources: Sources, waivers: Waivers, authority: Authority | None, into: Collector) -> None:
        self.sources, self.waivers, self.authority, self.into = sources, waivers, authority, into
        self._gaps: dict[tuple[str, ...], list[str]] = {}

    def check(self, unit: Unit, held: Evidence) -> None:
        """All differences of a stage of the graph."""
        if unit.stage is None:
            return
        for change in self.sources.differences(unit.stage, held.content):
            self.judge(unit, held, change, unit)
        said, now = held.content["code_digest"], self.sources.code_digest(held.content)
        if now not in (None, said):
            self.into.add("receipt", unit.name, held.file, f"code digest {now}", f"code digest {said}",
                          "the code that it lists", f"restore the receipt, or rebuild {unit.name}")  # fmt: skip
        named = tuple(held.content["layers"])
        if named not in self._gaps:
            self._gaps[named] = layers.gaps(named, self.sources.top)
        if self._gaps[named] != held.content["gaps"]:
            self.into.note(f"{unit.name}: comments of the parameters name the gaps {self._gaps[named]}, "
                           f"those of the run {held.content['gaps']}")  # fmt: skip
        self._packages(unit, held)

    def _packages(self, unit: Unit, held: Evidence) -> None:
        """What the run itself found of its installed packages."""
        packages = held.content["packages"]
        if altered := packages["altered"]:
            more = f" and {len(altered) - 1} more" if altered[1:] else ""
            self.into.add("packages", unit.name, held.file, "packages as they were installed",
                          f"{altered[0]}{more} altered since, when the stage ran", held.file,
                          f"install the environment anew (make setup) and rebuild {unit.name}")  # fmt: skip
        if others := [f"{name} {version}" for name, version in sorted(packages["others"].items())]:
            more = f" and {len(others) - SHOWN} more" if others[SHOWN:] else ""
            self.into.note(f"stages ran with packages that are not the lock's: {', '.join(others[:SHOWN])}{more}")

    def judge(self, unit: Unit, held: Evidence, change: Difference, at: Unit) -> None:
        """Notes a difference that is cosmetic or waived; any other is a finding at the stage `at`."""
        if change.cosmetic:
            self.into.note(f"{change.file}: edited since the run in comments, layout or docstrings alone")
            return
        excuse = self.waivers.reason(unit.out, held.digest, change)
        if excuse and (self.authority is None or excuse[0] in self.authority.waivers):
            self.into.note(f"{unit.name}: {change.line()}, waived: {excuse[1]}")
            return
        is_key = change.kind == "parameter"
        old, new = (repr(value) if is_key else self._shown(change.kind, value) for value in (change.old, change.new))
        where = f"{change.file}: {change.name}" if is_key else change.file
        remedy = f"put it back, rebuild {unit.name}, or retrace adopt --accept {unit.name} --reason …"
        if excuse and self.authority:
            remedy = f"waiver {excuse[0][:16]} excuses it, but {self.authority.said_by} does not commit to that"
        add = self.into.add if change.kind == "chain" else self.into.add_source
        add(change.kind, at.name, where, old, new, held.file, remedy)

    @staticmethod
    def _shown(kind: str, value: object) -> str:
        return f"sha256 {value}" if kind in FILES and value not in (ABSENT, UNUSED) else str(value)
