"""What a record speaks of: receipts that are handed on, what stands before each, what was measured of models."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from stages.retrace.evidence import cards
from stages.retrace.evidence.cards import Card
from stages.retrace.evidence.held import Held
from stages.retrace.evidence.receipts import Receipt, Shelf
from stages.retrace.evidence.sound import STORE

MODELS, SETS, SCORE = ("model", "teacher"), ("data",), "score.json"
PREPARING = ("prepare", "render")
# Where a stage tells which files of the user's it took weights from.
TOLD = ("detector.json", "encoder.json", "user_files.json")
# The one profile whose numbers say something about the papers.
EVIDENCE = "paper"


@dataclass(frozen=True)
class Source:
    """A raw dataset before a stage: its card, and whether it is the user's own or drawn in that card's layout."""

    card: Card
    node: Receipt
    is_users: bool


@dataclass(frozen=True)
class Weights:
    """A user's file of weights, by what the stage that read it calls it, and its sha256."""

    file: str
    sha256: str


@dataclass(frozen=True)
class Score:
    """A stage that measured a model: the values that are this model's, or why none is known to be."""

    node: Receipt
    values: tuple[Mapping[str, Any], ...]
    why: str = ""


class Scope:
    """Receipts with what they rest on, all of it among `nodes`; `held` gives the bytes of scores and data cards."""

    def __init__(self, nodes: Sequence[Receipt], shelf: Shelf, held: Held) -> None:
        self.shelf, self.held = shelf, held
        self.nodes = [node for node in nodes if shelf.is_current(node)]
        self._cards = cards.every()

    @property
    def models(self) -> list[Receipt]:
        """Trained models and teachers, those aside that the profile leaves out."""
        return [node for node in self.nodes if kind(node) in MODELS and "not_run.json" not in node.content["outputs"]]

    @property
    def sets(self) -> list[Receipt]:
        """Prepared datasets."""
        return [node for node in self.nodes if kind(node) in SETS]

    def sources(self, node: Receipt) -> list[Source]:
        """The raw datasets that a receipt's prepared data were made from, by title, each once."""
        found, waiting = dict[str, Source](), [node]
        while waiting:
            before = [by for _, _, by in self.shelf.inputs(waiting.pop()) if by and by.content["verb"] in PREPARING]
            waiting += before
            for one in before:
                found |= self._drawn_or_supplied(one)
        return sorted(found.values(), key=lambda one: one.card.title)

    def taught(self, node: Receipt) -> list[Source]:
        """The other raw datasets before a receipt, which teachers, detectors and models before it learned from."""
        own = {one.node.digest for one in self.sources(node)}
        found: dict[str, Source] = {}
        for one in self.shelf.upstream(node):
            if one.digest not in own:
                found |= self._drawn_or_supplied(one)
        return sorted(found.values(), key=lambda one: one.card.title)

    def _drawn_or_supplied(self, node: Receipt) -> dict[str, Source]:
        """A raw dataset by the files of its cards; nothing for another stage."""
        paths = cards.named(self.shelf, node) if node.content["verb"] == "render" else ()
        return {path: Source(self._cards[path], node, cards.is_users(node)) for path in paths if path in self._cards}

    def weights(self, node: Receipt) -> list[Weights]:
        """The user's files of weights that a receipt, or anything before it, took over, as their facts tell."""
        found: dict[str, Weights] = {}
        for one in self.shelf.upstream(node):
            for name in (name for name in TOLD if name in one.content["outputs"]):
                found |= {held.sha256: held for held in _taken_over(self.content(one, name), one)}
        return sorted(found.values(), key=lambda held: (held.file, held.sha256))

    def scores(self, model: Receipt) -> list[Score]:
        """What was measured of a model, by itself as it was trained or by a stage that reads it or its samples."""
        own = [Score(model, tuple(self._values(model)))] if SCORE in model.content["outputs"] else []
        return own + [self._score(node, names, model) for node, names in self._measured.get(model.digest, [])]

    @cached_property
    def _measured(self) -> dict[str, list[tuple[Receipt, tuple[str, ...]]]]:
        """Digest of a model -> the scores that rest on it, with the names of the inputs by which they do."""
        found: dict[str, list[tuple[Receipt, tuple[str, ...]]]] = {}
        for node in self.nodes:
            if node.content["verb"] == "measure" and SCORE in node.content["outputs"]:
                for digest, names in self._read_by(node).items():
                    found.setdefault(digest, []).append((node, names))
        return found

    def _read_by(self, score: Receipt) -> dict[str, tuple[str, ...]]:
        """The models of papers that a score reads, themselves or by what was made with them: digest -> names."""
        found: dict[str, tuple[str, ...]] = {}
        for name, _, by in self.shelf.inputs(score):
            if by is None:
                continue
            made_with = [by] if kind(by) == "model" else [one for _, _, one in self.shelf.inputs(by) if one]
            for model in made_with:
                if kind(model) == "model":
                    found[model.digest] = (*found.get(model.digest, ()), name)
        return found

    def _score(self, node: Receipt, names: Sequence[str], model: Receipt) -> Score:
        values = list(self._values(node))
        if values and len(self._read_by(node)) > 1:
            values = [one for one in values if _is_of(one, names)]
            if not values:
                return Score(node, (), "its numbers are of several models, and none bears the name of this one's input")
        return Score(
            node, tuple(values), "" if values else "its file is not here as its receipt lists it, or holds none"
        )

    def _values(self, node: Receipt) -> Iterable[Mapping[str, Any]]:
        """The numbers of a score, each with what the score says of all: data, seed."""
        said = self.content(node, SCORE)
        for value in said.get("values", []) if isinstance(said.get("values"), list) else []:
            if isinstance(value, dict) and isinstance(value.get("value"), (int, float)):
                yield {"data": said.get("data", "")} | value

    def content(self, node: Receipt, name: str) -> dict[str, Any]:
        """A JSON object among a stage's outputs; empty where it is not here, not as it was made, or none."""
        raw = self.held.content(node, name) if name in node.content["outputs"] else None
        try:
            found = json.loads(raw) if raw is not None else {}
        except (ValueError, RecursionError):
            found = {}
        return found if isinstance(found, dict) else {}


def _taken_over(told: Mapping[str, Any], node: Receipt) -> Iterable[Weights]:
    """The files in what a stage tells: by keys such as file and file_sha256, or an entry for each key of the block."""
    for key, value in told.items():
        if isinstance(value, dict):
            yield from _taken_over(value, node)
        elif key == "sha256" or key.endswith("_sha256"):
            name = told.get("file" if key == "sha256" else key.removesuffix("_sha256"), key)
            if value:
                yield Weights(f"{name} of {node.stage}", str(value))


def kind(node: Receipt) -> str:
    """The folder of the store that a stage's output lies in, such as model or data; empty for a final file."""
    parts = _inside(node)
    return parts[1] if len(parts) > 1 else ""


def profile(node: Receipt) -> str:
    """The profile that a stage ran in."""
    return _inside(node)[0]


def stamp(profile: str) -> str:
    """What a profile's numbers are worth, in a sentence."""
    return f"Profile {profile}." if profile == EVIDENCE else f"Profile {profile}: no evidence about the papers."


def place(node: Receipt, suffix: str) -> str:
    """Where the record of a stage's output lies: its path in the store, below `records`."""
    return f"records/{Path(node.stage).relative_to(STORE).as_posix()}{suffix}"


def _inside(node: Receipt) -> tuple[str, ...]:
    path = Path(node.stage)
    return path.relative_to(STORE).parts if path.is_relative_to(STORE) else ()


def _is_of(value: Mapping[str, Any], names: Sequence[str]) -> bool:
    """Whether a value's method is what an input's name says after its first part: sample_batfill, model_patch_1."""
    known = {name.partition("_")[2] for name in names} - {""}
    return bool(known & {str(value.get("method")), f"{value.get('method')}_{value.get('seed')}"})
