"""OneGAN's three paths, what each update sums, where gradients go, and the guard."""

import pytest
import torch

from stages.engine.world import settle
from tests.papers import checks_onegan_method, checks_onegan_paths
from tests.papers.onegan_loaded import as_it_is

CHECKS = [*checks_onegan_paths.CHECKS, *checks_onegan_method.CHECKS]


@pytest.fixture(autouse=True, scope="module")
def settled():
    settle(torch.device("cpu"))


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_paths(check):
    check(as_it_is())
