"""MsConD's contrastive task: loss, queue, slow copies, views, partners."""

import pytest

from tests.papers import checks_mscond_contrast, checks_mscond_views
from tests.papers.mscond_loaded import as_it_is

CHECKS = [*checks_mscond_contrast.CHECKS, *checks_mscond_views.CHECKS]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_it(check):
    check(as_it_is())
