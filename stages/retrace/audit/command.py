"""Checks the chain of receipts and every byte they speak of, and names the first broken link.

Three scopes: `bytes` reads every file, never through the hash cache; `no-data` follows the receipts alone, in place or
kept by content; `cache` does the same with what DVC's cache holds, object by object.
"""

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from stages.retrace.audit import auditor
from stages.retrace.audit.auditing import Audit
from stages.retrace.audit.findings import AuditReport
from stages.retrace.audit.revision import revision
from stages.retrace.audit.used import UsedFolders
from stages.retrace.dvc import cache
from stages.retrace.evidence.differences import Sources
from stages.retrace.evidence.sound import is_digest


def run(targets: Sequence[str], scope: str, root: str | None, against: str | None, progress: bool) -> AuditReport:
    """Audits the targets with everything before them; all that is built if none are named.

    Raises: ValueError for an unknown target, revision or malformed root; FileNotFoundError where nothing is built.
    """
    if root is not None and not is_digest(root):
        raise ValueError(f"--root takes a sha256 of 64 hexadecimal digits, found {root!r}")
    own = UsedFolders(targets)
    if scope == "cache":
        if own.folders:
            raise ValueError(
                f"{next(iter(own.folders))} was made by retrace use and lies in no cache: leave --cache out"
            )
        return cache.audit(targets, root, against, progress)
    if own.only:
        if root or against:
            raise ValueError(
                "--root and --against are of stages, and no stage that these folders name is here: leave them out"
            )
        return own.added(AuditReport(scope, auditor=auditor.digest()))
    with ExitStack() as stack:
        top = stack.enter_context(revision(against)) if against else Path(".")
        audit = Audit(own.stages, scope, Sources(top))
        audit.judge(root, against)
        audit.check()
        audit.refuse_nothing()
        return own.added(audit.report(progress))
