"""What the views of receipts share: how a stage, a path and a digest look."""

from stages.retrace.evidence.receipts import Receipt
from stages.retrace.page import quoted

SHORT = 12
VERB_STYLE = {
    "preflight": "grey62", "render": "cyan", "prepare": "blue", "detect": "blue", "teach": "magenta",
    "train": "bold red", "discover": "red", "sample": "yellow", "measure": "green",
    "tabulate": "bold green", "illustrate": "bold green",
}  # fmt: skip


def verb(node: Receipt) -> str:
    """A stage's verb in its own colour."""
    name = node.content["verb"]
    return f"[{VERB_STYLE.get(name, 'white')}]{quoted(name)}[/]"


def line(node: Receipt) -> str:
    """A stage in one line."""
    seed = node.choice("seed")
    said = f"{quoted(place(node.stage))}{f' seed {quoted(seed)}' if seed else ''}"
    return f"{verb(node)} {said} [grey39]{node.digest[:SHORT]}[/]"


def place(path: str) -> str:
    """A path without results/store/<profile>/, which the title of the tree says once."""
    return "/".join(path.split("/")[3:]) if path.startswith("results/store/") else path


def words(node: Receipt) -> list[str]:
    """Names of inputs that say no more than the path does."""
    return [word for part in place(node.stage).split("/") for word in (part, f"{node.content['verb']}_{part}")]
