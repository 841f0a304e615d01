"""A raw dataset that is drawn by us or supplied by the user; its card says what the user's folder must hold."""

from pathlib import Path
from typing import Any, Literal

import yaml

from stages import block


class Block(block.Block):
    """Layers `supply.<set>`; `render` reads the same two keys."""

    supply: Literal["drawn", "user", "none"]
    root: str


def missing(name: str, wanted: Block, card: Path) -> list[str]:
    """What the user's folder lacks of the dataset's essential files: one text with the expected layout, or nothing."""
    if wanted.supply != "user":
        return []
    facts, root = yaml.safe_load(card.read_text(encoding="utf-8")), Path(wanted.root)
    if not root.is_dir():
        lacking = ["the folder itself"]
    else:
        lacking = [item["what"] for item in facts["essential"] if not _any_file(root, item["any_of"])]
    if not lacking:
        return []
    layout = "\n".join(f"    {line}" for line in facts["layout"].rstrip().splitlines())
    return [
        f"{name}: {facts['title']}, from {facts['source']} ({facts['licence']['terms']})\n"
        f"  missing in {wanted.root}: {'; '.join(lacking)}\n"
        f"  expected in {wanted.root} (a folder or a link to one; it is only read):\n{layout}"
    ]


def state(wanted: Block) -> dict[str, Any]:
    """What preflight.json says of a need that is met."""
    return {"supply": wanted.supply, "root": wanted.root}


def _any_file(root: Path, patterns: list[str]) -> bool:
    return any(path.is_file() for pattern in patterns for path in root.glob(pattern))
