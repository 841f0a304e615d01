"""A raw dataset that is drawn by us or supplied by the user; its probe says whether the user's folder will do."""

import os
from importlib import import_module
from pathlib import Path
from typing import Any, Literal

from stages import block, yaml_text
from stages.data.layout import NotLaidOut
from stages.data.raw import RawFolder


class Block(block.Block):
    """Layers `supply.<set>`; `render` reads the same two keys."""

    supply: Literal["drawn", "user", "none"]
    root: str


def missing(name: str, wanted: Block, card: Path) -> list[str]:
    """Why the user's folder cannot be read as this dataset: one text with the expected layout, or nothing.

    What decides is the set's probe, which opens what its reader will read.
    """
    if wanted.supply != "user":
        return []
    if problem := _problem(name, Path(wanted.root)):
        facts = yaml_text.load(card)
        layout = "\n".join(f"    {line}" for line in facts["layout"].rstrip().splitlines())
        return [
            f"{name}: {facts['title']}, from {facts['source']} ({facts['licence']['terms']})\n"
            f"  missing in {wanted.root}: {problem}\n"
            f"  expected in {wanted.root} (a folder or a link to one; it is only read):\n{layout}"
        ]
    return []


def state(wanted: Block) -> dict[str, Any]:
    """What preflight.json says of a need that is met."""
    return {"supply": wanted.supply, "root": wanted.root}


def _problem(name: str, root: Path) -> str:
    if not os.path.isdir(root):  # also where no right to look for it is given
        return "the folder itself"
    try:
        import_module(f"stages.data.probes.{name}").probe(RawFolder.of_user(root))
    except NotLaidOut as error:
        return error.came
    # Everything that a user's file can cause; what else is raised is a defect of ours and needs its traceback.
    except (ValueError, OSError) as error:
        return str(error)
    return ""
