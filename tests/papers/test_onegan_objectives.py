"""OneGAN's own loss terms in closed form."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from stages.papers.onegan.methods.gan import objectives
from tests.papers.checks_onegan_objectives import CHECKS, filled
from tests.papers.onegan_loaded import as_it_is


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_terms(check):
    check(as_it_is())


@given(st.lists(st.floats(0, 1), min_size=1, max_size=5))
def test_no_mask_costs_more_than_one_that_is_all_or_nothing(values):
    cost = objectives.mask_regularisation(filled(*values))
    assert 0 <= float(cost) <= 0.6 + 1e-9


def test_terms_are_computed_in_single_precision_whatever_comes():
    code = objectives.Normal(torch.zeros(2, 3, dtype=torch.bfloat16), torch.zeros(2, 3, dtype=torch.bfloat16))
    mask = torch.full((2, 1, 4, 4), 0.3, dtype=torch.bfloat16)
    found = [
        objectives.divergence(code), objectives.likelihood(torch.zeros(2, 3), code),
        objectives.mask_regularisation(mask), objectives.code_lengths(code.mean),
        objectives.cross_entropy(code.mean, torch.tensor([0, 2])).mean(),
        objectives.ground_difference(mask.expand(2, 3, 4, 4), mask.expand(2, 3, 4, 4), mask),
    ]  # fmt: skip
    assert {term.dtype for term in found} == {torch.float32}
