"""Folders that `retrace use` made: known by the receipt in them, wherever they lie, and compared with it."""

import hashlib
from pathlib import Path

from stages.retrace.evidence import shape
from stages.retrace.evidence.receipts import RECEIPT, Receipt
from stages.runner import receipt
from stages.runner.digest import listing

VERB = "use"


def folder_of(path: Path) -> Path | None:
    """The outermost folder with such a receipt that a path is or lies in; None outside of one."""
    places = [one for one in (*reversed(path.absolute().parents), path) if (one / RECEIPT).is_file()]
    return next((one for one in places if _says_use(one / RECEIPT)), None)


def _says_use(place: Path) -> bool:
    try:
        return shape.read(place.read_bytes())["verb"] == VERB
    except (OSError, ValueError):
        return False


def read(folder: Path) -> Receipt:
    """The receipt of such a folder. Raises: ValueError where it was edited."""
    place = folder / RECEIPT
    raw = place.read_bytes()
    content = shape.read(raw)
    if content["fingerprint"] != receipt.fingerprint(content):
        raise ValueError(f"{place}: its fingerprint does not follow from its content: it was edited")
    return Receipt(hashlib.sha256(raw).hexdigest(), place, content)


def differences(folder: Path, node: Receipt) -> dict[str, tuple[str, str]]:
    """(expected, found) sha256 by file, of what is not as the receipt lists it; "none" for what is not there or listed.

    Raises: ValueError for a link or special file in it. Reads every byte, by no cache.
    """
    found = {name: str(entry["sha256"]) for name, entry in listing(folder).items()}
    made = {name: entry["sha256"] for name, entry in node.content["outputs"].items()}
    pairs = {name: (made.get(name, "none"), found.get(name, "none")) for name in sorted(made.keys() | found.keys())}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def model_of(node: Receipt) -> tuple[str, str]:
    """The stage that made the model, and the digest of its receipt."""
    entry = node.content["inputs"]["model"]
    return entry["path"], entry["receipt"]
