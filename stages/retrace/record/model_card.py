"""A card for each trained model: Markdown with the front matter that model hubs read, from receipt, block and cards."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from stages.retrace.evidence import papers
from stages.retrace.evidence.receipts import Receipt
from stages.retrace.record import scope as of
from stages.retrace.record import works
from stages.retrace.record.scope import Scope, Score, Source
from stages.retrace.record.written import dumped, written

ADDRESS = re.compile(r"https?://[^\s,;)]+")
FRONT = "---\n"


@dataclass(frozen=True)
class Number:
    """A value that was measured of a model, and which of its score's protocols it follows."""

    method: str
    metric: str
    data: str
    value: float
    unit: str
    count: str
    protocol: int


@dataclass(frozen=True)
class Measured:
    """A score with its numbers; what all their protocols share, and what else each says, once."""

    score: Score
    numbers: tuple[Number, ...]
    shared: str
    protocols: tuple[str, ...]


class ModelCard:
    """What is known of one model."""

    def __init__(self, node: Receipt, scope: Scope) -> None:
        self.node, self._scope = node, scope
        self.name = Path(node.stage).name
        self.paper, self.method, self.seed = (node.choice(key) for key in ("paper", "method", "seed"))
        self.profile, self.stamp = of.profile(node), of.stamp(of.profile(node))
        self.said, self.work, self.project = works.said(self.paper), works.work(self.paper), works.project()
        self.notices = works.notices(self.paper)
        self.sources, self.taught, self.weights = scope.sources(node), scope.taught(node), scope.weights(node)
        self.title = f"{papers.title(self.paper) or self.name}: {self.name}" if self.paper else f"Teacher: {self.name}"

    @property
    def users(self) -> list[Source]:
        """The user's own datasets that it, or what taught it, learned from."""
        return [one for one in (*self.sources, *self.taught) if one.is_users]

    @property
    def task(self) -> str:
        return self.said.tasks.get(self.method, "") if self.said else ""

    @property
    def safetensors(self) -> list[str]:
        """Its files of weights, all in a form that runs no code."""
        return [name for name in sorted(self.node.content["outputs"]) if name.endswith(".safetensors")]

    @cached_property
    def measured(self) -> list[Measured]:
        """Every score that rests on it; a teacher's is what it found on photos held out of its teaching."""
        scores = self._scope.scores(self.node)
        taught = self._scope.content(self.node, "encoder.json")
        if isinstance(taught.get("held_out"), dict):
            scores.append(Score(self.node, tuple(_held_out(taught))))
        return [_measured(one) for one in scores]

    @property
    def front(self) -> dict[str, Any]:
        """The front matter; what is not known stands in no key."""
        said = {
            **self._licence(), "library_name": "pytorch", "pipeline_tag": self.task, "tags": self._tags(),
            "datasets": list(dict.fromkeys(_slug(one) for one in (*self.sources, *self.taught))),
            "metrics": sorted({one.metric for held in self.measured for one in held.numbers}),
            "model-index": self._index(),
        }  # fmt: skip
        return {key: value for key, value in said.items() if value}

    def _licence(self) -> dict[str, str]:
        """The project's licence where everything was drawn here; else that of whose data and weights it holds."""
        if not self.users and not self.weights:
            return {"license": self.project.licence.lower() if self.project else "unknown"}
        names = [one.card.licence.id for one in self.users] or ["supplied-weights"]
        links = [found[0] for one in self.users if (found := ADDRESS.search(one.card.source))]
        name = "-and-".join(dict.fromkeys(one.lower() for one in names))
        return {"license": "other", "license_name": name, "license_link": links[0] if links else ""}

    def _tags(self) -> list[str]:
        worth = [] if self.profile == of.EVIDENCE else ["no-evidence-about-the-paper"]
        found = ("retrace", self.paper, self.method, f"profile-{self.profile}", *worth)
        return [one for one in dict.fromkeys(found) if one]

    def _index(self) -> list[dict[str, Any]]:
        """The numbers as hubs list them; they need a task, so a model whose task nobody wrote down has none."""
        results: dict[str, list[dict[str, Any]]] = {}
        for one in (one for held in self.measured for one in held.numbers if self.task):
            results.setdefault(one.data, []).append(
                {"type": one.metric, "name": " ".join(filter(None, (one.method, one.metric))), "value": one.value}
            )
        listed = [
            {"task": {"type": self.task}, "dataset": {"type": f"{self.profile}-{data or 'unnamed'}",
             "name": f"prepared set {data or 'unnamed'}. {self.stamp}"}, "metrics": metrics}
            for data, metrics in sorted(results.items())
        ]  # fmt: skip
        return [{"name": self.name, "results": listed}] if listed else []

    @property
    def body(self) -> str:
        """The card without its front matter."""
        return written("model_card.md", card=self, content=self.node.content, module=self._module)

    @property
    def text(self) -> str:
        """The card, as a hub's README.md."""
        return f"{FRONT}{dumped(self.front)}{FRONT}\n{self.body}"

    @property
    def _module(self) -> str:
        """The module that builds its network."""
        return f"stages.papers.{self.paper}.methods.{self.method}.method" if self.paper and self.method else ""


def _slug(source: Source) -> str:
    return source.card.name if source.is_users else f"drawn-{source.card.name}"


def _held_out(taught: Mapping[str, Any]) -> list[dict[str, Any]]:
    held, on = taught["held_out"], taught.get("taught_on")
    data = str(on.get("set", "")) if isinstance(on, dict) else ""
    said = {"data": data, "n": held.get("images", ""), "protocol": {"split": "held out of its teaching"}}
    return [said | {"metric": name, "value": value} for name, value in sorted(held.items())
            if name != "images" and isinstance(value, (int, float))]  # fmt: skip


def _measured(score: Score) -> Measured:
    said = [_protocol(one.get("protocol")) for one in score.values]
    shared = [one for one in (said[0] if said else ()) if all(one in held for held in said)]
    protocols: dict[str, int] = {}
    numbers = [
        Number(
            _word(one.get("method")), _word(one.get("metric")) or "unnamed", _word(one.get("dataset") or one["data"]),
            float(f"{one['value']:.6g}"), _word(one.get("unit")), _word(one.get("n")),
            protocols.setdefault("; ".join(part for part in held if part not in shared), len(protocols) + 1),
        )
        for one, held in zip(score.values, said, strict=True)
    ]  # fmt: skip
    return Measured(score, tuple(numbers), "; ".join(shared), tuple(protocols))


def _word(value: Any) -> str:
    return "" if value is None else str(value)


def _protocol(value: Any) -> list[str]:
    """What a protocol says, but for counts, which stand beside each number."""
    held = value if isinstance(value, dict) else {}
    return [
        f"{key} {one if isinstance(one, str) else json.dumps(one)}" for key, one in sorted(held.items()) if key != "n"
    ]


def cards(scope: Scope, models: Sequence[Receipt] | None = None) -> list[ModelCard]:
    """The cards of all models in scope."""
    return [ModelCard(node, scope) for node in (scope.models if models is None else models)]
