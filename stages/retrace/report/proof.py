"""The page that says what was audited, how to check it oneself, and what was rerun, as a certificate lists it."""

from collections.abc import Sequence

from stages.retrace.report.gathered import Gathered
from stages.retrace.report.results import Made
from stages.retrace.report.site import SUMS, Site


def write(all_: Gathered, made: Sequence[Made], problems: Sequence[str], site: Site) -> None:
    """The audit's findings and root, and the manifest of results with where their stages ran."""
    report, ran = all_.audited, {}
    for node in all_.nodes:
        lock = node.content["environment"]
        key = node.content["device"], lock["lock"], lock["sha256"], tuple(node.content["packages"]["others"].items())
        ran[key] = ran.get(key, 0) + 1
    site.page("audit.html", "audit.html", report=report, problems=problems, sums=SUMS,
              ran=sorted(ran.items()), made=[one for one in made if one.result.node],
              addresses={all_.name(node): all_.link(node) for node in all_.nodes})  # fmt: skip
