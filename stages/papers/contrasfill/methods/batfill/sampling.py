"""Drawing BAT-Fill's hole tokens one after another, in raster order."""

import torch
from torch import Tensor

from stages.papers.contrasfill.methods.batfill.transformer import Transformer, hole_order


def draw_token(logits: Tensor, uniform: Tensor, temperature: float, top_k: int) -> Tensor:
    """A multinomial draw among the `top_k` most likely tokens, as the inverse of their distribution function.

    token = number of k with F(k) <= u F(K); in float64, so that devices agree on all but the rarest ties.

    Source: contrasfill §6.3 (temperature 1, top-k 50, multinomial).
    Shapes: logits [B K], uniform [B] in [0, 1) -> int64 [B].
    """
    scaled = logits.double() / temperature
    limit = scaled.topk(min(top_k, scaled.shape[-1])).values[:, -1:]
    weights = scaled.masked_fill(scaled < limit, -torch.inf).softmax(-1)
    distribution = weights.cumsum(-1)
    return (distribution <= uniform.double()[:, None] * distribution[:, -1:]).sum(-1)


@torch.no_grad()
def fill(net: Transformer, tokens: Tensor, hole: Tensor, uniform: Tensor, temperature: float, top_k: int) -> Tensor:
    """Tokens with every hole cell drawn, visible cells untouched; keys and values are kept from step to step.

    Shapes: tokens [B N], hole bool [B N], uniform [B N] (one draw per cell) -> [B N].
    """
    filled = tokens.masked_fill(hole, 0)
    order, real = hole_order(hole)
    if order.shape[1] == 0:
        return filled
    rows = torch.arange(len(tokens), device=tokens.device)
    cache = net.read_context(tokens, hole, order.shape[1])
    drawn, previous = None, order[:, 0]
    for j in range(order.shape[1]):
        logits = net.next_logits(drawn, previous, cache, net.cells + j)
        cell = order[:, j]
        drawn, previous = draw_token(logits, uniform[rows, cell], temperature, top_k), cell
        filled[rows, cell] = torch.where(real[:, j], drawn, filled[rows, cell])
    return filled
