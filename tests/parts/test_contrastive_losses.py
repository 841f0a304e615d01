"""Adversarial pair, R1 and contrastive losses: closed forms, invariances, gradients (I4 to I7, I15)."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.losses.adversarial import logistic_discriminator, logistic_generator
from stages.losses.nce import cosines, info_nce, require_sets
from stages.losses.penalty import r1
from stages.papers.contrasfill import combinations as c


def sets(cells, space="known"):
    masks = c.masks(cells, space)
    return torch.from_numpy(masks["positive"]), torch.from_numpy(masks["negative"])


def features(count: int, seed: int, size: int = 6) -> torch.Tensor:
    return torch.randn(count, size, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def loss(values, cells, space="known", tau=0.1, denominator="pair"):
    return info_nce(cosines(values), *sets(cells, space), tau, denominator)


def test_logistic_losses_are_log_two_at_zero():
    zero = torch.zeros(3, 1)
    assert logistic_generator(zero).item() == pytest.approx(0.693147, abs=1e-6)
    assert logistic_discriminator(zero, zero).item() == pytest.approx(2 * math.log(2), abs=1e-6)


def test_logistic_losses_at_two_by_hand():
    real, fake = torch.tensor([2.0]), torch.tensor([-1.0])
    expected = math.log1p(math.exp(-2)) + math.log1p(math.exp(-1))
    assert logistic_discriminator(real, fake).item() == pytest.approx(expected)
    assert logistic_generator(fake).item() == pytest.approx(math.log1p(math.exp(1)))


@given(gamma=st.floats(0.1, 20), seed=st.integers(0, 100))
@settings(max_examples=10, deadline=None)
def test_r1_of_a_linear_discriminator_is_half_gamma_times_its_squared_norm(gamma, seed):
    weight = torch.randn(3, 4, 4, generator=torch.Generator().manual_seed(seed))
    found = r1(lambda x: (x * weight).sum((1, 2, 3)), torch.randn(5, 3, 4, 4), gamma)
    assert found.item() == pytest.approx(gamma / 2 * weight.square().sum().item(), rel=1e-4)


def test_r1_has_a_gradient_and_leaves_autocast():
    conv = torch.nn.Conv2d(3, 2, 3)
    seen = []

    def judge(x):
        y = conv(x)
        seen.append(y.dtype)
        return y.square().sum((1, 2, 3))

    with torch.autocast("cpu", dtype=torch.bfloat16):
        r1(judge, torch.randn(2, 3, 8, 8), 10.0).backward()
    assert seen == [torch.float32] and conv.weight.grad.abs().sum() > 0


@pytest.mark.parametrize(
    ("cells", "denominator", "expected"),
    [
        (c.subsample(8, 8, "cycle"), "pair", math.log(15)),
        (c.subsample(4, 4, "cycle"), "pair", math.log(7)),
        (c.subsample(4, 4, "blocks"), "supcon", math.log(7)),
        (c.full_grid(4, 4), "pair", math.log(13)),
        (c.full_grid(4, 4), "supcon", math.log(15)),
    ],
)
def test_equal_features_give_the_log_of_the_set_size(cells, denominator, expected):
    same = torch.ones(len(cells), 3)
    assert loss(same, cells, denominator=denominator).item() == pytest.approx(expected, abs=1e-5)


def test_orthogonal_codes_give_the_closed_form():
    cells = c.subsample(8, 8, "cycle")
    values = torch.eye(8)[[k for k, _ in cells]]
    assert loss(values, cells).item() == pytest.approx(math.log1p(14 * math.exp(-10)), rel=1e-4)
    assert loss(values, cells).item() == pytest.approx(6.354e-4, rel=1e-3)


def test_antipodal_codes_give_the_closed_form_for_two_codes():
    cells = c.subsample(2, 2, "cycle")
    values = torch.tensor([[1.0], [-1.0]], dtype=torch.float64)[[k for k, _ in cells]]
    assert loss(values, cells).item() == pytest.approx(math.log1p(2 * math.exp(-20)), rel=1e-6)


def test_loss_of_three_images_by_hand():
    values = torch.tensor([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 2.0]])
    positive = torch.tensor([[0, 1, 0, 0], [1, 0, 0, 0], [0, 0, 0, 1], [0, 0, 1, 0]]).bool()
    negative = ~positive & ~torch.eye(4).bool()
    expected = math.log((math.exp(2) + 2) / math.exp(2))
    assert info_nce(cosines(values), positive, negative, 0.5, "pair").item() == pytest.approx(expected, rel=1e-5)


@given(seed=st.integers(0, 10_000), space=st.sampled_from(c.SPACES), full=st.booleans())
@settings(max_examples=20, deadline=None)
def test_loss_ignores_scale_rotation_and_order(seed, space, full):
    cells = c.full_grid(3, 3) if full else c.subsample(4, 4, "cycle")
    values, generator = features(len(cells), seed), torch.Generator().manual_seed(seed + 1)
    base = loss(values, cells, space)
    scale = torch.rand(len(cells), 1, generator=generator, dtype=torch.float64) * 100 + 1e-3
    rotation, _ = torch.linalg.qr(torch.randn(6, 6, generator=generator, dtype=torch.float64))
    order = torch.randperm(len(cells), generator=generator)
    assert torch.allclose(loss(values * scale, cells, space), base)
    assert torch.allclose(loss(values @ rotation, cells, space), base)
    assert torch.allclose(loss(values[order], [cells[i] for i in order], space), base)


@given(seed=st.integers(0, 10_000))
@settings(max_examples=10, deadline=None)
def test_swapping_the_roles_of_the_codes_swaps_the_losses(seed):
    cells = c.full_grid(3, 3)
    values, swapped = features(9, seed), [(u, k) for k, u in cells]
    assert torch.allclose(loss(values, cells, "known"), loss(values, swapped, "unknown"))


@given(seed=st.integers(0, 10_000), pattern=st.sampled_from(["cycle", "blocks"]))
@settings(max_examples=10, deadline=None)
def test_denominators_agree_where_each_image_has_one_positive(seed, pattern):
    cells, values = c.subsample(4, 4, pattern), features(8, seed)
    assert torch.allclose(loss(values, cells), loss(values, cells, denominator="supcon"))
    grid = features(9, seed)
    assert loss(grid, c.full_grid(3, 3)) < loss(grid, c.full_grid(3, 3), denominator="supcon")


@pytest.mark.parametrize("denominator", ["pair", "supcon"])
def test_gradient_matches_finite_differences(denominator):
    cells = c.full_grid(2, 3)
    values = features(6, 3, size=4).requires_grad_()
    assert torch.autograd.gradcheck(lambda x: loss(x, cells, "known", 0.5, denominator), values)


def test_zero_features_give_finite_loss_and_gradient():
    cells = c.subsample(4, 4, "cycle")
    values = torch.zeros(8, 5, requires_grad=True)
    found = loss(values, cells)
    found.backward()
    assert torch.isfinite(found) and torch.isfinite(values.grad).all()


def test_similarity_is_float32_under_autocast_and_huge_scores_do_not_overflow():
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert cosines(torch.randn(4, 8).bfloat16()).dtype == torch.float32
    cells = c.subsample(2, 2, "cycle")
    worst = torch.tensor([[1.0], [-1.0]])[[u for _, u in cells]]
    assert torch.isfinite(loss(worst, cells, tau=1e-3))


def test_sets_without_a_positive_are_refused():
    positive, negative = sets(c.subsample(4, 4, "cycle"))
    require_sets(positive, negative)
    local = slice(0, None, 4)  # the rows that one of four processes holds
    with pytest.raises(ValueError, match="have no positive; use the whole global batch"):
        require_sets(positive[local, local], negative[local, local])
    with pytest.raises(ValueError, match="gathered first"):
        info_nce(torch.zeros(2, 2), positive, negative, 0.1, "pair")
    with pytest.raises(ValueError, match="own partner"):
        require_sets(positive | torch.eye(8).bool(), negative)
    with pytest.raises(ValueError, match="pair or supcon"):
        info_nce(torch.zeros(8, 8), positive, negative, 0.1, "both")
