"""The weights of the negatives of every anchor: alike, by similarity, or coupled over an image by optimal transport."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from stages.losses.precision import full_precision, no_autocast
from stages.losses.topk import select
from stages.losses.weighting import Weighting

PLAIN_FROM = 0.05  # below it e^{-2 / beta} leaves the range of float32 within a few iterations (spec 4.4)
RELEASED_DIAGONAL = -10.0  # MoNCE (code): the similarity that stands on the kernel's diagonal
RIDGE = 1e-14  # lets the implicit solve pass where the plan falls apart into blocks and the system is singular


def log_weights(similarity: Tensor, weighting: Weighting) -> Tensor:
    """log w_ij of negative j for anchor i, with -inf on the diagonal, always in float32 (float64 stays).

    uniform: w_ij = 1 / (N - 1)
    weight:  w_ij = K_ij / sum_{l != i} K_il
    monce:   w = diag(u) K diag(v), the plan with unit row and column sums; columns are exact, rows within row_error

    K_ij = e^{s_ij / beta} (hard) or e^{-s_ij / beta} (easy), 0 on the diagonal: the 1 of e^{(1 - s) / beta} cancels.

    Source: MoNCE supp §2 and code (spec 4.3, 4.4). The released code has no WeightNCE: there compat changes nothing.
    Shapes: similarity [B N N], row = anchor -> [B N N]; N = 1 has no negatives and gives -inf alone.
    Raises: ValueError for similarities that are not square.
    """
    if similarity.ndim != 3 or similarity.shape[1] != similarity.shape[2]:
        raise ValueError(f"log_weights: expected similarities [B N N], came {tuple(similarity.shape)}")
    count = similarity.shape[1]
    similarity = full_precision(similarity.detach() if weighting.gradient == "detach" else similarity)
    with no_autocast(similarity):
        if count == 1 or weighting.mode == "uniform":
            weights = torch.full_like(similarity, -math.log(max(count - 1, 1)))
        elif weighting.mode == "weight":
            weights = log_kernel(similarity, weighting).log_softmax(2)
        else:
            weights = transport_plan(log_kernel(similarity, weighting), weighting)
    return weights.masked_fill(on_diagonal(weights), -torch.inf)


def log_kernel(similarity: Tensor, weighting: Weighting) -> Tensor:
    """log K, up to a constant in each row. Shapes: [B N N] -> [B N N]."""
    sign = 1.0 if weighting.direction == "hard" else -1.0
    diagonal = on_diagonal(similarity)
    if weighting.mode == "monce" and weighting.ot_cost == "exp":
        exponent = (-sign / weighting.beta * similarity).masked_fill(diagonal, -torch.inf)
        kernel = -(exponent - exponent.amax((1, 2), keepdim=True)).exp() / weighting.ot_eps
    elif weighting.selection == "none":
        kernel = sign / weighting.beta * similarity
    else:
        gate, threshold = select(similarity, weighting)
        kernel = gate * (sign / weighting.beta * (similarity - threshold))
    released = weighting.mode == "monce" and weighting.compat == "released"
    return kernel.masked_fill(diagonal, RELEASED_DIAGONAL / weighting.beta if released else -torch.inf)


def transport_plan(kernel: Tensor, weighting: Weighting) -> Tensor:
    """log T of a log-kernel, in the domain and with the gradient that the weighting asks for. [B N N] -> [B N N]."""
    entropy = weighting.ot_eps if weighting.ot_cost == "exp" else weighting.beta
    plain = entropy >= PLAIN_FROM if weighting.domain == "auto" else weighting.domain == "plain"
    if weighting.gradient == "implicit":
        return ImplicitPlan.apply(kernel, weighting.iterations, plain)
    return sinkhorn(kernel, weighting.iterations, plain)


def sinkhorn(kernel: Tensor, iterations: int, plain: bool) -> Tensor:
    """log(diag(u) K diag(v)) after so many times u = 1 / (K v), v = 1 / (K' u), from v = 1.

    The plain domain takes each row's maximum out of the kernel first (u absorbs it), so that no e^x overflows. With no
    iteration at all it is the kernel itself, up to a constant in each row.

    Source: Cuturi 2013; MoNCE (code: 50 iterations, rows first).
    Shapes: log-kernel [B N N], some finite entry in each row and column -> [B N N].
    """
    if plain:
        kernel = kernel - kernel.detach().amax(2, keepdim=True)
        ratio, u, v = kernel.exp(), torch.ones_like(kernel[:, :, :1]), torch.ones_like(kernel[:, :, :1])
        for _ in range(iterations):
            u = 1 / (ratio @ v)
            v = 1 / (ratio.transpose(1, 2) @ u)
        return kernel + u.log() + v.log().transpose(1, 2)
    rows, columns = torch.zeros_like(kernel[:, :, :1]), torch.zeros_like(kernel[:, :1, :])
    for _ in range(iterations):
        rows = -(kernel + columns).logsumexp(2, keepdim=True)
        columns = -(kernel + rows).logsumexp(1, keepdim=True)
    return kernel + rows + columns


class ImplicitPlan(torch.autograd.Function):
    """Sinkhorn's plan with the gradient of its fixed point: one solve in float64 in place of all iterations.

    With A = dL / dlog T:  (I - T'T + 11'/N) b = A'1 - T'A 1,  a = A 1 - T b,  dL / dlog K = A - T * (a 1' + 1 b').

    Source: implicit function theorem on T 1 = 1, T' 1 = 1 (spec 8.9).
    """

    @staticmethod
    def forward(ctx: Any, kernel: Tensor, iterations: int, plain: bool) -> Tensor:
        plan = sinkhorn(kernel, iterations, plain)
        ctx.save_for_backward(plan)
        return plan

    @staticmethod
    @once_differentiable
    def backward(  # pyright: ignore[reportIncompatibleMethodOverride]  # it has the one output's gradient alone
        ctx: Any, slope: Tensor
    ) -> tuple[Tensor, None, None]:
        (saved,) = ctx.saved_tensors
        with no_autocast(slope):
            plan, mass = saved.double().exp(), slope.double().masked_fill(saved == -torch.inf, 0.0)
            size = plan.shape[1]
            rows, columns = mass.sum(2, keepdim=True), mass.sum(1).unsqueeze(2)
            turned = plan.transpose(1, 2)
            eye = torch.eye(size, dtype=plan.dtype, device=plan.device)
            system = (1 + RIDGE) * eye - turned @ plan + 1 / size
            b = torch.linalg.solve(system, columns - turned @ rows)
            a = rows - plan @ b
            return (mass - plan * (a + b.transpose(1, 2))).to(slope.dtype), None, None


def row_error(weights: Tensor) -> Tensor:
    """max_i |sum_j w_ij - 1|: how far the last iteration left the rows. Shapes: log-weights [B N N] -> [B]."""
    return (weights.detach().exp().sum(2) - 1).abs().amax(1)


def on_diagonal(square: Tensor) -> Tensor:
    """bool [N N]."""
    return torch.eye(square.shape[-1], dtype=torch.bool, device=square.device)
