"""The datasets' cards: licence, people, and whether pictures of them may be passed on."""

from collections.abc import Mapping
from pathlib import Path

from stages.retrace.evidence import cards
from stages.retrace.report import names
from stages.retrace.report.gathered import Gathered
from stages.retrace.report.names import Link
from stages.retrace.report.site import Site

PLACE = "data.html"


def anchor(path: str) -> str:
    """Where on the page the card of a file stands."""
    return names.plain(Path(path).stem)


def write(all_: Gathered, records: Mapping[str, list[Link]], site: Site) -> None:
    """One page of all cards, each with the raw datasets here that follow it, and of the prepared datasets."""
    users: dict[str, list[tuple[Link, bool]]] = {}
    for node in all_.nodes:
        if node.content["verb"] == "render":
            for path in cards.named(all_.shelf, node):
                users.setdefault(path, []).append((all_.link(node), cards.is_users(node)))
    held = [(anchor(path), card, users.get(path, [])) for path, card in all_.cards.items()]
    sets = [(all_.link(node), records[node.digest]) for node in all_.nodes
            if node.content["verb"] == "prepare" and node.digest in records]  # fmt: skip
    site.page(PLACE, "data.html", cards=held, sets=sets)
