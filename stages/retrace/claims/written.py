"""A paper's claims and rules as they are written today, and as they were when a verdict was made."""

import subprocess
from pathlib import Path

from stages.retrace.answer import Spoiled
from stages.retrace.claims.today import Today
from stages.retrace.evidence import papers
from stages.retrace.evidence.cosmetic import old_text
from stages.retrace.evidence.papers import PAPERS, ClaimEntry
from stages.retrace.evidence.receipts import Receipt


class Written:
    """claims.yaml of a paper."""

    def __init__(self, paper: str, today: Today) -> None:
        """Raises: Spoiled where it is none."""
        self.path, self._today = PAPERS / paper / "claims.yaml", today
        self.claims = papers.claims(self.path)
        self._earlier: dict[str, dict[str, ClaimEntry] | None] = {}

    def as_judged(self, entry: ClaimEntry, node: Receipt | None) -> tuple[ClaimEntry, str]:
        """A claim as its verdict knew it, and what of it was edited since; empty where nothing was.

        Most reports read claims.yaml, and their receipts pin it; for the others git says whether it is as committed.
        """
        pinned = self._today.source(node, self.path.as_posix()) if node else None
        if pinned is None:
            edited = f"{self.path} was edited and not committed: whose claims and rules these are, nothing says"
            return entry, edited if _is_edited(self.path) else ""
        sha256, same = pinned
        if same:
            return entry, ""
        earlier = self._at(sha256)
        if earlier is None:
            return entry, f"{self.path} was edited since this verdict: claim and rule are today's, not those it is of"
        known = earlier.get(entry.id)
        if known == entry or known is None:
            return entry, f"{self.path} was edited since this verdict, elsewhere than in this claim" if known else (
                f"{self.path} has this claim only since this verdict")  # fmt: skip
        others = {key: value for key, value in entry.model_dump().items() if value != getattr(known, key)}
        said = "; ".join(f"{key} is now: {value}" for key, value in others.items())
        return known, f"{self.path} was edited since this verdict: {said}"

    def _at(self, sha256: str) -> dict[str, ClaimEntry] | None:
        """The claims of an earlier version, from git's history; None where it does not hold it."""
        if sha256 not in self._earlier:
            text = old_text(self.path.as_posix(), sha256)
            try:
                found = papers.claims_of(text, self.path) if text is not None else None
            except Spoiled:
                found = None
            self._earlier[sha256] = None if found is None else {entry.id: entry for entry in found}
        return self._earlier[sha256]


def _is_edited(path: Path) -> bool:
    """Whether git holds another version of a file; without git nobody knows."""
    try:
        done = subprocess.run(["git", "diff", "--quiet", "HEAD", "--", path], capture_output=True, check=False)
    except OSError:
        return False
    return done.returncode == 1
