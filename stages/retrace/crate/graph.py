"""The graph of an RO-Crate's metadata: entities by identifier, the links between them, one byte form."""

import json
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

METADATA = "ro-crate-metadata.json"
ROOT = "./"
CRATE = "https://w3id.org/ro/crate/1.1"
PROFILES = {
    "https://w3id.org/ro/wfrun/process/0.5": "Process Run Crate",
    "https://w3id.org/ro/wfrun/workflow/0.5": "Workflow Run Crate",
    "https://w3id.org/ro/wfrun/provenance/0.5": "Provenance Run Crate",
    "https://w3id.org/workflowhub/workflow-ro-crate/1.0": "Workflow RO-Crate",
}
RUN_TERMS = "https://w3id.org/ro/terms/workflow-run#"
# The terms beyond RO-Crate 1.1 are spelt out, so that one public document suffices to read the crate.
TERMS = {
    **{
        name: RUN_TERMS + name
        for name in (
            "ParameterConnection", "connection", "sourceParameter", "targetParameter", "resourceUsage",
            "containerImage", "sha256",
        )
    },
    "buildInstructions": "https://codemeta.github.io/terms/buildInstructions",
}  # fmt: skip


def identifier(path: str) -> str:
    """A relative path as a relative URI."""
    return quote(path, safe="/")


def local(*parts: str) -> str:
    """The identifier of something that is no file of the crate."""
    return "#" + "/".join(quote(part, safe="/.") for part in parts)


class Graph:
    """Entities by identifier. What is said of one may be said in several places."""

    def __init__(self) -> None:
        self._entities: dict[str, dict[str, Any]] = {}
        self._links: dict[tuple[str, str], set[str]] = {}

    def __contains__(self, key: str) -> bool:
        return key in self._entities

    def __getitem__(self, key: str) -> dict[str, Any]:
        """An entity's own values, without links."""
        return self._entities[key]

    def add(self, key: str, kind: str | list[str], **values: Any) -> str:
        """Describes an entity, or says more of it; empty values are left out. Returns its identifier."""
        entity = self._entities.setdefault(key, {"@id": key, "@type": kind})
        entity.update({name: value for name, value in values.items() if value not in (None, "", [])})
        return key

    def link(self, key: str, name: str, *targets: str) -> None:
        """Links an entity to others by a property."""
        self._links.setdefault((key, name), set()).update(targets)

    def linked(self, key: str, name: str) -> list[str]:
        """What a property of an entity links to, sorted."""
        return sorted(self._links.get((key, name), ()))

    def keys(self, kind: str) -> list[str]:
        """The identifiers of all entities of a type, sorted."""
        return sorted(key for key, entity in self._entities.items() if kind in _listed(entity["@type"]))

    def document(self) -> dict[str, Any]:
        """JSON-LD, flattened and compacted as RO-Crate wants it; entities sorted, the descriptor and the root first."""
        whole = {key: dict(entity) for key, entity in self._entities.items()}
        for (key, name), targets in self._links.items():
            refs = [{"@id": target} for target in sorted(targets)]
            if refs:
                whole[key][name] = refs[0] if len(refs) == 1 else refs
        first = [METADATA, ROOT]
        order = [*first, *sorted(whole.keys() - set(first))]
        return {"@context": [f"{CRATE}/context", TERMS], "@graph": [whole[key] for key in order]}


def encode(document: dict[str, Any]) -> bytes:
    """The one byte form of a JSON document."""
    return (json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()


def _listed(value: Any) -> Iterable[str]:
    return value if isinstance(value, list) else [value]
