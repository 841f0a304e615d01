"""Imports run one way: verbs → papers → parts; nobody but a verb knows the runner; the engine stands alone."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
STAGES = ROOT / "stages"
PARTS = ("engine", "nets", "losses", "metrics", "data", "draw", "teachers")
# What stands beside the verbs: graph and retrace speak to the engines and auditors, use opens models without the graph,
# block.py is everyone's base class, homes.py says to runner and graph which file holds which parameters, loading.py has
# the package loaded from source, yaml_text.py reads what people write, durable.py keeps files through a power cut.
FILES = sorted(STAGES.rglob("*.py"))


def layer_of(module: str) -> str:
    """`stages.nets.trunks.resnet` → nets, `stages.train` → train, `stages.papers.contrasfill.report` → papers."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else ""


def imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative imports hide the arrow; write the full name"
            base = node.module or ""
            names |= {base} if base != "stages" else {f"stages.{alias.name}" for alias in node.names}
    return {name for name in names if name.split(".")[0] == "stages"}


def allowed(owner: str) -> set[str]:
    """The layers that a layer may import."""
    everyone = {"block", "durable", "yaml_text", owner}
    if not owner:
        return {"loading"}
    if owner == "engine":
        return everyone
    if owner in ("nets", "losses", "metrics", "data", "draw"):
        return everyone | set(PARTS) - {"teachers"}
    if owner == "teachers":
        return everyone | set(PARTS)
    if owner == "papers":
        return everyone | set(PARTS)
    if owner == "runner":
        return everyone | {"homes", "loading"}
    if owner == "graph":
        return everyone | {"homes", "runner"}
    if owner == "retrace":
        return everyone | {"graph", "homes", "runner", "data", "draw", "papers", "use"}
    if owner == "use":
        return everyone | set(PARTS) | {"papers", "runner", "homes"}
    return everyone | set(PARTS) | {"papers", "runner"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(STAGES).as_posix())
def test_imports_follow_the_arrows(path):
    module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
    owner = layer_of(module.removesuffix(".__init__"))
    wrong = {name for name in imported(path) if layer_of(name) not in allowed(owner)}
    assert not wrong, f"{owner} may not import {sorted(wrong)}"
    if owner == "papers":
        paper = module.split(".")[2]
        others = {name for name in imported(path) if layer_of(name) == "papers" and name.split(".")[2] != paper}
        assert not others, f"papers never import each other: {sorted(others)}"


def test_the_arrow_test_sees_a_wrong_arrow(tmp_path):
    file = tmp_path / "x.py"
    file.write_text("def f():\n    from stages.papers.contrasfill import report\n")
    assert imported(file) == {"stages.papers.contrasfill"}
    assert layer_of("stages.papers.contrasfill") not in allowed("nets")


def test_the_runner_imports_neither_engine_nor_numeric_library():
    names: set[str] = set()
    for path in (STAGES / "runner").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                names.add((node.module or "").split(".")[0])
    assert not names & {"dvc", "snakemake", "numpy", "torch", "pandas"}
