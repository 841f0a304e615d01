"""One audit: which stages, their receipts, and every check of the chosen scope."""

from collections.abc import Container, Mapping, Sequence

from stages import graph
from stages.retrace.audit import auditor, foreign
from stages.retrace.audit import chain as audit_chain
from stages.retrace.audit import every_byte as audit_bytes
from stages.retrace.audit import root as audit_root
from stages.retrace.audit import units as what
from stages.retrace.audit.comparison import Comparison
from stages.retrace.audit.findings import AuditReport, Collector
from stages.retrace.audit.units import Evidence, Unit
from stages.retrace.evidence.differences import Sources
from stages.retrace.evidence.waivers import WAIVERS, Waivers


class Audit:
    """One audit: its units in order, their receipts, and what was found.

    `given` are receipts from elsewhere than results/, by what they speak of; then only these are audited.
    """

    def __init__(
        self, targets: Sequence[str], scope: str, sources: Sources, given: Mapping[str, Evidence] | None = None
    ) -> None:
        self.scope, self.sources, self.given = scope, sources, given is not None
        self.targets, self.named = targets, bool(targets)
        stages = what.wanted(sources.stages, targets)
        self.kept, self.waivers = audit_chain.Kept(), Waivers()
        known = what.of_graph(sources.stages)
        units = {out: unit for out, unit in known.items() if unit.stage in stages}
        if given is not None:
            self.kept.index.clear()
            pairs = {out: (given.get(out), "") for out in units}
        else:
            units |= {} if self.named else what.outside(known, self.kept.index)
            pairs = {out: audit_chain.locate(unit, self.kept) for out, unit in units.items()}
        self.evidence: dict[str, Evidence] = {out: held for out, (held, _) in pairs.items() if held}
        self.unreadable = {out: problem for out, (_, problem) in pairs.items() if problem}
        made = graph.producer(sources.stages)
        self.links = {out: what.producers(unit, made, self.evidence.get(out)) for out, unit in units.items()}
        self.units = {unit.out: unit for unit in what.in_order(units, self.links)}
        self.built = {out: unit for out, unit in self.units.items() if self._is_built(unit)}
        self.authority: audit_root.Authority | None = None
        self.found = Collector([unit.name for unit in self.units.values()], self._downstream())

    def _is_built(self, unit: Unit) -> bool:
        """Whether there is something to audit: outputs, or a receipt that says that there were some."""
        there = unit.out in self.evidence or unit.out in self.unreadable
        return there or (not self.given and unit.built())

    def _downstream(self) -> dict[str, tuple[str, ...]]:
        """Unit name -> the built units that rest on it, nearest first."""
        users: dict[str, list[str]] = {}
        for out in self.evidence:
            for before in self.links[out]:
                if before in self.units:
                    users.setdefault(self.units[before].name, []).append(self.units[out].name)
        found = {}
        for name in users:
            reached = dict.fromkeys(users[name])
            waiting = list(reached)
            while waiting:
                nearer = [user for user in users.get(waiting.pop(0), []) if user not in reached]
                reached |= dict.fromkeys(nearer)
                waiting += nearer
            found[name] = tuple(reached)
        return found

    def judge(self, root: str | None, against: str | None) -> None:
        """With a root or revision, compares receipts with those that it commits to, which then alone count."""
        here = {out: held for out, held in self.evidence.items() if out in self.built}
        if against:
            self.authority = audit_root.held_by(self.sources.top, against, here, self.kept)
            self.authority.keep_only(self.built if self.named else None)
        elif root and root != self.root():
            self._judge_root(root, here)
        if self.authority is None:
            return
        self.kept.index.clear()  # whose word counts is settled
        audit_root.compare(self.authority, self.units, here, self.sources, self.found)
        for out, unit in self.built.items():
            if out in self.authority.evidence:
                self.evidence[out] = self.authority.evidence[out]
            elif out not in self.authority.held:
                self.found.add("root", unit.name, unit.place, "a receipt", "none there", self.authority.said_by,
                               "commit its receipt, or audit other targets")  # fmt: skip

    def _judge_root(self, root: str, here: dict[str, Evidence]) -> None:
        kept = self.kept.by_digest.get(root)
        starts = [out for out, held in here.items() if held.digest == root]
        starts += [kept.content["stage"]] if kept and kept.content["stage"] in self.built else []
        if not starts:
            ends = [unit for unit in self.built.values() if not self.found.rests_on(unit.name)]
            audit_root.refuse(root, self.root(), ends if self.named else [], here, self.found)
            return
        self.authority = audit_root.follow({starts[0]: root}, f"root {root[:16]}", here, self.kept)
        if left_out := [out for out in self.built if out not in self.authority.held]:
            self.found.note(f"the root does not commit to {len(left_out)} other stages, which were left out")
        self.built = {out: unit for out, unit in self.built.items() if out in self.authority.held}

    def root(self, among: Container[str] | None = None) -> str:
        """One digest over all receipts that were audited, or those of some outputs, and over all waivers."""
        among = self.built if among is None else among
        entries = {out: held.digest for out, held in self.evidence.items() if out in self.built and out in among}
        return what.root_of(entries | {f"{WAIVERS.as_posix()}/{name}.json": name for name in self.waivers.contents})

    def check(self) -> None:
        """The chain: receipts by themselves, their links, and the sources of today."""
        self._check_places()
        comparison = Comparison(self.sources, self.waivers, self.authority, self.found)
        for out, unit in self.built.items():
            held, problem = self.evidence.get(out), self.unreadable.get(out)
            if problem:
                self.found.add("receipt", unit.name, unit.place, "a receipt", problem, "its form", "restore or rebuild")
            if held is None:
                if not problem:
                    self.found.add("missing", unit.name, unit.place, "a receipt", "none", "the house",
                                   f"nothing vouches for {out}: rebuild {unit.name}")  # fmt: skip
                continue
            if unit.place != held.file and not (self.given or self.authority or problem) and unit.built():
                self.found.add("missing", unit.name, unit.place, f"receipt {held.digest}", "no file",
                               self.kept.index_place(out), f"rebuild {unit.name}, or pull it")  # fmt: skip
            if not audit_chain.check_receipt(unit, held, self.kept, self.found):
                continue
            strict = unit.stage is not None and not self.given
            changed = audit_chain.check_links(unit, held, self.evidence, self.kept, self.found, strict)
            for producer, change in changed:
                comparison.judge(unit, held, change, self.units.get(producer, unit))
            if unit.stage and not self.given:
                comparison.check(unit, held)

    def _check_places(self) -> None:
        """Whether links, strangers or damaged files lie where receipts and outputs are read."""
        if not self.given:
            foreign.check_links(self.built.values(), self.found)
        if not self.named and not self.given:
            if self.authority is None:
                foreign.check_receipts(self.units, self.kept, self.found)
            for file, (expected, found) in self.kept.spoiled.items():
                self.found.add("receipt", "", file, expected, found, "its name", "restore it from a copy")
        for file, digest in self.waivers.spoiled.items():
            self.found.add("waiver", "", file, "a name that is the sha256 of its content", digest, "its name",
                           "take it away, and run retrace adopt --accept again")  # fmt: skip

    def refuse_nothing(self) -> None:
        """Raises: FileNotFoundError if a target, or all, has nothing to audit and nothing was found wrong with that."""
        built = {unit.name for unit in self.built.values()}
        empty = [word for word in self.targets
                 if not built & {stage.name for stage in graph.find(self.sources.stages, [word])}]  # fmt: skip
        if (empty or not built) and not self.found.sorted():
            where = "in dvc.lock and its objects" if self.given else "here"
            raise FileNotFoundError(
                f"nothing of {empty[0] if empty else 'the graph'} is built {where}, so there is nothing to audit: "
                "build it, or pull it, first"
            )

    def report(self, progress: bool) -> AuditReport:
        """Reads the bytes, where the scope has them, and sums up."""
        reading = audit_bytes.Reading()
        if self.scope == "bytes":
            pairs = [(unit, self.evidence[out]) for out, unit in self.built.items() if out in self.evidence]
            for unit, held in pairs:
                audit_bytes.plan(unit, held, self.found, reading)
            audit_bytes.read(reading, self.found, progress)
            for unit, held in pairs:
                audit_bytes.plan_users_files(unit, held, self.found, reading)
            audit_bytes.read_users_files(reading, self.found, progress)
            if not self.named and self.authority is None:
                foreign.check_files(self.units, self.evidence, self.found)
        held = {out: held.digest for out, held in self.evidence.items() if out in self.built}
        unbuilt = [unit.name for out, unit in self.units.items() if out not in self.built]
        return AuditReport(
            self.scope, self.found.sorted(), self.found.notes, [unit.name for unit in self.built.values()], unbuilt,
            self.root() if held and not self.authority else "", held, reading.count, reading.bytes, reading.seconds,
            auditor.digest(),
        )  # fmt: skip
