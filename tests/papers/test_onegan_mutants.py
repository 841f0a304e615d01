"""Faults planted one by one into copies of OneGAN's losses and paths: the checks notice every one."""

import pytest
import torch

from stages.engine.world import settle
from tests.papers import checks_onegan_method, checks_onegan_objectives, checks_onegan_paths
from tests.papers.mutants_onegan import MUTANTS
from tests.papers.onegan_loaded import NAMES, failing, from_copies, sources

CHECKS = [*checks_onegan_objectives.CHECKS, *checks_onegan_paths.CHECKS, *checks_onegan_method.CHECKS]
# Those of a module's own terms first.
OWN = {"paths": checks_onegan_paths.CHECKS, "method": checks_onegan_method.CHECKS, "block": checks_onegan_method.CHECKS}


def ordered(name: str) -> list:
    own = OWN.get(name, [])
    return [*own, *(check for check in CHECKS if check not in own)]


@pytest.mark.slow
def test_every_mutant_is_noticed(tmp_path):
    settle(torch.device("cpu"))
    texts = sources()
    assert failing(from_copies(tmp_path, "sound_onegan", texts), CHECKS) is None
    assert len(MUTANTS) >= 40 and {name for name, _, _ in MUTANTS} == set(NAMES)
    survivors = []
    for number, (name, old, new) in enumerate(MUTANTS):
        assert texts[name].count(old) == 1, f"{name}: {old!r} has to stand there once"
        changed = {**texts, name: texts[name].replace(old, new)}
        if failing(from_copies(tmp_path, f"onegan_with_fault_{number}", changed), ordered(name)) is None:
            survivors.append(f"{name}: {old!r} -> {new!r}")
    assert not survivors, "\n".join(survivors)
