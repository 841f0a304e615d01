"""Files that a report shows: read once, and shown only where their bytes are those that the receipt lists."""

import hashlib
from collections.abc import Container
from pathlib import Path

from stages.retrace.evidence.receipts import Receipt
from stages.retrace.report import names
from stages.retrace.report.site import Site


class Shown:
    """Copies what is sound into the report; `problems` says of each other file what is wrong with it."""

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

    def copy(self, node: Receipt, name: str, site: Site) -> str:
        """Where one of a stage's outputs lies in the report; empty where it is not shown."""
        content = self.content(node, name)
        if content is None:
            return ""
        place = names.file((node.folder / name).as_posix())
        site.files[place] = content
        return place

    def wrong(self, node: Receipt, told: Container[str] = ()) -> list[str]:
        """What is wrong with a stage's files that were asked for, apart from those of which it is told already."""
        paths = {(node.folder / name).as_posix() for name in node.content["outputs"]}
        return [text for path, text in sorted(self.problems.items()) if path in paths and path not in told]
