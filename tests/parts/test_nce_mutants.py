"""Forty faults planted one by one into copies of the contrastive losses: the checks notice every one."""

import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.parts import checks_features, checks_nce
from tests.parts.mutants_nce import MUTANTS

LOSSES = Path(__file__).resolve().parents[2] / "stages" / "losses"
CHANGED = ("transport", "patch_nce", "topk", "self_similarity", "matching")
NAMES = ("precision", "weighting", *CHANGED)
CHECKS = [*checks_nce.CHECKS, *checks_features.CHECKS]


def load(folder: Path, package: str, sources: dict[str, str]) -> SimpleNamespace:
    """The losses from copies in a package of their own; everything that they define."""
    home = folder / package
    home.mkdir()
    (home / "__init__.py").write_text("")
    for name, text in sources.items():
        (home / f"{name}.py").write_text(text.replace("stages.losses.", f"{package}."))
    sys.path.insert(0, str(folder))
    importlib.invalidate_caches()
    try:
        found = SimpleNamespace()
        for name in sources:
            vars(found).update(vars(importlib.import_module(f"{package}.{name}")))
        return found
    finally:
        sys.path.remove(str(folder))
        for name in [name for name in sys.modules if name.split(".")[0] == package]:
            del sys.modules[name]


def failing(modules: SimpleNamespace) -> Callable[[SimpleNamespace], None] | None:
    """The first check that fails, by whatever error."""
    for check in CHECKS:
        try:
            check(modules)
        except Exception:
            return check
    return None


@pytest.mark.slow
def test_every_mutant_is_noticed(tmp_path):
    sources = {name: (LOSSES / f"{name}.py").read_text(encoding="utf-8") for name in NAMES}
    assert failing(load(tmp_path, "sound_losses", sources)) is None
    assert len(MUTANTS) == 40 and {name for name, _, _ in MUTANTS} == set(CHANGED)
    survivors = []
    for number, (name, old, new) in enumerate(MUTANTS):
        assert sources[name].count(old) == 1, f"{name}: {old!r} has to stand there once"
        changed = {**sources, name: sources[name].replace(old, new)}
        if failing(load(tmp_path, f"losses_with_fault_{number}", changed)) is None:
            survivors.append(f"{name}: {old!r} -> {new!r}")
    assert not survivors, "\n".join(survivors)
