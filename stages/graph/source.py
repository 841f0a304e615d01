"""graph.yaml as it is written: the shape of an entry, and what is refused by file, stage and key."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, ValidationError

from stages.graph.rules import closest
from stages.graph.verbs import VERBS, Verb
from stages.runner.exits import StageFailure
from stages.runner.params import read

SHARED = "stages/graph.yaml"
OWN = "stages/papers/{paper}/graph.yaml"

Word = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*$")]
Point = Annotated[str | int, Field(union_mode="left_to_right")]
Axis = Word | list[Point]
# Of inputs only: what a name says -> what the path says.
Renaming = dict[str, Point]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, populate_by_name=True)


class Costs(_Part):
    """What a stage takes at the paper's scale; 0 takes away what its verb has."""

    torch: int | None = None
    gpu: int | None = None
    mem_mb: int | None = None
    runtime_min: int | None = None
    disk_mb: int | None = None

    def given(self) -> dict[str, int]:
        return {key: value for key, value in self if value is not None}


class Each(_Part):
    """One input for every combination of named axes, the first axis outermost.

    Where an axis is a mapping, the input's name has its keys and the path its values.
    """

    each: dict[Word, Axis | Renaming]
    path: str = Field(alias="from")


def _form(value: Any) -> str:
    """How pydantic calls a value's form in the place of an error, so that it tries no other."""
    return "<map>" if isinstance(value, dict | BaseModel) else "<list>" if isinstance(value, list) else "<text>"


FORMS = ("<map>", "<list>", "<text>")
Inputs = dict[str, Annotated[Annotated[str, Tag("<text>")] | Annotated[Each, Tag("<map>")], Discriminator(_form)]]
Group = Annotated[Annotated[Word, Tag("<text>")] | Annotated[Inputs, Tag("<map>")], Discriminator(_form)]
Groups = Annotated[Annotated[Inputs, Tag("<map>")] | Annotated[list[Group], Tag("<list>")], Discriminator(_form)]


class Entry(_Part):
    """One stage, or one for every point of its matrix."""

    desc: Annotated[str, Field(pattern=r"^\S(.*\S)?$")]
    matrix: dict[Word, Axis] = {}
    preflight: str | None = None
    render: str | None = None
    detect: str | None = None
    prepare: str | None = None
    teach: str | None = None
    train: str | None = None
    discover: str | None = None
    sample: str | None = None
    measure: str | None = None
    tabulate: str | None = None
    illustrate: str | None = None
    method: str | None = None
    seed: Point | None = None
    set: str | None = None
    layers: list[str] = []
    between: list[str] = Field(default=[], alias="with")
    last: list[str] = []
    inputs: Groups = Field(default={}, alias="in")
    some: Word | None = None
    spare: list[Word] = []
    out: str
    artifact: dict[Word, list[Point]] | None = None
    files: list[str] = []
    env: str | None = None
    costs: Costs = Costs()

    @property
    def verb(self) -> str:
        return next(name for name in VERBS if getattr(self, name) is not None)

    @property
    def shape(self) -> Verb:
        return VERBS[self.verb]

    @property
    def chosen(self) -> str:
        return getattr(self, self.verb)


class Document(_Part):
    """One graph.yaml."""

    axes: dict[Word, list[Point] | Renaming] = {}
    costs: dict[str, Costs] = {}
    inputs: dict[Word, Inputs] = {}
    stages: dict[Word, Entry]


class Source:
    """A graph.yaml with its place: `paper` is empty for the shared one."""

    def __init__(self, root: Path, file: str) -> None:
        """Raises: ValueError naming file, stage and key."""
        self.file = file
        self.paper = "" if file == SHARED else PurePosixPath(file).parent.name
        self.folder = PurePosixPath(file).parent.as_posix()
        try:
            content = read(root / file)
            self.document = Document.model_validate(content)
        except StageFailure as failure:
            raise ValueError(str(failure)) from None
        except ValidationError as error:
            raise ValueError("\n".join(sorted({self._line(one) for one in error.errors()}))) from None
        for name, entry in self.document.stages.items():
            self._check(name, entry)

    def wrong(self, stage: str, key: str, what: str) -> ValueError:
        """An error that says where: file, stage and key."""
        return ValueError(f"{self.file}: stage {stage}: {key}: {what}")

    def _line(self, problem: Any) -> str:
        """One of pydantic's findings in the house's words."""
        place = [str(part) for part in problem["loc"] if part not in FORMS]
        where = f"stage {place[1]}: {'.'.join(place[2:])}" if place[0] == "stages" and place[2:] else ".".join(place)
        if problem["type"] == "extra_forbidden":
            known = [field.alias or name for name, field in _model_at(place).model_fields.items()]
            return f"{self.file}: {where} is not known here{closest(place[-1], known)}"
        if problem["type"] == "missing":
            return f"{self.file}: {where} is missing"
        return f"{self.file}: {where}: {problem['msg']}, found {problem['input']!r}"

    def _check(self, name: str, entry: Entry) -> None:
        """What the shape alone cannot say: one verb, and the keys that belong to it."""
        verbs = [verb for verb in VERBS if getattr(entry, verb) is not None]
        if len(verbs) != 1:
            found = " and ".join(verbs) or "none"
            raise ValueError(f"{self.file}: stage {name}: expected one verb of {', '.join(VERBS)}; found {found}")
        shape = entry.shape
        if shape.of_paper and not self.paper:
            raise self.wrong(name, entry.verb, "belongs into a paper's graph.yaml, whose folder is its --paper")
        for key, wanted in (("seed", shape.seed), ("method", shape.method)):
            if wanted != (getattr(entry, key) is not None):
                raise self.wrong(name, key, f"{entry.verb} {'needs one' if wanted else 'takes none'}")
        if entry.some is not None and not shape.follows:
            raise self.wrong(name, "some", f"{entry.verb} is not left out with its inputs; this says which may be")
        if entry.spare and not shape.follows:
            raise self.wrong(name, "spare", f"{entry.verb} is not left out with its inputs; this says which may be")
        if entry.files and not shape.files:
            raise self.wrong(name, "files", f"{entry.verb} writes a folder; only tables and figures name files")
        if tuple(entry.files) == shape.files and entry.files:
            raise self.wrong(name, "files", f"is what {entry.verb} writes anyway; leave it out")
        if entry.set is not None and entry.set == "${item.set}":
            raise self.wrong(name, "set", "is what the matrix says anyway; leave it out")


def _model_at(place: list[str]) -> type[_Part]:
    """The model that an unknown key, the last of a place, was given to."""
    if len(place) == 1:
        return Document
    if "costs" in place[:-1]:
        return Costs
    return Entry if len(place) == 3 else Each


def files(root: Path) -> list[str]:
    """All sources of the graph, the shared one first."""
    papers = sorted(path.parent.name for path in root.glob(OWN.format(paper="*")))
    return [SHARED, *(OWN.format(paper=paper) for paper in papers)]


def sources(root: Path) -> list[Source]:
    """All sources, read and checked one by one."""
    return [Source(root, file) for file in files(root)]
