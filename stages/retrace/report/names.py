"""Where the pages of a report lie; what somebody named may hold anything, so only plain names are taken over."""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from stages.retrace.evidence.receipts import Receipt

PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")
SHORT = 16


@dataclass(frozen=True)
class Link:
    """A text that leads somewhere: an address from the report's top, empty where there is no such page."""

    text: str
    href: str = ""
    note: str = ""


def plain(name: str) -> str:
    """A name as part of an address: itself, or digits of its sha256 where it holds other than plain letters."""
    return name if PLAIN.fullmatch(name) else hashlib.sha256(name.encode(errors="replace")).hexdigest()[:SHORT]


def stage(node: Receipt) -> str:
    return f"stage/{node.digest[:SHORT]}.html"


def card(node: Receipt) -> str:
    return f"card/{node.digest[:SHORT]}.html"


def result(out: str) -> str:
    return f"result/{plain(Path(out).name)}.html"


def cells(out: str) -> str:
    return f"cells/{plain(Path(out).name)}.html"


def file(path: str) -> str:
    """A table or picture that is copied: results/figures/a.png lies in files/figures."""
    return "/".join(["files", *map(plain, Path(path).parts[1:])])


def entry(kind: str, paper: str, name: str) -> str:
    """A claim, gap or erratum on the page of its kind."""
    return f"{kind}.html#{anchor(paper, name)}"


def anchor(paper: str, name: str) -> str:
    return plain(f"{paper}-{name}")
