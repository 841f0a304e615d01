"""Faults planted one by one into OneGAN's losses and paths: the tests notice every one."""

import pytest

from tests.mutants.called import every_fault_is_noticed


@pytest.mark.slow
def test_every_mutant_is_noticed():
    every_fault_is_noticed("onegan", "--jobs", "1")
