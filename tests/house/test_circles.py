"""No two modules need each other: an import circle hides which of them is the part and which the whole."""

import ast
from pathlib import Path

import networkx

ROOT = Path(__file__).resolve().parents[2]


def arrows(top: Path) -> dict[str, set[str]]:
    """Module -> the modules of `stages` that it imports anywhere, also inside functions and for type checks alone.

    `from package import module` is an arrow to that module; to the package only where its own name is meant.
    """
    files = {".".join(path.relative_to(top).with_suffix("").parts): path for path in (top / "stages").rglob("*.py")}
    modules = {name.removesuffix(".__init__"): path for name, path in files.items()}
    found: dict[str, set[str]] = {}
    for name, path in modules.items():
        named: set[str] = set()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                named |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                parts = {f"{node.module}.{alias.name}" for alias in node.names}
                named |= parts & modules.keys() or {node.module}
                if parts - modules.keys():
                    named.add(node.module)
        found[name] = (named & modules.keys()) - {name}
    return found


def circles(top: Path) -> list[list[str]]:
    graph = networkx.DiGraph(arrows(top))
    return [sorted(one) for one in networkx.strongly_connected_components(graph) if len(one) > 1]


def test_no_import_circle():
    assert circles(ROOT) == []


def test_a_circle_is_found(tmp_path):
    (tmp_path / "stages" / "inner").mkdir(parents=True)
    (tmp_path / "stages" / "inner" / "__init__.py").write_text("from stages.inner.whole import build\n")
    (tmp_path / "stages" / "inner" / "whole.py").write_text("from stages.inner import part\n")
    (tmp_path / "stages" / "inner" / "part.py").write_text("x = 1\n")
    assert circles(tmp_path) == [], "a package that hands on a name is none"
    late = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from stages.inner.whole import build\n"
    (tmp_path / "stages" / "inner" / "part.py").write_text(late)
    assert circles(tmp_path) == [["stages.inner.part", "stages.inner.whole"]]
    (tmp_path / "stages" / "inner" / "part.py").write_text("def f():\n    from stages.inner import build\n")
    assert circles(tmp_path) == [["stages.inner", "stages.inner.part", "stages.inner.whole"]]
