"""Each stage declares the code it can import: all of it, and little else."""

import pytest

from stages import graph
from stages.runner.closure import closure
from tests.house import declare_code
from tests.house.resolved import ROOT, arguments_of, modules_of

STAGES = graph.load(ROOT)
# One stage of each group is enough where the rest differ by names only; methods differ by stage.
SAMPLES = {(stage.group, stage.name.partition("@")[2].split("-")[0]): stage for stage in STAGES}


@pytest.mark.parametrize("stage", list(SAMPLES.values()), ids=lambda stage: stage.name)
def test_declared_code_covers_what_is_imported(stage, monkeypatch):
    monkeypatch.chdir(ROOT)
    verb, arguments = arguments_of(stage)
    own = verb.__name__
    needed = {path.as_posix() for path in closure((own, "stages.runner.main", *modules_of(verb, arguments)))}
    declared = {dep for dep in stage.deps if dep.endswith(".py") and dep.startswith("stages/")}
    assert not needed - declared, f"imported but not declared: {sorted(needed - declared)}"
    assert "envs/core.lock" in stage.deps


def test_declared_code_is_what_make_deps_writes():
    """Half of a declared folder is imported, up to the choices of one group of stages."""
    text = (ROOT / "dvc.yaml").read_text(encoding="utf-8")
    assert declare_code.rewritten(text) == text, "run `make deps`"
    moved = text.replace("      - stages/data/files.py\n", "      - stages/data/former.py\n")
    assert moved != text and declare_code.rewritten(moved) == text, "old lines may name what has been moved"


def test_closure_follows_inner_imports_and_packages(tmp_path):
    package = tmp_path / "stages" / "part"
    package.mkdir(parents=True)
    (tmp_path / "stages" / "__init__.py").write_text("")
    (tmp_path / "stages" / "verb.py").write_text("def f():\n    from stages.part import inner, name\n")
    (package / "__init__.py").write_text("")
    (package / "inner.py").write_text("import stages.other\n")
    (tmp_path / "stages" / "other.py").write_text("import json\n")
    (tmp_path / "stages" / "unused.py").write_text("")
    found = [path.as_posix() for path in closure(("stages.verb",), tmp_path)]
    names = ["__init__.py", "other.py", "part/__init__.py", "part/inner.py", "verb.py"]
    assert found == [f"stages/{name}" for name in names]
    with pytest.raises(FileNotFoundError, match=r"stages\.nothing"):
        closure(("stages.nothing",), tmp_path)
