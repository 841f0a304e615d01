"""Tells both engines that what lies in results/ is up to date, after checking it by bytes.

Snakemake knows only its own runs, DVC only what its lock file holds. A stage is adopted if all of its outputs agree
with its receipt, the receipt speaks of the command, parameters, code and inputs of today, and the same holds for all
stages before it. An edit that leaves the code's digest equal, or that a waiver accepts, is no difference.
"""

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from stages import graph
from stages.retrace.adopt import times
from stages.retrace.audit import chain as audit_chain
from stages.retrace.audit.auditing import Audit
from stages.retrace.audit.units import out_of
from stages.retrace.evidence import waivers
from stages.retrace.evidence.differences import Difference, Sources
from stages.runner import receipt

# What a later stage or an edit explains is stale, not broken.
STALE = ("command", "parameter", "code", "environment", "source", "chain")


@dataclass
class AdoptReport:
    """Stages by what was found; `broken` lists disagreements between receipts and bytes."""

    adopted: list[str] = field(default_factory=list)
    unbuilt: list[str] = field(default_factory=list)
    stale: dict[str, list[str]] = field(default_factory=dict)
    broken: dict[str, list[str]] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    waivers: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def code(self) -> int:
        """0 done, 1 bytes that disagree with their receipt, 3 an engine that could not be told."""
        return 1 if self.broken else 3 if self.failed else 0

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def run(targets: Sequence[str], accept: str | None, reason: str | None) -> AdoptReport:
    """Checks the targets (all stages if none are named) with everything before them, then tells both engines.

    Raises: ValueError for a target that the graph does not know, or an `accept` without reason or without difference.
    """
    if (accept is None) != (not (reason or "").strip()):
        raise ValueError("--accept STAGE and --reason TEXT go together: a waiver without a reason excuses nothing")
    report = AdoptReport()
    if accept is not None:
        report.waivers = _accept(accept, str(reason).strip(), report)
        if report.broken:
            return report
    audit = Audit(targets, "bytes", Sources(Path(".")))
    _sort(audit, report)
    if report.broken or not report.adopted:
        report.adopted = []
        return report
    told = [unit.stage for unit in audit.built.values() if unit.stage and unit.name in report.adopted]
    outs = [out for stage in told for out in stage.outs]
    before = times.read(told)
    _tell(report, "snakemake", ["--touch", "--forceall", "--no-hooks", "--cores", "1", "--quiet", "all", "--", *outs])
    _tell(report, "python", ["-m", "stages.retrace.dvc.lock", *report.adopted])
    times.put_back(told, before)
    for out, unit in audit.built.items():
        if unit.name in report.adopted and audit.kept.index.get(out) != audit.evidence[out].digest:
            receipt.keep(audit.evidence[out].content)
    return report


def _sort(audit: Audit, report: AdoptReport) -> None:
    """Each stage into adopted, unbuilt, stale or broken, producers first."""
    audit.check()
    found = audit.report(progress=sys.stderr.isatty())
    report.notes = found.notes
    hard = {}
    for finding in found.findings:
        # A receipt that another run left is why adopt exists; a pulled one is checked like any other and then kept. One
        # that a kept receipt denies is a finding of its own.
        pulled = finding.kind == "receipt" and finding.vouched_by.startswith(f"{receipt.RECEIPTS}/current/")
        if finding.kind not in STALE and not pulled:
            hard.setdefault(finding.stage, []).append(finding.line())
    late: set[str] = set()
    for out, unit in audit.units.items():
        if unit.stage is None:
            continue
        if out not in audit.built or not unit.built():
            report.unbuilt.append(unit.name)
            late.add(out)
        elif unit.name in hard:
            report.broken[unit.name] = hard[unit.name]
            late.add(out)
        else:
            reasons = [change.line() for change in open_differences(audit, out)]
            reasons = reasons or [
                f"{audit.units[before].name} before it is not adopted"
                for before in audit.links[out] if before in late and before in audit.units
            ]  # fmt: skip
            if reasons:
                report.stale[unit.name] = reasons
                late.add(out)
            else:
                report.adopted.append(unit.name)


def open_differences(audit: Audit, out: str) -> list[Difference]:
    """What differs from a stage's receipt and is neither cosmetic nor waived."""
    unit, held = audit.units[out], audit.evidence[out]
    linked = audit_chain.check_links(unit, held, audit.evidence, audit.kept, audit.found, strict=True)
    own = audit.sources.differences(unit.stage, held.content) if unit.stage else []
    changes = own + [change for _, change in linked]
    return [
        change for change in changes
        if not change.cosmetic
        and audit.waivers.reason(out, held.digest, change) is None
    ]  # fmt: skip


def _accept(target: str, reason: str, report: AdoptReport) -> list[str]:
    """Writes a waiver for each stage that the target names, if its bytes are those of its receipt."""
    stages = graph.find(graph.load(Path(".")), [target])
    audit = Audit([stage.name for stage in stages], "bytes", Sources(Path(".")))
    checked = AdoptReport()
    _sort(audit, checked)
    outs = {out_of(stage): stage.name for stage in stages}
    report.broken = {name: lines for name, lines in checked.broken.items() if name in outs.values()}
    if report.broken:
        return []
    pairs = [(out, open_differences(audit, out)) for out in outs if out in audit.evidence]
    if not any(changes for _, changes in pairs):
        raise ValueError(f"--accept {target}: nothing of it differs from its receipt but for stages before it")
    return [waivers.record(out, audit.evidence[out].digest, changes, reason).as_posix()
            for out, changes in pairs if changes]  # fmt: skip


def _tell(report: AdoptReport, engine: str, words: list[str]) -> None:
    """Runs an engine of this environment; what it says is kept only if it fails."""
    program = Path(sys.executable).parent / engine
    try:
        done = subprocess.run([program, *words], capture_output=True, encoding="utf-8", errors="replace", check=False)
    except FileNotFoundError as error:
        report.failed[engine] = f"{error}; run make, which installs both engines"
        return
    if done.returncode:
        report.failed[engine] = (done.stdout + done.stderr).strip()
