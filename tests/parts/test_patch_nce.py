"""Contrast of positions: invariants 1, 2, 4, 8, 9, 11 to 14, 22, 23 of the spec."""

import itertools

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from stages.losses.patch_nce import forces, negative_weights, patch_nce, similarities, weighted_nce
from stages.losses.transport import log_weights
from stages.losses.weighting import Weighting
from tests.parts.checks_nce import close, draw, similar

TAU = 0.07
MODES = ("uniform", "weight", "monce")
DIRECTIONS = ("hard", "easy")


def nce(queries: torch.Tensor, keys: torch.Tensor, weighting: Weighting, q: float = 1.0) -> torch.Tensor:
    return patch_nce([queries], [keys], weighting, TAU, q)[0]


def trained_like(count: int, noise: float = 0.3) -> tuple[torch.Tensor, torch.Tensor]:
    """Keys, and queries near them: s_ii about 0.95."""
    keys = F.normalize(draw(2, count, 32, seed=count), dim=2)
    return keys + noise * draw(2, count, 32, seed=count + 1) / 32**0.5, keys


@pytest.mark.parametrize("shape", [(1, 2, 3), (3, 7, 4), (2, 64, 16)])
def test_uniform_weights_are_patch_nce(shape):
    """CUT's own form: cross entropy over [positive, negatives] with -10 on the negatives' diagonal."""
    queries, keys = draw(*shape), draw(*shape, seed=1)
    s = similarities(queries, keys)
    negatives = s.masked_fill(torch.eye(shape[1], dtype=torch.bool), -10.0)
    logits = torch.cat([s.diagonal(dim1=1, dim2=2)[:, :, None], negatives], 2).flatten(0, 1) / TAU
    expected = F.cross_entropy(logits, torch.zeros(len(logits), dtype=torch.long), reduction="none")
    for direction in DIRECTIONS:
        close(nce(queries, keys, Weighting("uniform", direction, 0.1, 1)).flatten(), expected, 1e-12)
    for mode in ("weight", "monce"):
        close(nce(queries, keys, Weighting(mode, "hard", 1e6, 50)).flatten(), expected, 1e-5)


@pytest.mark.parametrize("mode", MODES)
def test_the_loss_grows_with_q_ever_more_slowly_from_nothing(mode):
    s = similar(2, 9)
    weights = log_weights(s, Weighting(mode, "hard", 0.1, 50))
    grown = ((s - s.diagonal(dim1=1, dim2=2)[:, :, None]) / TAU + weights).exp().sum(2) * 8
    steps = (0.1, 0.5, 1.0, 2.0, 5.0)
    losses = [weighted_nce(s, weights, TAU, q) for q in steps]
    for q, loss in zip(steps, losses, strict=True):
        close(loss, torch.log1p(q * grown), 1e-12)
    rates = [
        (b - a) / (q - p) for (p, q), (a, b) in zip(itertools.pairwise(steps), itertools.pairwise(losses), strict=True)
    ]
    assert all(bool((rate > 0).all()) for rate in rates)
    assert all(bool((later < earlier).all()) for earlier, later in itertools.pairwise(rates))
    assert float(weighted_nce(s, weights, TAU, 1e-12).max()) < 1e-3


def test_positions_and_images_may_be_reordered():
    queries, keys = draw(3, 8, 5), draw(3, 8, 5, seed=1)
    order, images = torch.tensor([3, 1, 7, 0, 2, 6, 5, 4]), torch.tensor([2, 0, 1])
    for mode, direction in itertools.product(MODES, DIRECTIONS):
        weighting = Weighting(mode, direction, 0.1, 30)
        losses = nce(queries, keys, weighting)
        close(nce(queries[:, order], keys[:, order], weighting), losses[:, order], 1e-12)
        close(nce(queries[images], keys[images], weighting), losses[images], 1e-12)


def test_an_image_knows_nothing_of_the_others():
    queries, keys = draw(3, 6, 5).requires_grad_(True), draw(3, 6, 5, seed=1)
    for mode in MODES:
        (slope,) = torch.autograd.grad(nce(queries, keys, Weighting(mode, "hard", 0.1, 10))[1].sum(), queries)
        assert float(slope[[0, 2]].abs().max()) == 0.0 and float(slope[1].abs().max()) > 1e-3


@pytest.mark.parametrize("selection", ["none", "threshold"])
def test_gradients_are_finite_differences(selection):
    queries, keys = draw(1, 6, 3).requires_grad_(True), draw(1, 6, 3, seed=1)
    for direction in DIRECTIONS:
        weighting = Weighting("monce", direction, 0.2, 30, selection=selection)
        assert torch.autograd.gradcheck(lambda x, w=weighting: nce(x, keys, w, 0.5), (queries,))


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("beta", [0.1, 1.0])
def test_the_implicit_gradient_is_the_unrolled_one(direction, beta):
    queries, keys = draw(2, 32, 8).requires_grad_(True), draw(2, 32, 8, seed=1).requires_grad_(True)
    found = {}
    for gradient in ("unroll", "implicit", "detach"):
        losses = nce(queries, keys, Weighting("monce", direction, beta, 400, gradient))
        (found[gradient],) = torch.autograd.grad(losses.sum(), queries)
    close(found["implicit"], found["unroll"], 1e-12)
    assert float((found["detach"] - found["unroll"]).abs().max()) > 1e-3
    assert float(found["unroll"].abs().max()) > 1e-3
    with pytest.raises(RuntimeError, match="appears to not have been used"):
        torch.autograd.grad(nce(queries, keys, Weighting("monce", direction, beta, 5)).sum(), keys)


def test_hard_costs_more_than_uniform_and_easy_less_and_coupling_is_between():
    queries, keys = draw(1, 64, 16), draw(1, 64, 16, seed=1)
    found = {
        (mode, direction): float(nce(queries, keys, Weighting(mode, direction, 0.1, 50)).mean())
        for mode, direction in itertools.product(MODES, DIRECTIONS)
    }
    assert found["weight", "hard"] >= found["monce", "hard"] > found["uniform", "hard"]
    assert found["uniform", "easy"] > found["monce", "easy"] >= found["weight", "easy"]


def test_weights_are_similarities_shifted_by_tau_times_their_logarithm():
    s, q = similar(2, 7), 2.5
    weights = log_weights(s, Weighting("monce", "hard", 0.1, 50))
    logits = (s + TAU * (weights + np.log(q * 6))) / TAU
    logits = torch.where(torch.eye(7, dtype=torch.bool), s / TAU, logits)
    close(weighted_nce(s, weights, TAU, q), logits.logsumexp(2) - s.diagonal(dim1=1, dim2=2) / TAU, 1e-12)
    # Q by log Q alone: twice the Q is the same as weights twice as large.
    close(weighted_nce(s, weights + np.log(2), TAU, q), weighted_nce(s, weights, TAU, 2 * q), 1e-12)


@pytest.mark.parametrize("beta", [0.05, 0.1, 1.0])
def test_single_precision_gives_the_same_loss(beta):
    queries, keys = draw(2, 64, 16), draw(2, 64, 16, seed=1)
    for mode, direction in itertools.product(MODES, DIRECTIONS):
        weighting = Weighting(mode, direction, beta, 50)
        double, single = nce(queries, keys, weighting), nce(queries.float(), keys.float(), weighting)
        assert torch.allclose(single.double(), double, rtol=1e-4, atol=0)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            assert torch.equal(nce(queries.float(), keys.float(), weighting), single)
        halves = nce(queries.bfloat16(), keys.bfloat16(), weighting)
        assert halves.dtype == torch.float32


@pytest.mark.parametrize("count", [1, 2, 3, 5])
@pytest.mark.parametrize("kind", ["random", "equal", "zero"])
def test_everything_is_finite_at_the_edges(count, kind):
    base = {"mode": "monce", "direction": "hard", "beta": 0.1, "iterations": 10}
    changes = [
        {}, {"mode": "weight"}, {"mode": "uniform"}, {"gradient": "implicit"}, {"beta": 0.01, "iterations": 50},
        {"beta": 0.01, "gradient": "implicit", "direction": "easy"}, {"compat": "released"}, {"ot_cost": "exp"},
        {"selection": "threshold"}, {"selection": "topk", "share": 0.5}, {"selection": "hard_topk", "share": 0.5},
    ]  # fmt: skip
    for dtype, change in itertools.product((torch.float32, torch.float64), changes):
        queries, keys = draw(2, count, 4).to(dtype), draw(2, count, 4, seed=1).to(dtype)
        if kind != "random":
            queries = keys = torch.full_like(keys, 1.0 if kind == "equal" else 0.0)
        asked = queries.clone().requires_grad_(True)
        losses = nce(asked, keys, Weighting(**{**base, **change}))
        (slope,) = torch.autograd.grad(losses.sum(), asked)
        assert bool(losses.isfinite().all()) and bool(slope.isfinite().all()), (change, dtype)
        assert count > 1 or float(losses.detach().abs().max()) == 0.0


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("q", [0.1, 1.0, 5.0])
def test_push_equals_pull_for_every_weighting_and_q(mode, q):
    s = similar(2, 32)
    for changes in ({}, {"direction": "easy"}, {"iterations": 10}, {"gradient": "detach"}):
        weighting = Weighting(**{"mode": mode, "direction": "hard", "beta": 0.1, "iterations": 50, **changes})
        pull, push, unsolved = forces(s, log_weights(s, weighting), TAU, q)
        close(pull * TAU, push * TAU, 1e-12)
        close(pull * TAU, unsolved, 1e-12)
        assert float(pull.min()) >= 0


@pytest.mark.parametrize("count", [64, 256])
def test_single_precision_keeps_the_gradient_of_solved_anchors(count):
    queries, keys = trained_like(count)
    for mode, direction in itertools.product(MODES, DIRECTIONS):
        weighting, found = Weighting(mode, direction, 0.1, 50), {}
        for dtype in (torch.float64, torch.float32):
            asked = queries.to(dtype).requires_grad_(True)
            losses = nce(asked, keys.to(dtype), weighting, 0.1)
            found[dtype] = losses.detach().double(), torch.autograd.grad(losses.sum(), asked)[0].double()
        (value, slope), (rounded, rounded_slope) = found[torch.float64], found[torch.float32]
        assert float((value - rounded).abs().max()) < 1e-6
        assert float((slope - rounded_slope).norm() / slope.norm()) < 1e-5


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("q", [0.1, 1.0, 5.0])
def test_twenty_steps_lower_the_loss(direction, q):
    for beta, gradient in itertools.product((0.1, 1.0), ("unroll", "implicit")):
        queries, keys = draw(2, 16, 8).float().requires_grad_(True), draw(2, 16, 8, seed=1).float()
        optimiser, values = torch.optim.Adam([queries], 0.05), []
        for _ in range(20):
            loss = nce(queries, keys, Weighting("monce", direction, beta, 10, gradient), q).mean()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            values.append(float(loss.detach()))
        assert np.isfinite(values).all() and values[-1] < 0.8 * values[0], values


def test_the_public_code_counts_its_option_not_the_positions():
    s = similar(1, 5)
    exact, released = (Weighting("monce", "hard", 0.1, 50, compat=name) for name in ("exact", "released"))
    ratio = negative_weights(s, released, 1.0).exp() / negative_weights(s, exact, 1.0).exp()
    close(ratio[0][~torch.eye(5, dtype=torch.bool)], np.full(20, 255 / 4), 1e-2)


def test_what_does_not_fit_is_refused():
    s = similar(1, 3)
    weighting = Weighting("monce", "hard", 0.1, 5)
    with pytest.raises(ValueError, match="positive Q"):
        weighted_nce(s, log_weights(s, weighting), TAU, 0.0)
    with pytest.raises(ValueError, match="same positions"):
        similarities(draw(1, 3, 2), draw(1, 4, 2))
    with pytest.raises(ValueError, match="layers of keys"):
        patch_nce([draw(1, 3, 2)], [], weighting, TAU, 1.0)
