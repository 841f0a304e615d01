"""What the contrastive losses must do, each check against loops in numpy; the mutants run them too."""

import math
from types import SimpleNamespace

import numpy as np
import torch

TAU = 0.07


def draw(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def similar(batch: int, count: int, seed: int = 0) -> torch.Tensor:
    """Similarities of random features, each key near its query: neither symmetric nor alike in its images."""
    queries = draw(batch, count, 5, seed=seed)
    keys = queries + draw(batch, count, 5, seed=seed + 1)
    lengths = queries.norm(dim=2)[:, :, None] * keys.norm(dim=2)[:, None, :]
    return queries @ keys.transpose(1, 2) / lengths


def close(found, expected, atol: float = 1e-10) -> None:
    found = found.detach().numpy() if isinstance(found, torch.Tensor) else found
    np.testing.assert_allclose(found, np.asarray(expected), rtol=0, atol=atol)


def plan_by_loops(kernel: np.ndarray, iterations: int) -> np.ndarray:
    """Rows first, columns last."""
    u, v = np.ones(len(kernel)), np.ones(len(kernel))
    for _ in range(iterations):
        u = np.array([1 / (kernel[i] * v).sum() for i in range(len(kernel))])
        v = np.array([1 / (kernel[:, j] * u).sum() for j in range(len(kernel))])
    return u[:, None] * kernel * v[None, :]


def loss_by_loops(s: np.ndarray, weights: np.ndarray, tau: float, q: float) -> np.ndarray:
    count, losses = len(s), []
    for i in range(count):
        others = [j for j in range(count) if j != i]
        rest = q * (count - 1) * sum(weights[i, j] * math.exp(s[i, j] / tau) for j in others)
        losses.append(-math.log(math.exp(s[i, i] / tau) / (math.exp(s[i, i] / tau) + rest)))
    return np.array(losses)


def kernel_of(s: np.ndarray, direction: str, beta: float) -> np.ndarray:
    kernel = np.exp((s if direction == "hard" else 1 - s) / beta)
    np.fill_diagonal(kernel, 0.0)
    return kernel


def check_uniform_and_single_weights(m: SimpleNamespace) -> None:
    s = similar(2, 5)
    expected = (1 - np.eye(5)) / 4
    close(m.log_weights(s, m.Weighting("uniform", "hard", 0.1, 3)).exp()[1], expected)
    for direction in ("hard", "easy"):
        found = m.log_weights(s, m.Weighting("weight", direction, 0.3, 3)).exp()
        for image in range(2):
            kernel = kernel_of(s[image].numpy(), direction, 0.3)
            close(found[image], kernel / kernel.sum(1, keepdims=True))


def check_plan_after_few_iterations(m: SimpleNamespace) -> None:
    s = similar(2, 6)
    for direction in ("hard", "easy"):
        for domain in ("plain", "log", "auto"):
            for gradient in ("unroll", "implicit", "detach"):
                weighting = m.Weighting("monce", direction, 0.2, 2, gradient, domain)
                found = m.log_weights(s, weighting).exp()
                for image in range(2):
                    close(found[image], plan_by_loops(kernel_of(s[image].numpy(), direction, 0.2), 2))


def check_row_error(m: SimpleNamespace) -> None:
    weights = m.log_weights(similar(2, 6), m.Weighting("monce", "hard", 0.2, 1))
    close(m.row_error(weights), [np.abs(part.exp().numpy().sum(1) - 1).max() for part in weights])
    assert float(m.row_error(weights).min()) > 1e-3


def check_exponential_cost(m: SimpleNamespace) -> None:
    s = similar(2, 5)
    for direction in ("hard", "easy"):
        weighting = m.Weighting("monce", direction, 0.4, 3, ot_cost="exp", ot_eps=0.15)
        found = m.log_weights(s, weighting).exp()
        for image in range(2):
            cost = np.exp(((1 - s[image]) if direction == "hard" else s[image]).numpy() / 0.4)
            np.fill_diagonal(cost, 0.0)
            kernel = np.exp(-cost / cost.max() / 0.15)
            np.fill_diagonal(kernel, 0.0)
            close(found[image], plan_by_loops(kernel, 3))


def check_small_temperature_is_finite(m: SimpleNamespace) -> None:
    s = torch.full((1, 4, 4), 0.9)
    s[:, :, 0], s[:, 0, 1] = -1.0, 0.85
    weights = m.log_weights(s, m.Weighting("monce", "hard", 0.01, 40))
    close(weights.exp().sum(1), np.ones((1, 4)), 1e-4)


def check_loss(m: SimpleNamespace) -> None:
    s = similar(2, 5)
    for mode in ("uniform", "weight", "monce"):
        for q in (0.1, 1.0, 5.0):
            weights = m.log_weights(s, m.Weighting(mode, "hard", 0.1, 5))
            found = m.weighted_nce(s, weights, TAU, q)
            for image in range(2):
                close(found[image], loss_by_loops(s[image].numpy(), weights[image].exp().numpy(), TAU, q))


def check_released_habits(m: SimpleNamespace) -> None:
    s = similar(1, 5)
    for direction, beta, q in (("hard", 5.0, 1.0), ("easy", 2.0, 0.5)):
        weighting = m.Weighting("monce", direction, beta, 4, compat="released", patches=9)
        kernel = np.exp((s[0] if direction == "hard" else 0 - s[0]).numpy() / beta)
        np.fill_diagonal(kernel, math.exp(-10 / beta))
        used = plan_by_loops(kernel, 4) * 8 * q + 1e-8
        found = m.weighted_nce(s, m.negative_weights(s, weighting, q), TAU, q)[0]
        close(found, loss_by_loops(s[0].numpy(), used / (q * 4), TAU, q))
    plain = m.Weighting("weight", "hard", 0.5, 4, compat="released", patches=9)
    close(m.negative_weights(s, plain, 2.0).exp()[0], m.log_weights(s, plain).exp()[0])


def check_similarities(m: SimpleNamespace) -> None:
    queries, keys = draw(2, 4, 3).requires_grad_(True), draw(2, 4, 3, seed=1).requires_grad_(True)
    found = m.similarities(queries, keys)
    for i in range(4):
        for j in range(4):
            x, y = queries[1, i].detach().numpy(), keys[1, j].detach().numpy()
            close(found[1, i, j], x @ y / np.linalg.norm(x) / np.linalg.norm(y), 1e-6)
    found.square().sum().backward()
    assert keys.grad is None and float(queries.grad.abs().max()) > 1e-3
    zero = torch.zeros(1, 3, 2, requires_grad=True)
    m.similarities(zero, zero).sum().backward()
    assert bool(zero.grad.isfinite().all())


def check_layers_keep_their_order(m: SimpleNamespace) -> None:
    counts = (4, 3, 4, 1)
    queries = [draw(2 + layer, count, 3 + layer, seed=layer) for layer, count in enumerate(counts)]
    keys = [draw(2 + layer, count, 3 + layer, seed=9 + layer) for layer, count in enumerate(counts)]
    weighting = m.Weighting("monce", "hard", 0.2, 4)
    found = m.patch_nce(queries, keys, weighting, TAU, 0.5)
    for query, key, losses in zip(queries, keys, found, strict=True):
        s = m.similarities(query, key)
        close(losses, m.weighted_nce(s, m.log_weights(s, weighting), TAU, 0.5))
    assert float(found[3].abs().max()) == 0.0


def check_forces(m: SimpleNamespace) -> None:
    s = similar(1, 4)
    for q in (0.1, 5.0):
        weights = m.log_weights(s, m.Weighting("weight", "hard", 0.3, 3))
        pull, push, unsolved = m.forces(s, weights, TAU, q)
        p = np.exp(-loss_by_loops(s[0].numpy(), weights[0].exp().numpy(), TAU, q))
        close(unsolved[0], 1 - p, 1e-12)
        close(pull[0], (1 - p) / TAU, 1e-11)
        close(push[0], (1 - p) / TAU, 1e-11)


def slopes(m: SimpleNamespace, gradient: str, iterations: int, s: torch.Tensor) -> torch.Tensor:
    s = s.clone().requires_grad_(True)
    weights = m.log_weights(s, m.Weighting("monce", "hard", 0.2, iterations, gradient))
    return torch.autograd.grad(m.weighted_nce(s, weights, TAU, 1.0).sum(), s)[0]


def check_gradients_of_the_plan(m: SimpleNamespace) -> None:
    s = similar(2, 5)
    unrolled, implicit, held = (slopes(m, name, 300, s) for name in ("unroll", "implicit", "detach"))
    close(implicit, unrolled, 1e-11)
    assert float((held - unrolled).abs().max()) > 1e-2
    close(held.sum(2), np.zeros((2, 5)), 1e-11)
    step, place = 1e-6, (1, 0, 3)
    ends = []
    for sign in (1, -1):
        moved = s.clone()
        moved[place] += sign * step
        weights = m.log_weights(moved, m.Weighting("monce", "hard", 0.2, 300))
        ends.append(float(m.weighted_nce(moved, weights, TAU, 1.0).sum()))
    close(unrolled[place], (ends[0] - ends[1]) / (2 * step), 1e-6)


def check_precision(m: SimpleNamespace) -> None:
    queries, keys = draw(1, 6, 5).float(), draw(1, 6, 5, seed=1).float()
    weighting = m.Weighting("monce", "hard", 0.1, 5, "implicit")

    def found(dtype: torch.dtype, cast: bool) -> tuple[torch.Tensor, torch.Tensor]:
        x = queries.to(dtype).requires_grad_(True)
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=cast):
            (losses,) = m.patch_nce([x], [keys.to(dtype)], weighting, TAU, 1.0)
            return losses, torch.autograd.grad(losses.sum(), x)[0]

    single, cast, double = found(torch.float32, False), found(torch.float32, True), found(torch.float64, False)
    assert single[0].dtype == torch.float32 and double[0].dtype == torch.float64
    assert torch.equal(single[0], cast[0])
    close(single[0].double(), double[0].detach(), 1e-4)


def gate_by_transport(scores: np.ndarray, count: float, eta: float) -> np.ndarray:
    """Two atoms at the lowest and the highest score, 600 iterations in the plain domain."""
    cost = np.stack([(scores - scores.min()) ** 2, (scores - scores.max()) ** 2], 1)
    kernel, v = np.exp(-cost / eta), np.ones(2)
    for _ in range(600):
        u = 1 / (kernel @ v)
        v = np.array([len(scores) - count, count]) / (kernel.T @ u)
    return (u[:, None] * kernel * v)[:, 1]


def check_soft_topk(m: SimpleNamespace) -> None:
    scores = torch.tensor([0.1, 0.9, -0.4, 0.35, 0.6, 0.3], dtype=torch.float64)
    for count, eta in ((1, 0.5), (2.5, 0.3), (5, 1.0)):
        gate, threshold = m.soft_topk(scores, count, eta)
        close(gate, gate_by_transport(scores.numpy(), count, eta))
        close(gate, 1 / (1 + np.exp(-2 * 1.3 / eta * (scores - threshold).numpy())))
    inner = scores[3].clone().requires_grad_(True)

    def through(middle: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return m.soft_topk(torch.cat([scores[:3], middle[None], scores[4:]]), 2.5, 0.3)

    assert torch.autograd.gradcheck(through, (inner,))


def check_hard_topk_is_the_limit(m: SimpleNamespace) -> None:
    scores = draw(2, 3, 7)
    gate, threshold = m.hard_topk(scores, 2)
    for row, mask, level in zip(scores.reshape(-1, 7), gate.reshape(-1, 7), threshold.reshape(-1), strict=True):
        highest = row.sort(descending=True).values
        close(mask, (row >= highest[1]).double())
        close(level, (highest[1] + highest[2]) / 2)
    soft = m.soft_topk(scores, 2, 1e-2)
    close(soft[0], gate, 1e-2)
    close(soft[1], threshold, 1e-6)


def check_gated_kernel(m: SimpleNamespace) -> None:
    s = similar(2, 5)
    for selection in ("threshold", "topk", "hard_topk"):
        for direction, sign in (("hard", 1), ("easy", -1)):
            weighting = m.Weighting(
                "weight", direction, 0.2, 3, selection=selection, threshold=0.1, share=0.5, eta=0.3
            )  # fmt: skip
            found = m.log_weights(s, weighting).exp()
            for i in range(5):
                row = s[1, i, [j for j in range(5) if j != i]]
                if selection == "threshold":
                    gate, level = 1 / (1 + np.exp(-(row.numpy() - 0.1) / 0.3)), 0.1
                else:
                    pair = m.soft_topk(row, 2, 0.3) if selection == "topk" else m.hard_topk(row, 2)
                    gate, level = (part.numpy() for part in pair)
                kernel = np.exp(gate * sign * (row.numpy() - level) / 0.2)
                close(found[1, i, [j for j in range(5) if j != i]], kernel / kernel.sum())
    for share, mode in ((1.0, "monce"), (0.0, "uniform")):
        for selection in ("topk", "hard_topk"):
            gated = m.Weighting("monce", "hard", 0.2, 30, selection=selection, share=share)
            plain = m.Weighting(mode, "hard", 0.2, 30)
            close(m.log_weights(s, gated).exp(), m.log_weights(s, plain).exp(), 1e-12)


CHECKS = [value for name, value in list(globals().items()) if name.startswith("check_")]
