"""The auditor's own code, which no receipt names: one digest, to be compared with that of a clean clone."""

import hashlib

from stages.retrace.audit.units import root_of
from stages.runner.project import OWN

# All that an audit runs: the command, what writes and reads receipts, the graph, and the verbs that say what they load.
FOLDERS = ("stages/retrace", "stages/runner", "stages/graph")


def digest() -> str:
    """sha256 over lines `sha256  path` of the source files that this process audits with."""
    paths = [*(OWN / "stages").glob("*.py"), *(path for folder in FOLDERS for path in (OWN / folder).rglob("*.py"))]
    return root_of({path.relative_to(OWN).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in paths})
