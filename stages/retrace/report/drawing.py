"""The graph at one look: a box for each verb of each paper with how many stages are built, and the groups behind it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from stages import graph as stage_graph
from stages.graph import Stage
from stages.retrace.audit import units
from stages.retrace.evidence import current
from stages.retrace.report.gathered import Gathered
from stages.retrace.report.names import Link
from stages.retrace.report.site import Site

PLACE = "graph.html"
VERBS = ("preflight", "render", "detect", "prepare", "teach", "train", "discover", "sample", "measure", "tabulate",
         "illustrate")  # fmt: skip
SHARED = "shared"
# A cell of the drawing, and the box in it.
STEP_X, STEP_Y, WIDE, TALL, LEFT, TOP = 97, 76, 76, 44, 92, 34


@dataclass(frozen=True)
class Group:
    """A group of dvc.yaml: how many stages it has, and those that are built."""

    name: str
    desc: str
    total: int
    built: tuple[Link, ...]


@dataclass(frozen=True)
class Box:
    """One verb of one paper, at a place of the drawing."""

    paper: str
    verb: str
    x: int
    y: int
    groups: tuple[Group, ...]

    @property
    def total(self) -> int:
        return sum(one.total for one in self.groups)

    @property
    def built(self) -> int:
        return sum(len(one.built) for one in self.groups)

    @property
    def anchor(self) -> str:
        return f"{self.paper}-{self.verb}"


@dataclass(frozen=True)
class Drawing:
    """Boxes, the paths of arrows between them, and what stands at the rims."""

    boxes: tuple[Box, ...]
    arrows: tuple[str, ...]
    columns: tuple[tuple[str, int], ...]
    rows: tuple[tuple[str, int], ...]
    width: int
    height: int


def write(all_: Gathered, site: Site) -> None:
    """graph.html, of all stages that the report is about, built or not."""
    site.page(PLACE, "graph.html", drawing=_drawing(all_.wanted, all_), wide=WIDE, tall=TALL)


def _drawing(stages: Sequence[Stage], all_: Gathered) -> Drawing:
    where = {stage.name: _cell(stage) for stage in stages}
    verbs = sorted({verb for _, verb in where.values()}, key=lambda verb: (_order(verb), verb))
    papers = sorted({paper for paper, _ in where.values()}, key=lambda paper: (paper != SHARED, paper))
    places = {(paper, verb): (LEFT + verbs.index(verb) * STEP_X, TOP + papers.index(paper) * STEP_Y)
              for paper, verb in where.values()}  # fmt: skip
    boxes = []
    for (paper, verb), (x, y) in sorted(places.items(), key=lambda one: one[1][::-1]):
        own = [stage for stage in stages if where[stage.name] == (paper, verb)]
        boxes.append(Box(paper, verb, x, y, tuple(_groups(own, all_))))
    made = stage_graph.producer(tuple(stages))
    pairs = {(where[made[dep].name], where[stage.name]) for stage in stages for dep in stage.deps if dep in made}
    arrows = [_arrow(places[start], places[end]) for start, end in sorted(pairs) if start != end]
    return Drawing(
        tuple(boxes), tuple(arrows), tuple((verb, LEFT + at * STEP_X + WIDE // 2) for at, verb in enumerate(verbs)),
        tuple((paper, TOP + at * STEP_Y + TALL // 2) for at, paper in enumerate(papers)),
        LEFT + len(verbs) * STEP_X, TOP + len(papers) * STEP_Y,
    )  # fmt: skip


def _cell(stage: Stage) -> tuple[str, str]:
    """The paper that a stage is of, or that papers share it, and its verb."""
    given = current.arguments(stage)
    return given.choices.get("paper", SHARED), given.verb


def _order(verb: str) -> int:
    return VERBS.index(verb) if verb in VERBS else len(VERBS)


def _groups(stages: Sequence[Stage], all_: Gathered) -> Iterable[Group]:
    held: dict[str, list[Stage]] = {}
    for stage in stages:
        held.setdefault(stage.group, []).append(stage)
    known = {node.stage: node for node in all_.nodes if all_.shelf.is_current(node)}
    for name, own in held.items():
        nodes = [known[out] for stage in own if (out := units.out_of(stage)) in known]
        yield Group(name, own[0].desc, len(own), tuple(all_.link(node) for node in nodes))


def _arrow(start: tuple[int, int], end: tuple[int, int]) -> str:
    """A curve from a box's right side to another's left one."""
    x, y, to_x, to_y = start[0] + WIDE, start[1] + TALL // 2, end[0], end[1] + TALL // 2
    bend = max(24, abs(to_x - x) // 3)
    return f"M{x} {y}C{x + bend} {y} {to_x - bend} {to_y} {to_x} {to_y}"
