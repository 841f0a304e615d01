"""BAT-Fill stage 1: the bidirectional and autoregressive transformer over colour tokens."""

from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

Cache = list[tuple[Tensor, Tensor]]


def attention_mask(cells: int, device: torch.device | None = None) -> Tensor:
    """Who may see whom: the first `cells` positions see one another, later ones see those and their own past.

    Source: contrasfill §6.3: a lower triangle over 2 N positions whose top-left N x N block is open.
    Shapes: bool [2N 2N], true = may attend.
    """
    allowed = torch.ones(2 * cells, 2 * cells, dtype=torch.bool, device=device).tril()
    allowed[:cells, :cells] = True
    return allowed


def hole_order(hole: Tensor) -> tuple[Tensor, Tensor]:
    """Each row's hole cells in raster order, padded with visible cells to the longest row.

    Shapes: bool hole [B N] -> cells [B M], bool real [B M] (false on padding); M = most hole cells of a row.
    """
    counts = hole.sum(1)
    longest = int(counts.max())
    order = torch.argsort((~hole).to(torch.uint8), dim=1, stable=True)[:, :longest]
    return order, torch.arange(longest, device=hole.device)[None] < counts[:, None]


class Attention(nn.Module):
    """Multi-head self-attention of the positions from `first` on, which see all that `allowed` lets them see.

    With `kept`, keys and values are written there and read from there.

    Shapes: x [B L W] -> [B L-first W]; allowed bool [L-first L]; kept: keys and values [B H L' W/H], filled up to
        `start`.
    """

    def __init__(self, width: int, heads: int):
        super().__init__()
        self.heads = heads
        self.query, self.key, self.value = nn.Linear(width, width), nn.Linear(width, width), nn.Linear(width, width)
        self.project = nn.Linear(width, width)

    def split(self, x: Tensor) -> Tensor:
        return x.unflatten(2, (self.heads, -1)).transpose(1, 2)

    def forward(
        self, x: Tensor, allowed: Tensor | None, kept: tuple[Tensor, Tensor] | None, start: int, first: int
    ) -> Tensor:
        query, key, value = self.split(self.query(x[:, first:])), self.split(self.key(x)), self.split(self.value(x))
        if kept is not None:
            end = start + x.shape[1]
            kept[0][:, :, start:end], kept[1][:, :, start:end] = key, value
            key, value = kept[0][:, :, :end], kept[1][:, :, :end]
        mixed = F.scaled_dot_product_attention(query, key, value, attn_mask=allowed)
        return self.project(mixed.transpose(1, 2).flatten(2))


class Layer(nn.Module):
    """A pre-norm transformer layer: x + attention(norm x), then + GELU network(norm x).

    Shapes: x [B L W] -> its positions from `first` on [B L-first W]; the rest as `Attention`.
    """

    def __init__(self, width: int, heads: int, hidden: int):
        super().__init__()
        self.norm_attention, self.norm_network = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention = Attention(width, heads)
        self.network = nn.Sequential(nn.Linear(width, hidden), nn.GELU(), nn.Linear(hidden, width))

    def forward(
        self,
        x: Tensor,
        allowed: Tensor | None,
        kept: tuple[Tensor, Tensor] | None = None,
        start: int = 0,
        first: int = 0,
    ) -> Tensor:
        x = x[:, first:] + self.attention(self.norm_attention(x), allowed, kept, start, first)
        return x + self.network(self.norm_network(x))


class Transformer(nn.Module):
    """Predicts each hole token from all visible tokens and the hole tokens before it.

    The sequence: N context positions (visible: token + place; hole: place only), then for the row's hole cells
    p_1 < p_2 < ... a start (place p_1) and the tokens known so far (token of p_j + place p_j, j = 1 .. M-1). Output j
    predicts the token of p_j. The context block is open, so its raster order equals the published order (visible
    first), and rows with different holes share a batch: causality keeps padding at the end unseen. Nothing reads what
    the last layer would make of the context, so it makes the outputs alone.

    A cell has one place, wherever it stands. The public model makes 2 N places (77,231,104 parameters) and reads the
    first N of them for both halves; the N that nothing reads are left out here (76,706,816).

    Source: contrasfill §6.3; BAT-Fill (code), models/bat_model.py.
    Shapes: tokens [B N] (values under the hole are not read), hole bool [B N], targets [B M] -> logits [B M K].
    """

    def __init__(self, cells: int, colours: int, layers: int, width: int, heads: int, hidden: int):
        super().__init__()
        self.cells = cells
        self.token, self.place = nn.Embedding(colours, width), nn.Embedding(cells, width)
        self.layers = nn.ModuleList(Layer(width, heads, hidden) for _ in range(layers))
        self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, colours, bias=False)
        for module in self.modules():
            if isinstance(module, nn.Linear | nn.Embedding):
                nn.init.normal_(module.weight, std=0.02)
            if isinstance(module, nn.Linear) and module.bias is not None:
                nn.init.zeros_(module.bias)

    def context(self, tokens: Tensor, hole: Tensor) -> Tensor:
        """The N context positions. Shapes: tokens [B N], hole [B N] -> [B N W]."""
        return self.token(tokens) * ~hole[..., None] + self.place.weight

    def after(self, targets: Tensor, order: Tensor) -> Tensor:
        """The M positions after the context. Shapes: targets [B M], order [B M] -> [B M W]."""
        places = self.place(order)
        return torch.cat([places[:, :1], (self.token(targets) + places)[:, :-1]], 1)

    def forward(self, tokens: Tensor, hole: Tensor, targets: Tensor, order: Tensor) -> Tensor:
        x = torch.cat([self.context(tokens, hole), self.after(targets, order)], 1)
        allowed = attention_mask(self.cells, x.device)[: x.shape[1], : x.shape[1]]
        for layer in self.layers[:-1]:
            x = layer(x, allowed)
        return self.head(self.norm(self.layers[-1](x, allowed[self.cells :], first=self.cells)))

    def read_context(self, tokens: Tensor, hole: Tensor, room: int) -> Cache:
        """Keys and values of the context block, which never change while tokens are drawn, with room for more."""
        x, cache = self.context(tokens, hole), []
        for layer in self.layers:
            heads = cast(Layer, layer).attention.heads
            shape = (len(x), heads, self.cells + room, x.shape[2] // heads)
            kept = (x.new_empty(shape), x.new_empty(shape))
            x = layer(x, None, kept)
            cache.append(kept)
        return cache

    def next_logits(self, drawn: Tensor | None, places: Tensor, cache: Cache, start: int) -> Tensor:
        """Logits after position `start` of the sequence, which holds the token `drawn` at `places` (no token at first).

        Shapes: drawn [B], places [B] -> logits [B K].
        """
        x = self.place(places)[:, None]
        if drawn is not None:
            x = x + self.token(drawn)[:, None]
        for layer, kept in zip(self.layers, cache, strict=True):
            x = layer(x, None, kept, start)
        return self.head(self.norm(x[:, 0]))


def token_loss(logits: Tensor, targets: Tensor, real: Tensor, total: Tensor) -> Tensor:
    """Cross entropy of the hole tokens, summed over these rows and divided by `total`; visible tokens count nothing.

    Shapes: logits [B M K], targets [B M], real [B M], total scalar -> scalar.
    """
    each = F.cross_entropy(logits.float().flatten(0, 1), targets.flatten(), reduction="none")
    return (each * real.flatten()).sum() / total
