"""The index of the search, in a .js file since a page from a disk may fetch none."""

import json
from collections.abc import Iterable, Sequence

from stages.retrace.report import names
from stages.retrace.report.claim_pages import gaps_of
from stages.retrace.report.gathered import Gathered
from stages.retrace.report.names import Link
from stages.retrace.report.results import Made
from stages.retrace.report.site import Site
from stages.runner.terminal import safe

PLACE = "index.js"


def write(all_: Gathered, made: Sequence[Made], site: Site) -> None:
    """(kind, title, address, text) of everything that can be found; escaped so that it ends no script."""
    lines = [json.dumps([safe(word) for word in entry], ensure_ascii=True) for entry in _entries(all_, made)]
    text = "window.retraceIndex = [\n" + ",\n".join(lines) + "\n];\n"
    site.files[PLACE] = text.replace("<", "\\u003c").encode()
    site.page("search.html", "search.html")


def _entries(all_: Gathered, made: Sequence[Made]) -> Iterable[tuple[str, str, str, str]]:
    for one in made:
        if one.result.node:
            yield "result", one.result.name, one.result.page, " ".join((one.result.desc, one.result.caption))
    for claim in all_.claims:
        yield "claim", f"{claim.paper} {claim.id}", names.entry("claims", claim.paper, claim.id), claim.text
    for paper, held in gaps_of(all_).items():
        for gap in held:
            yield "gap", f"{paper} {gap.id}", names.entry("gaps", paper, gap.id), gap.question
    keys: dict[tuple[str, str], Link] = {}
    for node in all_.nodes:
        link = all_.link(node)
        yield "stage", link.text, link.href, f"{link.note} {all_.desc(node)} {node.stage}"
        for parameter in all_.origins.parameters(node):
            keys.setdefault((parameter.layer, parameter.key), Link(link.text, link.href, parameter.origin))
    for (layer, key), link in sorted(keys.items()):
        yield "key", f"{layer}.{key}", f"{link.href}#key-{names.plain(key)}", link.note
