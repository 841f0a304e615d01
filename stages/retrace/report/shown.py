"""Files that a report shows: read once, and shown only where their bytes are those that the receipt lists."""

from collections.abc import Container

from stages.retrace.evidence.held import Held
from stages.retrace.evidence.receipts import Receipt
from stages.retrace.report import names
from stages.retrace.report.site import Site


class Shown(Held):
    """Copies what is sound into the report; `problems` says of each other file what is wrong with it."""

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
