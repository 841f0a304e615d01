"""The code of a stage as one value: every source file that it can import, without comments, layout and docstrings."""

import contextlib
import hashlib
import json
import sqlite3
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from stages.runner import syntax

CACHE = Path(".work/code.sqlite")
# Changes whenever `text_of` gives another text for the same source, so that what is remembered is not believed.
FORM = 1


class Source:
    """A Python file's bytes: sha256, the modules of `stages` that they name, and sha256 of their syntax tree.

    What does not parse names nothing, and its bytes stand for the tree. Names and tree are worked out at once, where
    the first of them is asked for, unless they are known.
    """

    def __init__(self, content: bytes, known: tuple[str, tuple[str, ...]] | None = None) -> None:
        self.sha256 = hashlib.sha256(content).hexdigest()
        self._content, self._known = content, known

    @property
    def names(self) -> tuple[str, ...]:
        return self._parts()[1]

    @property
    def tree(self) -> str:
        return self._parts()[0]

    def _parts(self) -> tuple[str, tuple[str, ...]]:
        if self._known is None:
            tree, names = self.sha256, {}
            with contextlib.suppress(SyntaxError, ValueError):
                parsed = syntax.parsed(self._content)
                names = dict.fromkeys(syntax.imported(parsed))
                tree = hashlib.sha256(syntax.text_of(parsed).encode()).hexdigest()
            self._known = tree, tuple(name for name in names if name.split(".")[0] == "stages")
        return self._known


# Equal bytes are worked out once.
read_source = lru_cache(maxsize=4096)(Source)


class Code:
    """The source files of a project, each read once; with `cached`, what .work knows of equal bytes is believed."""

    def __init__(self, top: Path = Path(), cached: bool = True) -> None:
        self._top = top
        self._files: dict[str, str | None] = {}
        self._needs: dict[str, set[str]] = {}
        self._sources: dict[str, Source] = {}
        self._cache = _Cache(top / CACHE) if cached else None

    def closure(self, roots: Iterable[str]) -> list[str]:
        """All files of the package `stages` reachable from the root modules through import statements, also inner ones.

        Raises: FileNotFoundError for a root that is no module.
        """
        waiting = list(roots)
        for root in waiting:
            if self._file(root) is None:
                raise FileNotFoundError(f"expected a module {root}, found no {root.replace('.', '/')}.py")
        waiting = [path for root in waiting for path in self._places(root)]
        found: set[str] = set()
        while waiting:
            path = waiting.pop()
            if path not in found:
                found.add(path)
                waiting += self._needed(path)
        if self._cache:
            self._cache.save()
        return sorted(found)

    def digests(self, roots: Iterable[str]) -> dict[str, str]:
        """sha256 of every file of a closure, by path."""
        return {path: self.source(path).sha256 for path in self.closure(roots)}

    def digest(self, files: Iterable[str]) -> str:
        """The one value of a closure: sha256 over lines `tree  path` by path; a file that is gone has no tree."""
        lines = (f"{self.source(path).tree if self._is_there(path) else ''}  {path}\n" for path in sorted(files))
        return hashlib.sha256("".join(lines).encode()).hexdigest()

    def _is_there(self, path: str) -> bool:
        return path in self._sources or (self._top / path).is_file()

    def source(self, path: str) -> Source:
        """A file of the project, by its path from the top."""
        if path not in self._sources:
            content = (self._top / path).read_bytes()
            self._sources[path] = self._cache.read(content) if self._cache else read_source(content)
        return self._sources[path]

    def _needed(self, path: str) -> set[str]:
        """The files that a file's import statements make Python run."""
        if path not in self._needs:
            self._needs[path] = {place for name in self.source(path).names for place in self._places(name)}
        return self._needs[path]

    def _places(self, module: str) -> list[str]:
        """A module's file, and before it those of the packages that it lies in."""
        parts = module.split(".")
        files = (self._file(".".join(parts[:length])) for length in range(1, len(parts) + 1))
        return [file for file in files if file is not None]

    def _file(self, module: str) -> str | None:
        if module not in self._files:
            base = module.replace(".", "/")
            # As Python looks: a folder before a file of the same name.
            places = (f"{base}/__init__.py", f"{base}.py")
            self._files[module] = next((place for place in places if (self._top / place).is_file()), None)
        return self._files[module]


class _Cache:
    """What is known of sources by the sha256 of their bytes; only saves time, so it may be absent or damaged."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._new: dict[str, Source] = {}
        rows = self._ask("SELECT sha256, tree, names FROM source WHERE form = ?", [(FORM,)])
        self._known: dict[str, tuple[str, tuple[str, ...]]] = {}
        for sha256, tree, names in rows:
            with contextlib.suppress(ValueError, TypeError):
                self._known[sha256] = tree, tuple(json.loads(names))

    def read(self, content: bytes) -> Source:
        sha256 = hashlib.sha256(content).hexdigest()
        if sha256 in self._known:
            return Source(content, self._known[sha256])
        return self._new.setdefault(sha256, read_source(content))

    def save(self) -> None:
        """Keeps what was read since the last call."""
        if self._new:
            self._known |= {sha256: (one.tree, one.names) for sha256, one in self._new.items()}
            rows = [(FORM, one.sha256, one.tree, json.dumps(one.names)) for one in self._new.values()]
            self._ask("INSERT OR REPLACE INTO source VALUES (?, ?, ?, ?)", rows)
            self._new = {}

    def _ask(self, sentence: str, rows: list[tuple]) -> list[tuple]:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with contextlib.closing(sqlite3.connect(self._path, timeout=60)) as store, store:
                store.execute(
                    "CREATE TABLE IF NOT EXISTS source (form INTEGER, sha256 TEXT, tree TEXT, names TEXT, "
                    "PRIMARY KEY (form, sha256))"
                )
                return [row for one in rows for row in store.execute(sentence, one).fetchall()]
        except (OSError, sqlite3.OperationalError):
            return []
        except sqlite3.DatabaseError:
            self._path.unlink(missing_ok=True)
            return []
