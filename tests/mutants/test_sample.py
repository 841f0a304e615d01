"""A sample of twenty of the faults of ContrasFill and GANSeg; `make mutants` runs all."""

import pytest

from tests.mutants.called import every_fault_is_noticed


@pytest.mark.slow
def test_a_sample_of_twenty_is_noticed():
    every_fault_is_noticed("contrasfill", "ganseg", "--sample", "10", "--jobs", "1")
