"""What others are handed: a card for each model, a description of each prepared dataset, and the certificate.

The same texts that `retrace crate` packs, with a page of each card and of the certificate.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from stages.retrace.record import certificate, croissant
from stages.retrace.record import scope as of
from stages.retrace.record.certificate import Certificate, Checker
from stages.retrace.record.earlier import Earlier
from stages.retrace.record.model_card import ModelCard
from stages.retrace.record.scope import Scope
from stages.retrace.report import names
from stages.retrace.report.gathered import Gathered
from stages.retrace.report.names import Link
from stages.retrace.report.results import Made
from stages.retrace.report.shown import Shown
from stages.retrace.report.site import Site

CARDS = "models.html"


@dataclass(frozen=True)
class Row:
    """A model in the list of all."""

    card: Link
    stage: Link
    text: Link
    paper: str
    seed: str
    data: tuple[str, ...]
    numbers: int


@dataclass(frozen=True)
class Records:
    """The cards, and where those and the descriptions of each receipt lie, by its digest."""

    cards: tuple[ModelCard, ...]
    links: Mapping[str, list[Link]]


def write(all_: Gathered, shown: Shown, site: Site) -> Records:
    """The cards with their list, and the descriptions."""
    scope = Scope(all_.nodes, all_.shelf, shown)
    cards = tuple(ModelCard(node, scope) for node in scope.models)
    found: dict[str, list[Link]] = {}
    rows = []
    for card in cards:
        node = card.node
        place, page = of.place(node, ".md"), names.card(node)
        site.files[place] = card.text.encode()
        site.page(page, "card.html", body=card.body, text=place, stage=all_.link(node))
        found[node.digest] = [Link("Model card", page), Link("as a hub's README.md", place)]
        data = tuple(card.front.get("datasets", ()))
        numbers = sum(len(held.numbers) for held in card.measured)
        rows.append(
            Row(Link(card.name, page), all_.link(node), Link("md", place), card.paper, card.seed, data, numbers)
        )
    for node in scope.sets:
        place = of.place(node, ".croissant.json")
        site.files[place] = croissant.encode(croissant.description(node, scope))
        found[node.digest] = [Link("Croissant description", place)]
    site.page(CARDS, "models.html", rows=rows)
    return Records(cards, found)


def certify(all_: Gathered, made: Sequence[Made], checker: Checker, then: Earlier | None, site: Site) -> None:
    """codecheck.yml, and its page."""
    built = [one for one in made if one.result.node]
    finals = [one.result.node for one in built if one.result.node]
    descs = {one.result.out: one.result.desc for one in built}
    held = Certificate(
        checker, all_.audited.root, len(all_.audited.receipts), of.stamp(all_.profile),
        then.name if then else "",
        certificate.listed(finals, descs, _places(built), then), certificate.ran(all_.nodes),
        tuple(sorted({one.result.paper for one in built} - {""})),
    )  # fmt: skip
    site.files[certificate.PLACE] = held.text()
    site.page("codecheck.html", "codecheck.html", body=held.page)


def _places(built: Sequence[Made]) -> dict[str, str]:
    """Where each result's file lies in the report, if it is shown."""
    return {
        f"results/{link.href.removeprefix('files/')}": link.href for one in built for link in one.files if link.href
    }
