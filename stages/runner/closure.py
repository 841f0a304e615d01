"""Which source files a stage can import."""

import ast
from pathlib import Path


def closure(roots: tuple[str, ...], top: Path = Path(".")) -> list[Path]:
    """All files of the package `stages` reachable from the root modules through import statements, also inner ones.

    Raises: FileNotFoundError for a root that is no module.
    """
    found: set[Path] = set()
    waiting: list[str] = []
    for root in roots:
        if _file(root, top) is None:
            raise FileNotFoundError(f"expected a module {root} under {top.resolve().name}/stages; there is none")
        waiting.append(root)
    while waiting:
        module = waiting.pop()
        parts = module.split(".")
        for length in range(1, len(parts) + 1):
            path = _file(".".join(parts[:length]), top)
            if path is not None and path not in found:
                found.add(path)
                waiting += _imports(path, top)
    return sorted(path.relative_to(top) for path in found)


def _file(module: str, top: Path) -> Path | None:
    base = top.joinpath(*module.split("."))
    for candidate in (base.with_suffix(".py"), base / "__init__.py"):
        if candidate.is_file():
            return candidate
    return None


def _imports(path: Path, top: Path) -> list[str]:
    names: list[str] = []
    for node in ast.walk(ast.parse(path.read_bytes(), filename=str(path))):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    ours = [name for name in names if name.split(".")[0] == "stages"]
    return [name for name in ours if _file(name, top) is not None]
