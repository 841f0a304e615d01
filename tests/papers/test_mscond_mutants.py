"""Faults planted one by one into MsConD's contrastive task and InsGen: the tests notice every one."""

import pytest

from tests.mutants.called import every_fault_is_noticed


@pytest.mark.slow
def test_every_mutant_is_noticed():
    every_fault_is_noticed("mscond", "--jobs", "1")
