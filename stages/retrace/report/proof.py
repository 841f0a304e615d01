"""The page that says what was audited, and how to check it oneself."""

from collections.abc import Sequence

from stages.retrace.report.gathered import Gathered
from stages.retrace.report.results import Made
from stages.retrace.report.site import SUMS, Site


def write(all_: Gathered, made: Sequence[Made], problems: Sequence[str], site: Site) -> None:
    """The audit's findings and root, and the manifest of results."""
    site.page("audit.html", "audit.html", report=all_.audited, problems=problems, sums=SUMS,
              made=[one for one in made if one.result.node],
              addresses={all_.name(node): all_.link(node) for node in all_.nodes})  # fmt: skip
