"""Where data came from: cards, licences, and what may not be passed on."""

from collections.abc import Sequence

from stages import yaml_text
from stages.retrace.crate.graph import ROOT, Graph, local
from stages.retrace.crate.payload import Payload
from stages.retrace.evidence import cards
from stages.retrace.evidence.papers import load_yaml
from stages.retrace.evidence.receipts import Receipt, Shelf

LICENCE = "LICENSE"
CITATION = "CITATION.cff"
SPDX = "https://spdx.org/licenses/"


def cited(graph: Graph, payload: Payload) -> tuple[str, str]:
    """The project's licence as an entity and its title, empty where it names none; its authors become the root's."""
    payload.present(LICENCE)
    found = payload.present(CITATION)
    told = load_yaml(payload.sources[CITATION]) if found else {}  # pyright: ignore[reportArgumentType]
    name = told.get("license", "")
    for author in told.get("authors", []):
        kind = "Organization" if "name" in author else "Person"
        full = author.get("name") or f"{author['given-names']} {author['family-names']}"
        graph.link(ROOT, "author", graph.add(local("author", full), kind, name=full))
    key = graph.add(f"{SPDX}{name}", "CreativeWork", name=name, url=f"{SPDX}{name}") if name else ""
    return key, told.get("title", "")


def describe(graph: Graph, shelf: Shelf, payload: Payload, nodes: Sequence[Receipt], licence: str) -> list[str]:
    """Gives every raw dataset its licence: the owner's for the user's data, the project's for drawn data.

    Returns the names of the user's datasets that may not be passed on.
    """
    restricted = []
    for node in nodes:
        if node.content["verb"] != "render":
            continue
        (folder,) = payload.artefacts(node)
        for card_id, card in _cards(shelf, payload, node):
            if cards.is_users(node):
                _of_user(graph, folder, card_id, card)
                restricted += [] if card["redistribution"] else [card["name"]]
            else:
                note = f"Drawn by stages.render in the layout of {card['title']}; it holds none of that data."
                graph.add(folder, "Dataset", abstract=note)
                graph.link(folder, "license", *([licence] if licence else []))
    return sorted(set(restricted))


def _of_user(graph: Graph, folder: str, card_id: str, card: dict) -> None:
    terms = card["licence"]
    licence = graph.add(local("licence", terms["id"]), "CreativeWork", name=terms["id"], description=terms["terms"])
    source = graph.add(
        local("data", card["name"]), "CreativeWork", name=card["title"], url=card["source"],
        description=card["people"]["note"],
        conditionsOfAccess="" if card["redistribution"] else "May not be passed on; get it from its source.",
    )  # fmt: skip
    graph.link(source, "license", licence)
    graph.link(source, "subjectOf", card_id)
    graph.link(folder, "isBasedOn", source)
    graph.link(folder, "license", licence)


def _cards(shelf: Shelf, payload: Payload, node: Receipt) -> list[tuple[str, dict]]:
    """The cards that a dataset's preflight checked, as their receipts name them."""
    keys = [payload.version(path, sha256) for path, sha256 in cards.named(shelf, node).items()]
    return sorted((key, _read(payload, key)) for key in dict.fromkeys(keys) if not key.startswith("#"))


def _read(payload: Payload, key: str) -> dict:
    source = payload.sources[key]
    return yaml_text.loads(source if isinstance(source, bytes) else source.read_bytes(), key)


def titled(graph: Graph, title: str, finals: Sequence[Receipt], day: str, licence: str, restricted: list[str]) -> None:
    """What the root says of the whole."""
    names = ", ".join(sorted(node.stage for node in finals))
    note = f"How {names} came about: every stage with its parameters, inputs, code and outputs, each by its sha256."
    if restricted:
        note += f" It rests on data that may not be passed on: {', '.join(restricted)}."
    graph.add(ROOT, "Dataset", name=title or "A run of Retrace", description=note, datePublished=day)
    if licence:
        graph.link(ROOT, "license", licence)
    else:
        graph.add(ROOT, "Dataset", license="The project names no licence.")
