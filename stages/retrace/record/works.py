"""What papers and the project are cited as, what their methods are subject to, and for what their models are."""

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from stages.retrace.evidence import papers
from stages.retrace.evidence.papers import Text

CITATION, NOTICE = Path("CITATION.cff"), Path("NOTICE")
MODELS = "models.yaml"


class Author(BaseModel):
    """A person, or a group under one name."""

    model_config = ConfigDict(frozen=True)
    family: Text = Field("", alias="family-names")
    given: Text = Field("", alias="given-names")
    name: Text = ""

    @property
    def full(self) -> str:
        return self.name or f"{self.given} {self.family}"


class Work(BaseModel):
    """Something that can be cited; `abbreviation` is the name that a paper's README begins with."""

    model_config = ConfigDict(frozen=True)
    title: Text
    authors: tuple[Author, ...]
    abbreviation: Text = ""
    conference: Mapping[str, Text] = {}
    licence: Text = Field("", alias="license")

    @property
    def line(self) -> str:
        """Authors, title and where it was printed."""
        where = f" {name}." if (name := self.conference.get("name")) else ""
        return f"{', '.join(one.full for one in self.authors)}: {self.title}.{where}"


class Project(Work):
    """The project itself, with the papers that it refers to."""

    references: tuple[Work, ...] = ()


class Said(BaseModel):
    """What people wrote of a paper's models."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    use: Text
    limits: tuple[Text, ...]
    tasks: Mapping[str, Text]


FORM, SAID = TypeAdapter(Project), TypeAdapter(Said)


def project() -> Project | None:
    """What CITATION.cff says; None where there is none.    Raises: Spoiled naming file and key."""
    return _read(CITATION, CITATION.read_bytes(), FORM) if CITATION.is_file() else None


def work(paper: str) -> Work | None:
    """A paper as CITATION.cff has it, found by its README's name; None where it has none."""
    name, held = papers.title(paper), project()
    return next((one for one in held.references if one.abbreviation == name), None) if held else None


def said(paper: str) -> Said | None:
    """What is written of a paper's models; None where nothing is.    Raises: Spoiled naming file and key."""
    place = papers.PAPERS / paper / MODELS
    return _read(place, place.read_bytes(), SAID) if paper and place.is_file() else None


@cache
def _read(place: Path, raw: bytes, form: TypeAdapter[Any]) -> Any:
    """What a file says, read once: every card asks for it."""
    return papers.checked(place, papers.parse_yaml(raw, place), form)


@cache
def _entries(text: str) -> tuple[str, ...]:
    """The entries of a text's list, each as one line."""
    return tuple(
        " ".join(one.split()) for one in re.findall(r"^- (.*?)(?=\n- |\n\n|\Z)", text, re.MULTILINE | re.DOTALL)
    )


def notices(paper: str) -> list[str]:
    """What NOTICE says of a paper's methods: its entries that name the paper's folder."""
    text = NOTICE.read_text(encoding="utf-8", errors="replace") if NOTICE.is_file() else ""
    place = re.compile(rf"{papers.PAPERS.as_posix()}/{re.escape(paper)}\b")
    return [one for one in _entries(text) if paper and place.search(one)]
