"""Adaptive augmentation: filter, warp, changes and their order, derivatives, strength."""

import pytest

from tests.papers.checks_mscond_ada import CHECKS
from tests.papers.mscond_loaded import as_it_is


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_it(check):
    check(as_it_is())
