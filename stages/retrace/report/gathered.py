"""All that the pages of a report are made of: the audit, the receipts with their neighbours, the papers' results."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from stages.graph import Stage
from stages.retrace.audit import units as what
from stages.retrace.audit.auditing import Audit
from stages.retrace.audit.findings import Finding
from stages.retrace.claims.desk import Claim, Desk
from stages.retrace.evidence import cards, papers
from stages.retrace.evidence.cards import Card
from stages.retrace.evidence.receipts import Receipt
from stages.retrace.report import names
from stages.retrace.report.names import Link
from stages.runner import params

FIGURES = "results/figures/"


@dataclass(frozen=True)
class Result:
    """A table or figure of the graph; `node` is None where it is not built."""

    out: str
    address: str
    paper: str
    desc: str
    caption: str
    first: str
    node: Receipt | None

    @property
    def name(self) -> str:
        return Path(self.out).name

    @property
    def page(self) -> str:
        return names.result(self.out)


class Gathered:
    """Reads everything once; `targets` name what the report is about, all if there are none."""

    def __init__(self, targets: Sequence[str], progress: bool) -> None:
        """Raises: ValueError for an unknown target, FileNotFoundError where nothing is built, Spoiled as `Desk`."""
        self.desk = Desk()
        self.shelf, self.origins = self.desk.shelf, self.desk.origins
        sources = self.desk.today.sources
        self.audit = Audit(targets, "bytes", sources)
        self.audit.check()
        self.audit.refuse_nothing()
        self.audited = self.audit.report(progress)
        self.profile = str(params.load()["profile"])
        self.wanted = what.wanted(sources.stages, targets)
        self.nodes = self._nodes()
        self.inputs = {node.digest: list(self.shelf.inputs(node)) for node in self.nodes}

    def _nodes(self) -> list[Receipt]:
        """Every present receipt that was audited, with all that they rest on."""
        found: dict[str, Receipt] = {}
        for out in reversed(self.audit.built):
            node = self.shelf.current.get(out)
            if node and node.digest not in found:
                found |= {one.digest: one for one in self.shelf.upstream(node)}
        return sorted(found.values(), key=lambda node: (node.stage, node.digest))

    @cached_property
    def users(self) -> dict[str, list[Receipt]]:
        """The receipts that name one as their input's."""
        found: dict[str, list[Receipt]] = {}
        for node in self.nodes:
            for by in {by.digest: by for _, _, by in self.inputs[node.digest] if by}:
                found.setdefault(by, []).append(node)
        return found

    @cached_property
    def results(self) -> list[Result]:
        """Figures, then tables, in the graph's order; those that no stage of today makes come last."""
        units = {out: unit for out, unit in self.audit.units.items() if unit.is_final}
        order = {stage.name: number for number, stage in enumerate(self.wanted)}
        found = [self._result(out, unit.stage) for out, unit in units.items()]
        late = len(order)
        return sorted((one for one in found if one.node or one.first), key=lambda one: (
            order.get(one.address, late) == late, not one.out.startswith(FIGURES), order.get(one.address, late), one.out
        ))  # fmt: skip

    def _result(self, out: str, stage: Stage | None) -> Result:
        node = self.shelf.current.get(out)
        if stage is None:
            return Result(out, out, node.choice("paper") if node else "", "of no stage of today", "", "", node)
        place = Path(str(stage.meta.get("caption", "")))
        caption = place.read_text(encoding="utf-8", errors="replace").strip() if place.is_file() else ""
        return Result(out, stage.name, str(stage.meta.get("paper", "")), stage.desc, caption, stage.outs[0], node)

    @cached_property
    def cards(self) -> dict[str, Card]:
        """The datasets' cards by their files."""
        return cards.every()

    @cached_property
    def papers(self) -> list[str]:
        """The papers that have a result here, by folder name."""
        return sorted({one.paper for one in self.results if one.paper})

    @cached_property
    def claims(self) -> list[Claim]:
        """The claims of these papers."""
        known = {path.parent.name for path in papers.files("claims.yaml")}
        return [claim for paper in self.papers if paper in known for claim in self.desk.of(paper)]

    def name(self, node: Receipt) -> str:
        """A stage's address in the graph of today; the path of what it made where it has none."""
        unit = self.audit.units.get(node.stage)
        return unit.name if unit else node.stage

    def desc(self, node: Receipt) -> str:
        unit = self.audit.units.get(node.stage)
        return unit.stage.desc if unit and unit.stage else "of no stage of today"

    def link(self, node: Receipt) -> Link:
        return Link(self.name(node), names.stage(node), node.content["verb"])

    def findings(self, node: Receipt) -> list[Finding]:
        """Broken links of the audit at a stage's present run."""
        if not self.shelf.is_current(node):
            return []
        return [one for one in self.audited.findings if one.stage == self.name(node)]

    def resting(self, node: Receipt) -> list[Finding]:
        """Broken links at what a stage rests on."""
        name = self.name(node)
        return [one for one in self.audited.findings if name in one.consumed_by] if self.shelf.is_current(node) else []

    def root_of(self, paper: str) -> str:
        """One digest over all receipts that a paper's results rest on, as an audit of these targets prints it."""
        ends = [one.address for one in self.results if one.paper == paper and one.first and one.node]
        stages = what.wanted(self.desk.today.sources.stages, ends) if ends else []
        return self.audit.root({what.out_of(stage) for stage in stages}) if stages else ""

    def seeds(self, nodes: Iterable[Receipt]) -> list[str]:
        """The seeds of methods and data among receipts."""
        found: dict[str, Any] = {}
        for node in nodes:
            seed = node.choice("seed") or str(node.content["params"].get("seed", ""))
            found |= {seed: None} if seed else {}
        return sorted(found, key=lambda seed: (len(seed), seed))
