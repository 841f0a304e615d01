"""The index of the search, in a .js file since a page from a disk may fetch none."""

import json
from collections.abc import Iterable, Sequence

from stages.retrace.record.model_card import ModelCard
from stages.retrace.report import data_pages, names
from stages.retrace.report.claim_pages import errata_of, gaps_of
from stages.retrace.report.gathered import Gathered
from stages.retrace.report.names import Link
from stages.retrace.report.results import Made
from stages.retrace.report.site import Site
from stages.runner.terminal import safe

PLACE = "index.js"


def write(all_: Gathered, made: Sequence[Made], cards: Iterable[ModelCard], site: Site) -> None:
    """(kind, title, address, text) of everything that can be found; escaped so that it ends no script."""
    lines = [json.dumps([safe(word) for word in entry], ensure_ascii=True) for entry in _entries(all_, made, cards)]
    text = "window.retraceIndex = [\n" + ",\n".join(lines) + "\n];\n"
    site.files[PLACE] = text.replace("<", "\\u003c").encode()
    site.page("search.html", "search.html")


def _entries(all_: Gathered, made: Sequence[Made], cards: Iterable[ModelCard]) -> Iterable[tuple[str, str, str, str]]:
    for one in made:
        if one.result.node:
            yield "result", one.result.name, one.result.page, " ".join((one.result.desc, one.result.caption))
    for claim in all_.claims:
        yield "claim", f"{claim.paper} {claim.id}", names.entry("claims", claim.paper, claim.id), claim.text
    for paper, held in gaps_of(all_).items():
        for gap in held:
            yield "gap", f"{paper} {gap.id}", names.entry("gaps", paper, gap.id), gap.question
    for paper, found in errata_of(all_).items():
        for one in found:
            yield "erratum", f"{paper} {one.id}", names.entry("errata", paper, one.id), f"{one.place}: {one.says}"
    for card in cards:
        learned = " ".join(map(str, card.front.get("datasets", ())))
        yield "model", card.title, names.card(card.node), f"{card.task} {learned}"
    for path, card in all_.cards.items():
        yield "data", card.title, f"{data_pages.PLACE}#{data_pages.anchor(path)}", f"{card.source} {card.licence.id}"
    keys: dict[tuple[str, str], Link] = {}
    for node in all_.nodes:
        link = all_.link(node)
        yield "stage", link.text, link.href, f"{link.note} {all_.desc(node)} {node.stage}"
        for parameter in all_.origins.parameters(node):
            keys.setdefault((parameter.layer, parameter.key), Link(link.text, link.href, parameter.origin))
    for (layer, key), link in sorted(keys.items()):
        yield "key", f"{layer}.{key}", f"{link.href}#key-{names.plain(key)}", link.note
