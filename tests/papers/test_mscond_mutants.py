"""Faults planted one by one into copies of MsConD's contrastive task and InsGen: the checks notice every one."""

import pytest
import torch

from stages.engine.world import settle
from tests.papers import checks_mscond_ada, checks_mscond_contrast, checks_mscond_insgen, checks_mscond_views
from tests.papers.mscond_loaded import MODULES, failing, from_copies, sources
from tests.papers.mutants_mscond import MUTANTS

CHECKS = [
    *checks_mscond_contrast.CHECKS,
    *checks_mscond_views.CHECKS,
    *checks_mscond_ada.CHECKS,
    *checks_mscond_insgen.CHECKS,
]
# Those of a module's own terms first.
OWN = {
    "views": checks_mscond_views.CHECKS,
    "colours": checks_mscond_views.CHECKS,
    "matching": checks_mscond_views.CHECKS,
    "warp": checks_mscond_ada.CHECKS,
    "ada": checks_mscond_ada.CHECKS,
    "insgen": checks_mscond_insgen.CHECKS,
}


def ordered(name: str) -> list:
    own = OWN.get(name, [])
    return [*own, *(check for check in CHECKS if check not in own)]


@pytest.mark.slow
def test_every_mutant_is_noticed(tmp_path):
    settle(torch.device("cpu"))
    texts = sources()
    assert failing(from_copies(tmp_path, "sound_mscond", texts), CHECKS) is None
    assert len(MUTANTS) >= 40 and {name for name, _, _ in MUTANTS} == set(MODULES)
    survivors = []
    for number, (name, old, new) in enumerate(MUTANTS):
        assert texts[name].count(old) == 1, f"{name}: {old!r} has to stand there once"
        changed = {**texts, name: texts[name].replace(old, new)}
        if failing(from_copies(tmp_path, f"mscond_with_fault_{number}", changed), ordered(name)) is None:
            survivors.append(f"{name}: {old!r} -> {new!r}")
    assert not survivors, "\n".join(survivors)
