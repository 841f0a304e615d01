"""What a crate holds for others: a card for each model, a description of each prepared dataset, a certificate."""

from collections.abc import Sequence

from stages import graph as stage_graph
from stages.retrace.audit import units
from stages.retrace.crate.graph import ROOT, Graph
from stages.retrace.crate.payload import Payload
from stages.retrace.evidence.held import Held
from stages.retrace.evidence.receipts import Receipt, Shelf
from stages.retrace.evidence.waivers import WAIVERS, Waivers
from stages.retrace.record import certificate, croissant
from stages.retrace.record import scope as of
from stages.retrace.record.certificate import Certificate, Checker
from stages.retrace.record.earlier import Earlier
from stages.retrace.record.model_card import ModelCard
from stages.retrace.record.scope import Scope


def add(
    graph: Graph, payload: Payload, shelf: Shelf, nodes: Sequence[Receipt], finals: Sequence[Receipt],
    checker: Checker, then: Earlier | None,
) -> None:  # fmt: skip
    """Writes the records of what is packed; `then` is what the certificate compares with."""
    payload.present("NOTICE")
    scope = Scope(nodes, shelf, Held())
    for node in scope.models:
        card = ModelCard(node, scope)
        key = payload.written(of.place(node, ".md"), card.text.encode(), description=f"Model card of {node.stage}")
        graph.link(key, "about", *payload.artefacts(node))
    for node in scope.sets:
        content = croissant.encode(croissant.description(node, scope))
        told = f"Croissant description of {node.stage}"
        key = payload.written(of.place(node, ".croissant.json"), content, description=told)
        graph.link(key, "about", *payload.artefacts(node))
        graph.link(key, "conformsTo", graph.add(croissant.FORMS[0], "WebPage", name="Croissant 1.0"))
    held = _certificate(nodes, finals, checker, then, payload, shelf)
    key = payload.written(certificate.PLACE, held.text(), description="What was rerun, for programs")
    graph.add(certificate.SPECIFICATION, "WebPage", name="CODECHECK configuration file, version 1.0")
    graph.link(key, "conformsTo", certificate.SPECIFICATION)
    graph.link(key, "about", ROOT)
    page = payload.written(certificate.PAGE, held.page.encode(), description="What was rerun, for people")
    graph.link(page, "about", ROOT)


def _certificate(
    nodes: Sequence[Receipt], finals: Sequence[Receipt], checker: Checker, then: Earlier | None, payload: Payload,
    shelf: Shelf,
) -> Certificate:  # fmt: skip
    """The root is the one that an audit of these results prints."""
    current = {node.stage: node.digest for node in nodes if shelf.is_current(node)}
    waived = {f"{WAIVERS.as_posix()}/{name}.json": name for name in Waivers().contents}
    descs = {units.out_of(stage): stage.desc for stage in stage_graph.load(".")}
    profiles = sorted({of.profile(node) for node in nodes if of.kind(node)})
    return Certificate(
        checker, units.root_of(current | waived), len(current), " ".join(map(of.stamp, profiles)),
        then.name if then else "", certificate.listed(finals, descs, {path: path for path in payload.sources}, then),
        certificate.ran(nodes), tuple(sorted({node.choice("paper") for node in finals} - {""})),
    )  # fmt: skip
