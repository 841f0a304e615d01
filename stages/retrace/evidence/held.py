"""Bytes of outputs, read once, and given only where they are those that the receipt lists."""

import hashlib
from pathlib import Path

from stages.retrace.evidence.receipts import Receipt, file_sha256


class Held:
    """Reads outputs; `problems` says of each that is not given what is wrong with it."""

    def __init__(self) -> None:
        self.problems: dict[str, str] = {}
        self._held: dict[str, bytes] = {}

    def content(self, node: Receipt, name: str) -> bytes | None:
        """The bytes of one of a stage's outputs; None where they are not those of its run."""
        path = (node.folder / name).as_posix()
        if path not in self._held and path not in self.problems:
            known = node.content["outputs"][name]["sha256"]
            try:
                found = Path(path).read_bytes() if Path(path).is_file() else None
            except OSError as error:
                self.problems[path] = f"{path} cannot be read: {error.strerror}"
                return None
            if found is None:
                self.problems[path] = f"{path} is missing, which {node.place} lists: build it again or pull it"
            elif hashlib.sha256(found).hexdigest() != known:
                self.problems[path] = f"{path} has other bytes than {node.place} says: it was altered and is not shown"
            else:
                self._held[path] = found
        return self._held.get(path)

    def file(self, node: Receipt, name: str) -> Path | None:
        """Where one of a stage's outputs lies, read through and not held; None where its bytes are not those."""
        path = node.folder / name
        if path.is_file() and file_sha256(path) == node.content["outputs"][name]["sha256"]:
            return path
        self.content(node, name)
        return None
