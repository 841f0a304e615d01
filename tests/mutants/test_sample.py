"""A sample of each list of planted faults; `make mutants` runs all."""

import pytest

from tests.mutants.called import every_fault_is_noticed


@pytest.mark.slow
def test_a_sample_of_each_list_is_noticed():
    every_fault_is_noticed("--sample", "10", "--jobs", "1")
