"""Data cards: which of them stand behind a raw dataset, and what they say of its licence and of people."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stages.retrace.evidence.papers import load_yaml
from stages.retrace.evidence.receipts import Receipt, Shelf

CARDS = "stages/cards/"


@dataclass(frozen=True)
class Card:
    """A dataset as its card describes it; `path` is the card's file."""

    path: str
    content: dict[str, Any]

    @property
    def name(self) -> str:
        return self.content["name"]

    @property
    def title(self) -> str:
        return self.content["title"]

    @property
    def may_be_passed_on(self) -> bool:
        return bool(self.content["redistribution"])


def all_of_them() -> list[Card]:
    """The cards of the project, by name. Raises: Spoiled for one that is no YAML."""
    return [Card(path.as_posix(), load_yaml(path)) for path in sorted(Path(CARDS).glob("*.yaml"))]


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
