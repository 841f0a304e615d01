"""The gate of the most similar negatives: invariant 24 of the spec, POT as oracle, its end points and gradient."""

import numpy as np
import ot
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.losses.topk import hard_topk, off_diagonal, soft_threshold, soft_topk, with_diagonal
from stages.losses.transport import log_weights
from stages.losses.weighting import Weighting
from tests.parts.checks_nce import close, draw, similar


@settings(derandomize=True, deadline=None, max_examples=40)
@given(st.integers(2, 60), st.floats(0.01, 0.99), st.sampled_from([1e-3, 0.01, 0.1, 1.0]), st.integers(0, 10**6))
def test_a_gate_sums_to_its_count(size, share, eta, seed):
    count = share * size
    gate, threshold = soft_topk(draw(3, size, seed=seed).tanh(), count, eta)
    close(gate.sum(-1), np.full(3, count), 1e-10)
    assert float(gate.min()) >= 0 and float(gate.max()) <= 1 and bool(threshold.isfinite().all())


@pytest.mark.parametrize("eta", [0.1, 1.0])
@pytest.mark.parametrize("count", [1, 5.5])
def test_the_gate_is_the_entropic_transport_to_two_atoms(eta, count):
    scores = torch.rand(20, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    values = scores.numpy()
    cost = np.stack([(values - values.min()) ** 2, (values - values.max()) ** 2], 1)
    plan = ot.sinkhorn(
        np.ones(20), np.array([20 - count, count]), cost, eta, method="sinkhorn_log", numItermax=1500, stopThr=1e-16,
        warn=False,
    )  # fmt: skip
    close(soft_topk(scores, count, eta)[0], plan[:, 1], 1e-13)


def test_equal_scores_share_the_count():
    close(soft_topk(torch.zeros(2, 8, dtype=torch.float64), 2, 0.1)[0], np.full((2, 8), 0.25), 1e-12)
    assert hard_topk(torch.zeros(8), 3)[0].tolist() == [1.0] * 3 + [0.0] * 5


def test_the_gate_is_half_open_at_its_threshold_and_the_kernel_continuous_there():
    gate, threshold = soft_threshold(torch.tensor([[0.2, 0.3, 0.4]]), 0.3, 0.01)
    assert (
        gate[0, 1] == 0.5 and gate[0, 0] < 1e-4 and gate[0, 2] > 1 - 1e-4 and threshold.tolist() == [[np.float32(0.3)]]
    )
    s = torch.zeros(1, 3, 3, dtype=torch.float64)
    found = []
    for step in (-1e-7, 1e-7):
        s[0, 0, 1:] = torch.tensor([0.3 + step, -0.9])
        weighting = Weighting("weight", "hard", 0.1, 1, selection="threshold", threshold=0.3, eta=1e-9)
        found.append(log_weights(s, weighting).exp()[0, 0, 1])
    assert float(found[1] - found[0]) < 1e-5


@pytest.mark.parametrize("selection", ["topk", "hard_topk"])
@pytest.mark.parametrize("direction", ["hard", "easy"])
def test_all_is_monce_and_none_is_patch_nce(selection, direction):
    s = similar(2, 9)
    for share, mode in ((1.0, "monce"), (1.5, "monce"), (0.0, "uniform"), (-1.0, "uniform")):
        gated = Weighting("monce", direction, 0.1, 50, selection=selection, share=share)
        close(log_weights(s, gated).exp(), log_weights(s, Weighting(mode, direction, 0.1, 50)).exp(), 1e-10)


@pytest.mark.parametrize("share", [0.125, 0.25, 0.5])
def test_some_keep_the_plans_sums_and_the_unselected_their_neutral_weight(share):
    s = similar(1, 17)
    for selection in ("threshold", "topk", "hard_topk"):
        weights = log_weights(s, Weighting("monce", "hard", 0.1, 200, selection=selection, share=share, threshold=0.2))
        close(weights.exp().sum(1), np.ones((1, 17)), 1e-12)
        close(weights.exp().sum(2), np.ones((1, 17)), 1e-6)
    single = log_weights(s, Weighting("weight", "hard", 0.1, 1, selection="hard_topk", share=share))[0]
    for i, row in enumerate(single):
        weights = row[torch.arange(17) != i]
        rest = weights.sort().values[: 16 - round(share * 16)]
        close(rest, np.full(len(rest), float(rest[0])), 1e-12)


def test_a_counts_gradient_is_that_of_its_fixed_sum():
    scores = draw(2, 7).requires_grad_(True)
    gate, threshold = soft_topk(scores, 2.5, 0.3)
    (slope,) = torch.autograd.grad(gate.sum(), scores, retain_graph=True)
    close(slope, np.zeros((2, 7)), 1e-12)
    (slope,) = torch.autograd.grad(threshold.sum(), scores)
    pull = gate * (1 - gate)
    close(slope, pull.detach() / pull.detach().sum(-1, keepdim=True), 1e-12)


def test_rows_without_their_diagonal_and_back():
    square = torch.arange(16.0).reshape(1, 4, 4)
    rows = off_diagonal(square)
    assert rows[0].tolist() == [[1, 2, 3], [4, 6, 7], [8, 9, 11], [12, 13, 14]]
    assert torch.equal(with_diagonal(rows), square.masked_fill(torch.eye(4, dtype=torch.bool), 0.0))


def test_a_count_without_threshold_is_refused():
    for count in (0, 5):
        with pytest.raises(ValueError, match="between 0 and 5"):
            soft_topk(torch.zeros(5), count, 0.1)
        with pytest.raises(ValueError, match="between 0 and 5"):
            hard_topk(torch.zeros(5), count)
