"""The files that go into a crate, each with its sha256; heavy artefacts stay outside and are named by digest.

A receipt's file may have changed since: then its old version is taken from git's history, and lies under `earlier/`.
"""

import hashlib
from pathlib import Path

from stages.retrace.crate.graph import ROOT, Graph, identifier, local
from stages.retrace.evidence.cosmetic import old_text
from stages.retrace.evidence.receipts import Receipt, Shelf, file_sha256, outputs
from stages.runner.digest import listing_digest

FORMATS = {
    ".csv": "text/csv", ".json": "application/json", ".lock": "text/plain", ".md": "text/markdown",
    ".pdf": "application/pdf", ".png": "image/png", ".py": "text/x-python", ".tex": "application/x-tex",
    ".yaml": "application/yaml",
}  # fmt: skip
SHORT = 16


class Payload:
    """Places in the crate, and where their bytes come from."""

    def __init__(self, graph: Graph, shelf: Shelf) -> None:
        self._graph, self._shelf = graph, shelf
        self.sources: dict[str, Path | bytes] = {}
        self.lost: list[str] = []
        self.altered: dict[str, str] = {}
        self._present: dict[str, str] = {}

    def present(self, path: str, *kinds: str) -> str:
        """A file of the project as it is now; empty where there is none."""
        return self._file(path, Path(path), self._now(path), *kinds) if Path(path).is_file() else ""

    def version(self, path: str, sha256: str, *kinds: str) -> str:
        """A source file with the bytes that a receipt names: the present ones, earlier ones, or none but the digest."""
        if self._now(path) == sha256:
            return self._file(path, Path(path), sha256, *kinds)
        text = old_text(path, sha256)
        if text is not None:
            return self._file(f"earlier/{sha256[:SHORT]}/{path}", text, sha256, *kinds)
        key = local("lost", sha256)
        if key not in self._graph:
            self.lost.append(path)
            note = "The bytes are neither in the project nor in its history."
            self._graph.add(key, ["CreativeWork", *kinds], name=path, sha256=sha256, description=note)
        return key

    def artefacts(self, node: Receipt) -> list[str]:
        """What a stage made: final files with their bytes, or a folder of which only the receipt is in the crate."""
        home = "" if self._shelf.is_current(node) else f"earlier/{node.digest[:SHORT]}/"
        if node.is_final:
            self._file(f"{home}{node.place.as_posix()}", node.place, node.digest)
            return [self._output(path, entry["sha256"], node) for path, entry in outputs(node).items()]
        made = node.content["outputs"]
        folder = identifier(f"{home}{node.stage}/")
        inside = self._file(f"{home}{node.stage}/receipt.json", node.place, node.digest)
        digest = listing_digest(made)
        mark = self._graph.add(
            local("listing", digest), "PropertyValue", name="sha256 of the sorted list of files and their sha256",
            propertyID="sha256", value=digest,
        )  # fmt: skip
        size = sum(entry["size"] for entry in made.values())
        note = f"{len(made)} files; receipt.json lists each with its sha256. Their bytes are not part of this crate."
        self._graph.add(folder, "Dataset", name=node.stage, description=note, contentSize=str(size))
        self._graph.link(folder, "hasPart", inside)
        self._graph.link(folder, "identifier", mark)
        self._graph.link(ROOT, "hasPart", folder)
        return [folder]

    def written(self, path: str, content: bytes, **values: str) -> str:
        """A file that the crate itself adds."""
        return self._file(path, content, hashlib.sha256(content).hexdigest(), **values)

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(len(one) if isinstance(one, bytes) else one.stat().st_size for one in self.sources.values())

    def write(self, folder: Path) -> None:
        """Writes every file into an empty folder."""
        for path, source in sorted(self.sources.items()):
            place = folder / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(source if isinstance(source, bytes) else source.read_bytes())

    def _output(self, path: str, sha256: str, node: Receipt) -> str:
        if not Path(path).is_file():
            self.altered[path] = f"{path} is missing, which {node.place} lists"
        elif self._now(path) != sha256:
            self.altered[path] = f"{path} has other bytes than {node.place} says"
        return self._file(path, Path(path), sha256)

    def _file(self, path: str, source: Path | bytes, sha256: str, *kinds: str, **values: str) -> str:
        key = identifier(path)
        if path not in self.sources:
            self.sources[path] = source
            size = str(len(source) if isinstance(source, bytes) else source.stat().st_size if source.is_file() else 0)
            kind = ["File", *kinds] if kinds else "File"
            self._graph.add(
                key, kind, name=path, sha256=sha256, contentSize=size,
                encodingFormat=FORMATS.get(Path(path).suffix, "application/octet-stream"), **values,
            )  # fmt: skip
            self._graph.link(ROOT, "hasPart", key)
        return key

    def _now(self, path: str) -> str:
        if path not in self._present:
            self._present[path] = file_sha256(Path(path)) if Path(path).is_file() else ""
        return self._present[path]
