"""`retrace crate`: tables and figures with all that they rest on, as a Workflow Run RO-Crate that others can check."""

import json
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from stages import homes
from stages.retrace import folder
from stages.retrace.crate import data as crate_data
from stages.retrace.crate import prov as crate_prov
from stages.retrace.crate import records as crate_records
from stages.retrace.crate.actions import RUN, Actions
from stages.retrace.crate.graph import CRATE, METADATA, PROFILES, ROOT, Graph, encode, local
from stages.retrace.crate.payload import Payload
from stages.retrace.crate.plan import SOURCE, WORKFLOW, Plan
from stages.retrace.crate.report import CrateReport
from stages.retrace.evidence.receipts import Receipt, Shelf
from stages.retrace.record.certificate import Checker
from stages.retrace.record.earlier import Earlier, earlier

ENVIRONMENT = Path(".work/crate")
CHECK = Path(__file__).with_name("check.py")
LANGUAGES = {
    "dvc": ("DVC pipeline", "https://dvc.org/"),
    "snakemake": ("Snakemake", "https://snakemake.readthedocs.io/"),
}
SHAPE = "https://bioschemas.org/profiles/ComputationalWorkflow/1.0-RELEASE"


class Draft:
    """A crate before it is written."""

    def __init__(self, checker: Checker | None = None, then: Earlier | None = None) -> None:
        """`then` is what the outputs are compared with in the certificate, if anything."""
        self.graph, self.shelf = Graph(), Shelf()
        shelf = self.shelf
        self.payload = Payload(self.graph, shelf)
        finals = sorted((node for node in shelf.current.values() if node.is_final), key=lambda node: node.stage)
        if not finals:
            raise FileNotFoundError("; ".join((
                "expected a built table or figure, found no receipt of one; build it first, such as with make table1",
                *self._spoiled,
            )))  # fmt: skip
        self.nodes = _upstream(shelf, finals)
        lost = {entry["path"]: entry["receipt"] for node in finals for entry in shelf.lost(node)}
        self._lost = [f"{path}: its receipt {digest} is lost" for path, digest in sorted(lost.items())]
        self._frame()
        plan = Plan(self.graph, shelf, self.payload)
        actions = Actions(self.graph, plan, self.payload)
        actions.workflow(finals)
        for node in self.nodes:
            actions.stage(node)
        actions.close()
        plan.positions()
        licence, title = crate_data.cited(self.graph, self.payload)
        self.restricted = crate_data.describe(self.graph, shelf, self.payload, self.nodes, licence)
        crate_records.add(self.graph, self.payload, shelf, self.nodes, finals, checker or Checker(), then)
        day = actions.last_day or _built_day(finals)
        crate_data.titled(self.graph, title, finals, day, licence, self.restricted)

    @property
    def problems(self) -> list[str]:
        """What forbids to write it: receipts that are lost or none, and files that are not what receipts say."""
        return [*self._lost, *self._spoiled, *(text for _, text in sorted(self.payload.altered.items()))]

    @property
    def _spoiled(self) -> list[str]:
        return [self.shelf.spoiled[place] for place in self.shelf.in_place if place in self.shelf.spoiled]

    def add_prov(self) -> None:
        """The same in PROV-JSON, as a file of the crate."""
        content = encode(crate_prov.document(self.graph))
        key = self.payload.written(crate_prov.PLACE, content, description="This provenance as W3C PROV")
        self.graph.add(crate_prov.FORM, "WebPage", name="The PROV-JSON serialization")
        self.graph.link(key, "conformsTo", crate_prov.FORM)
        self.graph.link(key, "about", RUN)

    def write(self, folder: Path) -> None:
        """Writes the crate into an empty folder."""
        self.payload.write(folder)
        (folder / METADATA).write_bytes(encode(self.graph.document()))

    def _frame(self) -> None:
        """Descriptor, root, profiles, the workflow and its twin for Snakemake."""
        graph, payload = self.graph, self.payload
        graph.add(METADATA, "CreativeWork")
        graph.link(METADATA, "about", ROOT)
        graph.link(METADATA, "conformsTo", CRATE, "https://w3id.org/workflowhub/workflow-ro-crate/1.0")
        graph.add(ROOT, "Dataset")
        for address, name in PROFILES.items():
            graph.add(address, "CreativeWork", name=name, version=address.rpartition("/")[2])
            graph.link(ROOT, "conformsTo", address)
        graph.link(ROOT, "mainEntity", payload.present(WORKFLOW, SOURCE, "ComputationalWorkflow", "HowTo"))
        graph.add(SHAPE, "CreativeWork", name="ComputationalWorkflow", version="1.0-RELEASE")
        graph.link(WORKFLOW, "conformsTo", SHAPE)
        for name, (title, url) in LANGUAGES.items():
            graph.add(local("language", name), "ComputerLanguage", name=title, url=url)
        graph.link(WORKFLOW, "programmingLanguage", local("language", "dvc"))
        if twin := payload.present("Snakefile", SOURCE):
            graph.add(twin, [], description=f"Gives the same graph, read from {WORKFLOW}, to Snakemake")
            graph.link(twin, "programmingLanguage", local("language", "snakemake"))
        if readme := payload.present("README.md"):
            graph.link(readme, "about", ROOT)
        for path in (*homes.files(), *sorted(map(str, Path("stages/papers").glob("*/gaps.yaml")))):
            payload.present(path)


def run(out: str, prov: bool, against: str | None, start: Path, checker: Mapping[str, str]) -> CrateReport:
    """Packs all built tables and figures into OUT, replacing an earlier crate there, once the validator accepts it.

    `start` is the folder from which `against` counts; `checker` what whoever checked says of themselves.
    Raises: FileNotFoundError without the validator's environment or anything built; ValueError for an OUT in use, for
    nothing to compare with and for a wrong option.
    """
    who = Checker(**checker)
    place = folder.target(out, METADATA, "an earlier crate")
    if not (ENVIRONMENT / "bin/python").is_file():
        raise FileNotFoundError(f"expected roc-validator in {ENVIRONMENT}; make crate-env")
    with earlier(against, start) if against else nullcontext() as then:
        draft = Draft(who, then)
    if prov:
        draft.add_prov()
    payload, document = draft.payload, draft.graph.document()
    report = CrateReport(
        out, len(draft.graph.keys("CreateAction")), len(document["@graph"]), len(payload.sources) + 1, payload.size,
        lost=sorted(payload.lost), restricted=draft.restricted, problems=draft.problems,
    )  # fmt: skip
    if report.problems:
        return report
    with folder.beside(place) as made:
        draft.write(made)
        found = judge(made)
        report.checks, report.problems = found["checks"], found["issues"]
        if not report.problems:
            folder.put(made, place)
    return report


def judge(crate: Path) -> dict[str, Any]:
    """What the validator says of a crate.

    Raises: ModuleNotFoundError when it cannot run.
    """
    # -P: the folder of the script holds modules that are called as some that the validator's packages import.
    words = [ENVIRONMENT / "bin/python", "-P", CHECK, crate, ENVIRONMENT / "contexts"]
    done = subprocess.run(
        [str(word) for word in words], capture_output=True, encoding="utf-8", errors="replace", check=False
    )
    answer = (done.stdout.strip() or " ").splitlines()[-1]
    if done.returncode or not answer.startswith("{"):
        said = [line for line in (done.stderr + done.stdout).splitlines() if any(map(str.isalnum, line))]
        last = said[-1].strip() if said else f"exit code {done.returncode}"
        raise ModuleNotFoundError(f"roc-validator in {ENVIRONMENT} failed: {last}; rm -r {ENVIRONMENT}; make crate-env")
    return json.loads(answer)


def _upstream(shelf: Shelf, finals: Sequence[Receipt]) -> list[Receipt]:
    found = {node.digest: node for final in finals for node in shelf.upstream(final)}
    return list(found.values())


def _built_day(finals: Sequence[Receipt]) -> str:
    """Where no log is, the day on which the last receipt was written here."""
    from datetime import UTC, datetime

    return datetime.fromtimestamp(max(node.place.stat().st_mtime for node in finals), UTC).date().isoformat()
