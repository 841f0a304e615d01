"""What an auditor holds apart from the tree: the digest of a receipt, or a git revision; then only that counts."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from stages.retrace.audit.chain import Kept
from stages.retrace.audit.findings import Collector
from stages.retrace.audit.units import Evidence, Unit, parse
from stages.retrace.evidence.differences import Sources
from stages.retrace.evidence.waivers import WAIVERS, Waivers
from stages.runner import receipt


@dataclass
class Authority:
    """Whose word counts: receipts by what they made, and which waivers may excuse anything."""

    said_by: str
    held: dict[str, str] = field(default_factory=dict)  # out -> digest of the receipt that must be there
    evidence: dict[str, Evidence] = field(default_factory=dict)
    waivers: frozenset[str] = frozenset()

    def keep_only(self, outs: Iterable[str] | None) -> None:
        """Leaves out what is not audited; None leaves all."""
        if outs is not None:
            self.held = {out: self.held[out] for out in outs if out in self.held}
            self.evidence = {out: found for out, found in self.evidence.items() if out in self.held}


def follow(starts: dict[str, str], said_by: str, here: dict[str, Evidence], kept: Kept) -> Authority:
    """All receipts that the given ones commit to, through the digests that each names of its inputs."""
    known = {found.digest: found for found in here.values()} | kept.by_digest
    authority = Authority(said_by)
    waiting = list(starts.items())
    while waiting:
        out, digest = waiting.pop()
        in_place = here.get(out)
        if out in authority.held and not (in_place and in_place.digest == digest):
            continue
        authority.held[out] = digest
        found = known.get(digest)
        if found is None or found.content["stage"] != out:
            continue
        authority.evidence[out] = found
        entries = found.content["inputs"].values()
        waiting += [(entry["path"], entry["receipt"]) for entry in entries if entry["receipt"]
                    and authority.held.get(entry["path"]) != entry["receipt"]]  # fmt: skip
    return authority


def compare(
    authority: Authority, units: dict[str, Unit], here: dict[str, Evidence], sources: Sources, into: Collector
) -> None:
    """Each receipt in place against the one that the authority commits to.

    One that lists equal outputs and speaks of the sources of today only supersedes it.
    """
    for out, digest in authority.held.items():
        unit, mine, true = units.get(out), here.get(out), authority.evidence.get(out)
        if mine and mine.digest == digest:
            continue
        name, file = (unit.name, unit.place) if unit else (out, out)
        found = f"sha256 {mine.digest}" if mine else "no readable receipt"
        if mine and true:
            names = sorted(mine.content["outputs"].keys() | true.content["outputs"].keys())
            other = [n for n in names if mine.content["outputs"].get(n) != true.content["outputs"].get(n)]
            false = sources.differences(unit.stage, mine.content) if unit and unit.stage and not other else []
            if not other and not false:
                into.note(f"{out}: receipt {mine.digest[:16]} supersedes {digest[:16]}, to which {authority.said_by} "
                          "commits, with equal bytes; sources are compared with the latter")  # fmt: skip
                continue
            told = [f"other bytes for {key}" for key in other] + [f"{key.kind} {key.name} = {key.old}" for key in false]
            found += f", with {', '.join(told[:3])}"
        into.add("root", name, file, f"receipt {digest}", found, authority.said_by,
                 "restore the receipt and what it speaks of from a copy that you trust, or rebuild")  # fmt: skip


def refuse(root: str, whole: str, units: list[Unit], here: dict[str, Evidence], into: Collector) -> None:
    """The root is neither a receipt of this tree nor the digest over all."""
    if len(units) == 1 and units[0].out in here:
        unit = units[0]
        into.add("root", unit.name, unit.place, f"receipt {root}", f"sha256 {here[unit.out].digest}",
                 "the root that you hold", "the chain was made anew; compare it with an older copy")  # fmt: skip
    else:
        into.add("root", "", receipt.RECEIPTS.as_posix(), f"root {root}", f"root {whole} over all receipts, and no "
                 "single receipt of this digest", "the root that you hold",
                 "name the TARGET whose receipt the root is, to see where the chain differs")  # fmt: skip


def held_by(top: Path, name: str, here: dict[str, Evidence], kept: Kept) -> Authority:
    """The receipts and waivers that a revision committed.

    Raises: FileNotFoundError if it committed no receipt, since then it vouches for no result.
    """
    theirs = Kept(top)
    starts = dict(theirs.index)
    folder = top / receipt.RECEIPTS
    for path in sorted(folder.glob("*.json")) if folder.is_dir() else []:
        if path.stem not in theirs.by_digest:
            found = parse(path.read_bytes(), path.relative_to(top).as_posix())
            starts[found.content["stage"]] = found.digest
            theirs.by_digest[found.digest] = found
    if not starts:
        raise FileNotFoundError(
            f"--against {name}: the revision holds no receipts, so it vouches for no result; commit them as "
            "docs/audit.md says, or hold the root that retrace audit prints"
        )
    theirs.by_digest = kept.by_digest | theirs.by_digest
    authority = follow(starts, f"revision {name}", here, theirs)
    authority.waivers = frozenset(Waivers(top / WAIVERS).contents)
    return authority
