"""BAT-Fill's tokens: the transformer's counts and masks, sampling, and the palette (spec I26)."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.papers.contrasfill.methods.batfill import palette
from stages.papers.contrasfill.methods.batfill.sampling import draw_token, fill
from stages.papers.contrasfill.methods.batfill.transformer import Transformer, attention_mask, hole_order, token_loss

N, K = 16, 7  # cells and colours of the small transformer


def small_transformer(seed: int = 0) -> Transformer:
    torch.manual_seed(seed)
    net = Transformer(N, K, layers=2, width=24, heads=3, hidden=32)
    for parameter in net.parameters():  # far from the small initial values, so that every input matters
        torch.nn.init.normal_(parameter, std=0.3)
    return net.eval()


def small_rows(rows: int = 4, seed: int = 1) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    tokens = torch.randint(0, K, (rows, N), generator=generator)
    hole = torch.rand(rows, N, generator=generator) < 0.5
    hole[:, 3] = True
    return tokens, hole


def fill_plainly(net, tokens, hole, uniform, temperature, top_k):
    """The whole sequence again for every token, as published: the reference for `fill`."""
    filled = tokens.masked_fill(hole, 0)
    order, real = hole_order(hole)
    rows, targets = torch.arange(len(tokens)), torch.zeros_like(order)
    for j in range(order.shape[1]):
        logits = net(tokens, hole, targets, order)[:, j]
        targets[:, j] = draw_token(logits, uniform[rows, order[:, j]], temperature, top_k)
        filled[rows, order[:, j]] = torch.where(real[:, j], targets[:, j], filled[rows, order[:, j]])
    return filled


# Transformer


def test_transformer_has_the_published_parameters_without_the_places_that_nothing_reads():
    with torch.device("meta"):
        net = Transformer(32 * 32, 512, layers=24, width=512, heads=8, hidden=2048)
    # Published: 77,231,104 with 2 x 1,024 places of 512, of which the model reads the first 1,024.
    assert sum(parameter.numel() for parameter in net.parameters()) == 77_231_104 - 1024 * 512


def published_logits(net: Transformer, tokens: list[int], hole: list[bool]) -> torch.Tensor:
    """The public model in float64 for one row, written out: 2 N places whose second half is set to the first.

    Its sequence: visible tokens with their places; the places of hole cells; the first hole cell's place again, and the
    hole tokens but the last with theirs. The first N positions see one another, a later one those and its own past.
    """
    weight = {name: value.detach().double() for name, value in net.state_dict().items()}
    table = torch.cat([weight["place.weight"], weight["place.weight"]])
    seen, hidden = [c for c in range(N) if not hole[c]], [c for c in range(N) if hole[c]]
    x = [weight["token.weight"][tokens[c]] + table[c] for c in seen] + [table[c] for c in hidden]
    x += [table[N + hidden[0]]] + [weight["token.weight"][tokens[c]] + table[N + c] for c in hidden[:-1]]
    x = torch.stack(x)

    def linear(name, value):
        return value @ weight[f"{name}.weight"].T + weight[f"{name}.bias"]

    def norm(name, value):
        centred = value - value.mean(-1, keepdim=True)
        scaled = centred / (centred.square().mean(-1, keepdim=True) + 1e-5).sqrt()
        return scaled * weight[f"{name}.weight"] + weight[f"{name}.bias"]

    for number in range(2):
        layer = f"layers.{number}"
        y = norm(f"{layer}.norm_attention", x)
        query, key, value = (linear(f"{layer}.attention.{name}", y) for name in ("query", "key", "value"))
        mixed = torch.zeros_like(x)
        for i in range(len(x)):
            last = max(N, i + 1)
            for head in range(0, x.shape[1], 8):  # three heads of width 8
                columns = slice(head, head + 8)
                score = torch.stack([query[i, columns] @ key[j, columns] for j in range(last)]) / math.sqrt(8)
                mixed[i, columns] = torch.softmax(score, 0) @ value[:last, columns]
        x = x + linear(f"{layer}.attention.project", mixed)
        y = linear(f"{layer}.network.0", norm(f"{layer}.norm_network", x))
        x = x + linear(f"{layer}.network.2", y * 0.5 * (1 + torch.erf(y / math.sqrt(2))))
    return norm("norm", x[N:]) @ weight["head.weight"].T


def test_both_halves_of_the_sequence_read_the_same_places():
    net, (tokens, hole) = small_transformer().double(), small_rows(3)
    order, real = hole_order(hole)
    logits = net(tokens, hole, tokens.gather(1, order), order)
    for row in range(3):
        expected = published_logits(net, tokens[row].tolist(), hole[row].tolist())
        assert torch.allclose(logits[row][real[row]], expected, atol=1e-12)


def test_the_last_layer_makes_the_outputs_alone():
    net, (tokens, hole) = small_transformer(), small_rows()
    order, _ = hole_order(hole)
    rows = []
    for layer in net.layers:
        layer.network.register_forward_hook(lambda net, given, made: rows.append(made.shape[1]))
    net(tokens, hole, tokens.gather(1, order), order)
    assert rows == [N + order.shape[1]] * (len(net.layers) - 1) + [order.shape[1]]


def test_initial_weights_are_small_normal_and_biases_zero():
    torch.manual_seed(0)
    net = Transformer(64, 32, layers=2, width=64, heads=4, hidden=256)
    assert net.token.weight.std().item() == pytest.approx(0.02, rel=0.1)
    assert net.head.bias is None and not net.layers[0].network[0].bias.any()


def test_attention_mask_opens_the_context_and_is_causal_after_it():
    allowed = attention_mask(3)
    expected = torch.tensor([[1, 1, 1, 0, 0, 0], [1, 1, 1, 0, 0, 0], [1, 1, 1, 0, 0, 0],
                             [1, 1, 1, 1, 0, 0], [1, 1, 1, 1, 1, 0], [1, 1, 1, 1, 1, 1]], dtype=torch.bool)  # fmt: skip
    assert torch.equal(allowed, expected)
    full = attention_mask(1024)
    assert full[:1024, :1024].all() and not full[:1024, 1024:].any() and full[1024:, :1024].all()


def test_hole_order_lists_hole_cells_in_raster_order_and_marks_padding():
    order, real = hole_order(torch.tensor([[0, 1, 0, 1, 1], [1, 0, 0, 0, 0]], dtype=torch.bool))
    assert order[0].tolist() == [1, 3, 4] and order[1, 0] == 0
    assert real.tolist() == [[True, True, True], [True, False, False]]


def test_logits_ignore_tokens_under_the_hole_and_later_targets():
    net, (tokens, hole) = small_transformer(), small_rows()
    order, _ = hole_order(hole)
    targets = tokens.gather(1, order)
    logits = net(tokens, hole, targets, order)
    other = torch.where(hole, (tokens + 3) % K, tokens)
    assert torch.equal(net(other, hole, targets, order), logits)
    changed = targets.clone()
    changed[:, 2] = (changed[:, 2] + 1) % K
    after = net(tokens, hole, changed, order)
    assert torch.equal(after[:, :3], logits[:, :3]), "output j reads targets before j only"
    assert not torch.allclose(after[:, 3], logits[:, 3])


def test_logits_depend_on_visible_tokens():
    net, (tokens, hole) = small_transformer(), small_rows()
    order, _ = hole_order(hole)
    targets = tokens.gather(1, order)
    other = torch.where(hole, tokens, (tokens + 1) % K)
    assert not torch.allclose(net(other, hole, targets, order), net(tokens, hole, targets, order))


def test_row_with_a_small_hole_is_unmoved_by_its_neighbours_padding():
    net, (tokens, hole) = small_transformer(), small_rows()
    hole[0] = torch.arange(N) == 5
    order, _ = hole_order(hole)
    together = net(tokens, hole, tokens.gather(1, order), order)[0, 0]
    order, _ = hole_order(hole[:1])
    alone = net(tokens[:1], hole[:1], tokens[:1].gather(1, order), order)[0, 0]
    assert torch.allclose(together, alone, atol=1e-5)


def test_token_loss_is_the_mean_over_hole_tokens_only():
    logits = torch.randn(2, 3, K, generator=torch.Generator().manual_seed(0))
    targets = torch.tensor([[1, 2, 3], [4, 5, 6]])
    real = torch.tensor([[True, True, False], [True, False, False]])
    shares = torch.softmax(logits.double(), -1)
    by_hand = -sum(math.log(shares[b, j, targets[b, j]]) for b, j in ((0, 0), (0, 1), (1, 0))) / 3
    assert token_loss(logits, targets, real, real.sum()).item() == pytest.approx(by_hand, rel=1e-5)
    uniform = token_loss(torch.zeros(2, 3, K), targets, real, real.sum())
    assert uniform.item() == pytest.approx(math.log(K), rel=1e-6)


def test_transformer_learns_a_rule_that_needs_the_context():
    torch.manual_seed(3)
    net = Transformer(N, K, layers=2, width=32, heads=4, hidden=64)
    optimiser = torch.optim.AdamW(net.parameters(), lr=5e-3)
    hole = (torch.arange(N) >= 12).expand(16, N)
    order, real = hole_order(hole)
    for _ in range(60):
        tokens = torch.randint(0, K, (16, 1)).expand(16, N)  # every cell has the colour of the first
        targets = tokens.gather(1, order)
        loss = token_loss(net(tokens, hole, targets, order), targets, real, real.sum())
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert loss.item() < 0.5 < math.log(K)


# Sampling


def test_cached_sampling_equals_uncached_sampling():
    net, (tokens, hole) = small_transformer(), small_rows(6)
    uniform = torch.rand(6, N, generator=torch.Generator().manual_seed(2))
    for temperature, top_k in ((1.0, 50), (1.0, 3), (0.5, K)):
        cached, plain = (draw(net, tokens, hole, uniform, temperature, top_k) for draw in (fill, fill_plainly))
        assert torch.equal(cached, plain)


def test_cached_logits_equal_uncached_logits():
    net, (tokens, hole) = small_transformer(), small_rows()
    order, _ = hole_order(hole)
    targets = tokens.gather(1, order)
    expected = net(tokens, hole, targets, order)
    cache, drawn, places = net.read_context(tokens, hole, order.shape[1]), None, order[:, 0]
    for j in range(order.shape[1]):
        assert torch.allclose(net.next_logits(drawn, places, cache, N + j), expected[:, j], atol=1e-5)
        drawn, places = targets[:, j], order[:, j]


def test_fill_keeps_visible_tokens_and_draws_the_rest():
    net, (tokens, hole) = small_transformer(), small_rows()
    uniform = torch.rand(4, N, generator=torch.Generator().manual_seed(2))
    filled = fill(net, tokens, hole, uniform, 1.0, 50)
    assert torch.equal(filled[~hole], tokens[~hole])
    assert torch.equal(fill(net, torch.where(hole, 0, tokens), hole, uniform, 1.0, 50), filled), "the hole is not read"
    assert torch.equal(fill(net, tokens, torch.zeros_like(hole), uniform, 1.0, 50), tokens)


def test_rows_are_filled_alike_alone_and_together():
    net, (tokens, hole) = small_transformer(), small_rows(5)
    uniform = torch.rand(5, N, generator=torch.Generator().manual_seed(4))
    together = fill(net, tokens, hole, uniform, 1.0, 50)
    for row in range(5):
        alone = fill(net, tokens[row : row + 1], hole[row : row + 1], uniform[row : row + 1], 1.0, 50)
        assert torch.equal(alone[0], together[row])


def test_draw_token_inverts_the_distribution_function():
    logits = torch.log(torch.tensor([[0.1, 0.2, 0.3, 0.4]])).expand(6, 4)
    uniform = torch.tensor([0.0, 0.0999, 0.1001, 0.2999, 0.3001, 0.9999])
    assert draw_token(logits, uniform, 1.0, 50).tolist() == [0, 0, 1, 1, 2, 3]
    assert draw_token(logits, uniform, 1.0, 2).tolist() == [2, 2, 2, 2, 2, 3], "top 2 leaves 3/7 and 4/7"
    # At a temperature of 2 odds of 1 to 4 are 1 to 2, at one of a half 1 to 16.
    odds, uniform = torch.log(torch.tensor([[1.0, 4.0]])).expand(3, 2), torch.tensor([0.05, 0.33, 0.34])
    assert draw_token(odds, uniform, 2.0, 50).tolist() == [0, 0, 1]
    assert draw_token(odds, uniform, 0.5, 50).tolist() == [0, 1, 1]


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 8), st.floats(0.3, 3.0))
def test_draw_token_never_leaves_the_top_k(seed, top_k, temperature):
    generator = torch.Generator().manual_seed(seed)
    logits, uniform = 5 * torch.randn(16, 8, generator=generator), torch.rand(16, generator=generator)
    drawn = draw_token(logits, uniform, temperature, top_k)
    assert (logits.argsort(dim=1, descending=True)[:, :top_k] == drawn[:, None]).any(1).all()


def test_draw_token_follows_the_probabilities():
    shares = torch.tensor([0.5, 0.25, 0.125, 0.125])
    uniform = (torch.arange(8000) + 0.5) / 8000
    drawn = draw_token(shares.log().expand(8000, 4), uniform, 1.0, 50)
    assert torch.allclose(torch.bincount(drawn, minlength=4) / 8000, shares, atol=1e-3)


# Palette and cells


def test_quantise_takes_the_nearest_colour_and_is_idempotent():
    colours = torch.tensor([[-1.0, -1, -1], [0, 0, 0], [1, 1, 1], [1, -1, -1]])
    image = torch.rand(3, 3, 4, 4, generator=torch.Generator().manual_seed(0)) * 2 - 1
    tokens = palette.quantise(image, colours)
    by_hand = (image.permute(0, 2, 3, 1).reshape(3, 16, 1, 3) - colours).square().sum(-1).argmin(-1)
    assert torch.equal(tokens, by_hand)
    assert torch.equal(palette.quantise(palette.dequantise(tokens, colours, 4), colours), tokens)


def test_dequantise_keeps_the_raster_order():
    colours = torch.arange(12.0).reshape(4, 3)
    grid = palette.dequantise(torch.tensor([[0, 1, 2, 3]]), colours, 2)
    assert grid[0, :, 0, 1].tolist() == [3, 4, 5] and grid[0, :, 1, 0].tolist() == [6, 7, 8]


def test_a_cell_with_any_masked_pixel_is_hole():
    mask = torch.zeros(1, 1, 8, 8)
    mask[0, 0, 3, 4] = 1
    hole = palette.to_hole_cells(mask, 4)
    assert hole.flatten().nonzero().flatten().tolist() == [1 * 4 + 2]
    assert palette.to_hole_cells(torch.ones(1, 1, 8, 8), 4).all()


def test_visible_tokens_do_not_read_the_hole():
    generator = torch.Generator().manual_seed(0)
    image = torch.rand(2, 3, 8, 8, generator=generator) * 2 - 1
    mask = (torch.rand(2, 1, 8, 8, generator=generator) < 0.2).float()
    colours = torch.rand(K, 3, generator=generator) * 2 - 1
    other = torch.where(mask > 0, -image, image)
    visible = ~palette.to_hole_cells(mask, 4)
    before, after = (palette.quantise(palette.to_cells(x, 4), colours) for x in (image, other))
    assert visible.any() and torch.equal(before[visible], after[visible])


def test_cells_refuse_a_grid_that_does_not_divide():
    with pytest.raises(ValueError, match="grid"):
        palette.to_cells(torch.zeros(1, 3, 32, 32), 12)


def test_learned_palette_finds_the_colours_in_order_of_luminance():
    colours = np.array([[0, 0, 0], [200, 30, 30], [255, 255, 255]], np.uint8)
    images = np.repeat(np.repeat(colours[np.random.default_rng(0).integers(0, 3, (10, 4, 4))], 2, 1), 2, 2)
    learned = palette.learn_palette(images, np.arange(10), 4, 3, 10_000, 0)
    assert torch.allclose(learned, torch.tensor(colours / 127.5 - 1, dtype=torch.float32), atol=1e-6)
    assert torch.equal(learned, palette.learn_palette(images, np.arange(10), 4, 3, 10_000, 0))
    with pytest.raises(ValueError, match="palette_colours"):
        palette.learn_palette(images, np.arange(10), 4, 4, 10_000, 0)


def test_palette_file_is_read_by_digest(tmp_path):
    import hashlib

    colours = np.linspace(-1, 1, 12, dtype=np.float32).reshape(4, 3)
    np.save(tmp_path / "palette.npy", colours)
    np.savez(tmp_path / "palette.npz", centres=colours)
    for name in ("palette.npy", "palette.npz"):
        digest = hashlib.sha256((tmp_path / name).read_bytes()).hexdigest()
        assert np.array_equal(palette.read_palette(tmp_path / name, digest, 4).numpy(), colours)
        with pytest.raises(ValueError, match="sha256"):
            palette.read_palette(tmp_path / name, "0" * 64, 4)
        with pytest.raises(ValueError, match=r"\[5, 3\]"):
            palette.read_palette(tmp_path / name, digest, 5)
    with pytest.raises(FileNotFoundError, match="palette_file"):
        palette.read_palette(tmp_path / "none.npy", "", 4)
