"""Weights of negatives: loops and POT as oracles, and the plan's invariants (spec 8.3 to 8.7, 8.10, 8.13)."""

import itertools

import numpy as np
import ot
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.losses.patch_nce import similarities, weighted_nce
from stages.losses.transport import log_kernel, log_weights, row_error, sinkhorn
from stages.losses.weighting import Weighting
from tests.parts.checks_nce import CHECKS, close, draw, similar
from tests.parts.nce_parts import PARTS

TAU = 0.07


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_against_loops(check):
    check(PARTS)


def monce(direction: str = "hard", beta: float = 0.1, iterations: int = 50, **changes) -> Weighting:
    return Weighting("monce", direction, beta, iterations, **changes)


def random_similarities(count: int, batch: int = 1) -> torch.Tensor:
    return similarities(draw(batch, count, 16, seed=count), draw(batch, count, 16, seed=count + 1))


def pot_plan(s: np.ndarray, direction: str, beta: float) -> np.ndarray:
    """POT's plan; a cost of 1e4 on the diagonal is e^-10000 = 0 or less."""
    cost = -s if direction == "hard" else s.copy()
    np.fill_diagonal(cost, 1e4)
    ones = np.ones(len(s))
    return ot.sinkhorn(ones, ones, cost, beta, method="sinkhorn_log", numItermax=20000, stopThr=1e-14, warn=False)


def loss_of(s: np.ndarray, plan: np.ndarray, q: float) -> np.ndarray:
    off = ~np.eye(len(s), dtype=bool)
    ratio = (plan * np.exp((s - np.diag(s)[:, None]) / TAU) * off).sum(1)
    return np.log1p(q * (len(s) - 1) * ratio)


def slope_of(s: np.ndarray, plan: np.ndarray, direction: str, beta: float, q: float) -> np.ndarray:
    """dL/ds with the plan's own change by implicit differentiation: both marginals at once, by least squares."""
    count = len(s)
    off = ~np.eye(count, dtype=bool)
    grown = np.exp((s - np.diag(s)[:, None]) / TAU) * off
    scale = q * (count - 1) / (1 + q * (count - 1) * (plan * grown).sum(1))[:, None]
    direct = scale * plan * grown / TAU
    np.fill_diagonal(direct, -direct.sum(1))
    mass = plan * scale * grown
    system = np.block([[np.diag(plan.sum(1)), plan], [plan.T, np.diag(plan.sum(0))]])
    shifts = np.linalg.lstsq(system, np.concatenate([mass.sum(1), mass.sum(0)]), rcond=None)[0]
    through = mass - plan * (shifts[:count, None] + shifts[None, count:])
    return direct + (1 if direction == "hard" else -1) / beta * through


@pytest.mark.parametrize("direction", ["hard", "easy"])
@pytest.mark.parametrize("beta", [0.1, 1.0])
def test_plan_loss_and_gradient_are_pots(direction, beta):
    count, places = 12, [(0, 0), (3, 7), (11, 2)]
    s = similar(1, count, seed=3)
    plan = pot_plan(s[0].numpy(), direction, beta)
    for gradient in ("unroll", "implicit"):
        weighting = monce(direction, beta, 400, gradient=gradient)
        close(log_weights(s, weighting)[0].exp(), plan, 1e-6)
        for q in (0.1, 1.0, 5.0):
            asked = s.clone().requires_grad_(True)
            losses = weighted_nce(asked, log_weights(asked, weighting), TAU, q)
            close(losses[0], loss_of(s[0].numpy(), plan, q), 1e-6)
            (slope,) = torch.autograd.grad(losses.sum(), asked)
            close(slope[0], slope_of(s[0].numpy(), plan, direction, beta, q), 1e-6)
            for place in places if gradient == "unroll" else []:
                ends = []
                for step in (1e-5, -1e-5):
                    moved = s[0].numpy().copy()
                    moved[place] += step
                    ends.append(loss_of(moved, pot_plan(moved, direction, beta), q).sum())
                close(slope[0][place], (ends[0] - ends[1]) / 2e-5, 1e-6 * max(1.0, abs(float(slope[0][place]))))


@pytest.mark.parametrize("count", [64, 256])
@pytest.mark.parametrize("beta", [0.07, 0.1, 0.5, 1.0])
def test_a_plan_has_unit_rows_and_columns_and_nothing_on_the_diagonal(count, beta):
    s = random_similarities(count)
    for direction in ("hard", "easy"):
        weights = log_weights(s, monce(direction, beta))
        plan = weights.exp()[0]
        assert float(plan.min()) >= 0 and bool((plan.diagonal() == 0).all())
        close(plan.sum(0), np.ones(count), 1e-12)
        assert float(row_error(weights)) < 1e-6


def test_more_iterations_bring_the_rows_nearer():
    s = 0.5 + random_similarities(64) / 2
    s[0, :, 3] = 1.0  # a key that is like every query
    errors = [float(row_error(log_weights(s, monce(iterations=count)))) for count in (1, 5, 10, 50, 200)]
    assert all(later <= earlier + 1e-12 for earlier, later in itertools.pairwise(errors)), errors


def test_a_high_temperature_forgets_the_similarities():
    s = random_similarities(16)
    plain = (1 - torch.eye(16, dtype=torch.float64)) / 15
    for mode in ("weight", "monce"):
        for direction in ("hard", "easy"):
            close(log_weights(s, Weighting(mode, direction, 1e6, 50)).exp()[0] * 15, plain * 15, 1e-5)
    # With the public code's diagonal a sixteenth of the mass stays there.
    close(log_weights(s, monce(beta=1e6, compat="released")).exp()[0], plain * 15 / 16, 1e-5)


def test_the_kernel_with_rows_of_one_is_weight_nce():
    s = random_similarities(9)
    kernel = sinkhorn(log_kernel(s, monce("easy")), 0, True)
    found = kernel - kernel.logsumexp(2, keepdim=True)
    close(found.exp(), log_weights(s, Weighting("weight", "easy", 0.1, 50)).exp(), 1e-12)


def test_turned_similarities_need_no_coupling_and_symmetric_ones_give_a_symmetric_plan():
    row = draw(8).tanh()
    turned = torch.stack([row.roll(shift) for shift in range(8)])[None]
    single = Weighting("weight", "hard", 0.1, 1)
    close(log_weights(turned, monce()).exp(), log_weights(turned, single).exp(), 1e-12)
    s = random_similarities(8)
    symmetric = (s + s.transpose(1, 2)) / 2
    plan = log_weights(symmetric, monce(iterations=2000)).exp()
    close(plan, plan.transpose(1, 2), 1e-12)


@settings(derandomize=True, deadline=None, max_examples=25)
@given(st.integers(3, 9), st.integers(0, 10**6), st.sampled_from(["hard", "easy"]))
def test_what_is_added_to_a_row_or_column_changes_nothing(count, seed, direction):
    """Also (1 - s) in place of -s: the 1 is added to every row."""
    s = similar(1, count, seed)
    shifted = s + draw(1, count, 1, seed=seed + 2) + draw(1, 1, count, seed=seed + 3)
    for domain in ("plain", "log"):
        weighting = monce(direction, 0.5, 400, domain=domain)
        close(log_weights(shifted, weighting).exp(), log_weights(s, weighting).exp(), 1e-9)


def test_a_low_temperature_finds_the_best_derangement():
    s = random_similarities(7)
    places = range(7)
    for direction, sign in (("hard", 1), ("easy", -1)):
        best = max(
            (
                order
                for order in itertools.permutations(places)
                if all(i != j for i, j in zip(places, order, strict=True))
            ),
            key=lambda order: sum(sign * float(s[0, i, j]) for i, j in zip(places, order, strict=True)),
        )
        plan = log_weights(s, monce(direction, 0.001, 3000)).exp()[0]
        assert plan.argmax(1).tolist() == list(best)
        assert float(plan.amax(1).min()) > 0.9


def test_two_positions_leave_only_the_swap():
    s = similar(3, 2)
    for gradient in ("unroll", "implicit", "detach"):
        found = log_weights(s, monce(iterations=3, gradient=gradient)).exp()
        close(found, torch.tensor([[0.0, 1.0], [1.0, 0.0]]).expand(3, 2, 2), 1e-15)


def test_a_choice_that_has_no_meaning_is_refused_by_name():
    for changes, name in (
        ({"mode": "plain"}, "mode"), ({"direction": "soft"}, "direction"), ({"beta": 0.0}, "beta"),
        ({"iterations": 0}, "iterations"), ({"gradient": "none"}, "gradient"), ({"beta": float("nan")}, "beta"),
        ({"compat": "released", "selection": "topk"}, "compat"), ({"compat": "released", "ot_cost": "exp"}, "ot_cost"),
    ):  # fmt: skip
        with pytest.raises(ValueError, match=name):
            Weighting(**{"mode": "monce", "direction": "hard", "beta": 0.1, "iterations": 5, **changes})
    with pytest.raises(ValueError, match="B N N"):
        log_weights(torch.zeros(1, 3, 4), monce())
