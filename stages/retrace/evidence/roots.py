"""Where a tree of receipts begins: data drawn here, the user's data and weights, and files of the project."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

from stages.retrace.evidence.papers import load_yaml
from stages.retrace.evidence.receipts import Receipt, Shelf

DRAWN, USER, SUPPLIED, SOURCE = "drawn here", "user's data", "user's file", "file of the project"
ALONE = "from code alone"


@dataclass(frozen=True)
class Root:
    """Something that no stage made from anything else, with the digest that pins it."""

    kind: str
    path: str
    sha256: str
    note: str = ""

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def roots_of(nodes: Iterable[Receipt], shelf: Shelf) -> list[Root]:
    """The roots of receipts, each once, sorted by kind and path; what needs no data at all is its own root."""
    found, nodes = set(), list(nodes)
    for node in nodes:
        found |= set(_of(node, shelf))
    found = found or {Root(ALONE, node.stage, node.digest, "receipt; parameters and code decide it") for node in nodes}
    return sorted(found, key=lambda root: (root.kind, root.path))


def _of(node: Receipt, shelf: Shelf) -> Iterable[Root]:
    params = node.content["params"]
    if node.content["verb"] == "render":
        yield _raw(node)
    if node.content["verb"] == "preflight":
        for key, path in sorted(params.items()):
            digest = params.get(key.removesuffix("file") + "sha256")
            used = key != "file" or params.get("source") == "file"
            if key.endswith("file") and path and digest and used:
                yield Root(SUPPLIED, str(path), str(digest), f"weights of {node.choice('need')}")
    for name, entry, by in shelf.inputs(node):
        if node.content["verb"] == "use" and not by:
            yield Root(SUPPLIED, entry["path"], entry["sha256"], f"{name.partition(':')[0]} given to retrace use")
        elif not entry["receipt"] and not by:
            yield Root(SOURCE, entry["path"], entry["sha256"], _card(entry["path"]))


def _raw(node: Receipt) -> Root:
    """A raw dataset: drawn from a seed, or the list of the user's files, pinned by the digest of what render wrote."""
    params = node.content["params"]
    pinned = node.content["outputs"].get("files.parquet", {}).get("sha256", "")
    if params.get("supply") == "user":
        return Root(USER, str(params.get("root")), pinned, "sha256 of the list of all its files and their sha256")
    return Root(DRAWN, node.stage, node.digest, f"receipt; seed {params.get('seed')}")


@cache
def _card(path: str) -> str:
    """A data card's title and licence."""
    if not path.startswith("stages/cards/") or not Path(path).is_file():
        return ""
    card = load_yaml(Path(path))
    return f"{card['title']}: {card['licence']['terms']}" if isinstance(card, dict) else json.dumps(card)
