"""The code of a stage as one value: every source file that it can import, without comments, layout and docstrings."""

import ast
import contextlib
import hashlib
import json
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

CACHE = Path(".work/code.sqlite")
# Changes whenever `tree_text` gives another text for the same source, so that what is remembered is not believed.
FORM = 1
# What the parser derives from the rest, or keeps of the writing.
LEFT_OUT = frozenset({"ctx", "kind", "type_comment"})
# Far above what people write, and below what any Python refuses to parse.
DEEPEST = 400
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


@dataclass(frozen=True)
class Source:
    """A Python file: sha256 of its bytes, sha256 of its syntax tree, and the modules of `stages` that it names."""

    sha256: str
    tree: str
    names: tuple[str, ...]


def tree_text(source: bytes) -> str:
    """A source's syntax tree as text that every Python from 3.11 on gives alike: no comment, layout or docstring.

    Raises: SyntaxError, ValueError for what is no Python, and for a tree so deep that not every Python parses it.
    """
    return _text_of(_parsed(source))


def _parsed(source: bytes) -> ast.Module:
    """Raises: SyntaxError, ValueError."""
    try:
        return ast.parse(source)
    except (RecursionError, MemoryError) as error:
        raise ValueError(f"nested too deeply: {error}") from None


def _text_of(tree: ast.Module) -> str:
    """Not by recursion, whose depth is not Python's to promise: a sum of many terms is as deep as it is long."""
    words: list[str] = []
    waiting: list[tuple[int, ast.AST | str]] = [(0, tree)]
    while waiting:
        depth, item = waiting.pop()
        if isinstance(item, str):
            words.append(item)
        elif depth > DEEPEST:
            raise ValueError(f"nested more than {DEEPEST} levels deep")
        else:
            waiting += [(depth + 1, part) for part in reversed(list(_parts(item)))]
    return "".join(words)


def _parts(node: ast.AST) -> Iterator[ast.AST | str]:
    """Fields that are empty are left out: newer Pythons have more of them."""
    yield f"({type(node).__name__}"
    for name, value in ast.iter_fields(node):
        if name == "body" and isinstance(node, DOCUMENTED) and _is_docstring(value):
            value = value[1:]
        # A constant None is no missing value.
        is_constant = isinstance(node, ast.Constant) and name == "value"
        if name in LEFT_OUT or (not is_constant and (value is None or value == [])):
            continue
        yield f" {name}="
        for item in value if isinstance(value, list) else [value]:
            yield item if isinstance(item, ast.AST) else f"{item!r},"
    yield ")"


def _is_docstring(body: list[ast.stmt]) -> bool:
    first = body[0] if body else None
    return isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str)


@lru_cache(maxsize=4096)
def read_source(content: bytes) -> Source:
    """All that matters of a source file's bytes; where they do not parse, the bytes stand for the tree."""
    sha256 = hashlib.sha256(content).hexdigest()
    try:
        tree = _parsed(content)
        text = _text_of(tree)
    except (SyntaxError, ValueError):
        return Source(sha256, sha256, ())
    named: dict[str, None] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            named |= dict.fromkeys(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            named |= dict.fromkeys([node.module, *(f"{node.module}.{alias.name}" for alias in node.names)])
    ours = tuple(name for name in named if name.split(".")[0] == "stages")
    return Source(sha256, hashlib.sha256(text.encode()).hexdigest(), ours)


class Code:
    """The source files of a project, each read once; with `cached`, what .work knows of equal bytes is believed."""

    def __init__(self, top: Path = Path(), cached: bool = True) -> None:
        self._top = top
        self._files: dict[str, str | None] = {}
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
        found: set[str] = set()
        while waiting:
            parts = waiting.pop().split(".")
            # A package's __init__ runs before what lies in it.
            for length in range(1, len(parts) + 1):
                path = self._file(".".join(parts[:length]))
                if path is not None and path not in found:
                    found.add(path)
                    waiting += self.source(path).names
        if self._cache:
            self._cache.save()
        return sorted(found)

    def digests(self, roots: Iterable[str]) -> dict[str, str]:
        """sha256 of every file of a closure, by path."""
        return {path: self.source(path).sha256 for path in self.closure(roots)}

    def digest(self, files: Iterable[str]) -> str:
        """The one value of a closure: sha256 over lines `tree  path` by path; a file that is gone has no tree."""
        trees = ((self.source(path).tree if (self._top / path).is_file() else "", path) for path in sorted(files))
        return hashlib.sha256("".join(f"{tree}  {path}\n" for tree, path in trees).encode()).hexdigest()

    def source(self, path: str) -> Source:
        """A file of the project, by its path from the top."""
        if path not in self._sources:
            content = (self._top / path).read_bytes()
            self._sources[path] = self._cache.read(content) if self._cache else read_source(content)
        return self._sources[path]

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
        self._known: dict[str, Source] = {}
        for sha256, tree, names in rows:
            with contextlib.suppress(ValueError, TypeError):
                self._known[sha256] = Source(sha256, tree, tuple(json.loads(names)))

    def read(self, content: bytes) -> Source:
        sha256 = hashlib.sha256(content).hexdigest()
        if sha256 not in self._known:
            self._known[sha256] = self._new[sha256] = read_source(content)
        return self._known[sha256]

    def save(self) -> None:
        """Keeps what was read since the last call."""
        if self._new:
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
