"""A folder that a stage of the graph made, taken as a whole with its receipt; nothing in it is run or unpickled."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stages.runner import receipt
from stages.runner.exits import StageFailure


@dataclass(frozen=True)
class Vouched:
    """A folder whose bytes are those of its receipt: the digest of all of them, the receipt's own, and what it says."""

    folder: Path
    sha256: str
    digest: str
    content: dict[str, Any]

    def entry(self) -> dict[str, Any]:
        """It as an input of what is made from it."""
        return {"path": self.content["stage"], "sha256": self.sha256, "receipt": self.digest}

    @property
    def profile(self) -> str:
        """The profile that it was made in; empty where its place does not say."""
        parts = Path(self.content["stage"]).parts
        return parts[2] if parts[:2] == ("results", "store") and len(parts) > 3 else ""


def vouched(folder: Path, verb: str, what: str) -> Vouched:
    """A folder that a stage of this verb made; every byte of it is compared with its receipt.

    Raises: FileNotFoundError for no folder; ValueError for one without receipt, of another verb, or that was altered.
    """
    place = folder / "receipt.json"
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder}: expected {what}, a folder with a receipt.json, found none")
    if not place.is_file():
        raise ValueError(f"{folder}: expected {what} with its receipt.json, came a folder without one: nobody vouches "
                         "for what is in it; take the whole folder that the stage left")  # fmt: skip
    raw = place.read_bytes()
    try:
        content = receipt.read(place)
        said = receipt.fingerprint(content)
        made, found = content["verb"], content["fingerprint"]
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{place}: expected the receipt of a stage, came one without {error}") from None
    if said != found or receipt.encode(content) != raw:
        raise ValueError(f"{place}: expected what the runner wrote, came an edited receipt (its fingerprint does not "
                         "follow from it); take the folder anew from where it was made")  # fmt: skip
    if made != verb:
        raise ValueError(f"{folder}: expected {what}, made by the verb {verb}, came what {made} made")
    if (folder / "not_run.json").is_file():
        raise ValueError(f"{folder}: expected {what}, came a run that its profile leaves out (not_run.json)")
    try:
        sha256 = str(receipt.of_sound_input(folder)["sha256"])
    except StageFailure as failure:
        raise ValueError(str(failure)) from None
    return Vouched(folder, sha256, hashlib.sha256(raw).hexdigest(), content)
