"""Data cards: which of them stand behind a raw dataset, and what they say of its licence and of people."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, TypeAdapter

from stages.retrace.evidence import papers
from stages.retrace.evidence.papers import Text
from stages.retrace.evidence.receipts import Receipt, Shelf

CARDS = "stages/cards/"


class _Licence(BaseModel):
    model_config = ConfigDict(frozen=True)
    id: Text
    terms: Text


class _People(BaseModel):
    model_config = ConfigDict(frozen=True)
    shown: bool
    note: Text


class Card(BaseModel):
    """What a dataset's card says of its source, of who may have it, and of the people in it."""

    model_config = ConfigDict(frozen=True)
    name: Text
    title: Text
    source: Text
    licence: _Licence
    redistribution: bool
    people: _People


FORM = TypeAdapter(Card)


def every() -> dict[str, Card]:
    """The cards of the project by their files.    Raises: Spoiled naming file and key."""
    files = sorted(Path(CARDS).glob("*.yaml"))
    return {path.as_posix(): papers.checked(path, papers.load_yaml(path), FORM) for path in files}


def named(shelf: Shelf, node: Receipt) -> dict[str, str]:
    """The cards that a raw dataset's preflight checked, with the sha256 that its receipt gives them."""
    return {
        entry["path"]: entry["sha256"]
        for _, _, before in shelf.inputs(node)
        for _, entry, made_by in (shelf.inputs(before) if before else ())
        if not made_by and entry["path"].startswith(CARDS)
    }


def is_users(node: Receipt) -> bool:
    """Whether a raw dataset is the user's, not drawn here."""
    return node.content["verb"] == "render" and node.content["params"].get("supply") == "user"
