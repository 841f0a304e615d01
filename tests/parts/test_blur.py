"""The blurred halving and doubling against computations written out by hand."""

import numpy as np
import pytest
import torch

from stages.nets.blur import BlurDown, BlurUp

SIDES = [(2, 2), (3, 2), (4, 4), (5, 8), (7, 5), (9, 9)]


def filtered(padded: np.ndarray, taps: list[float], scale: float) -> np.ndarray:
    """Correlation with the outer product of the taps, a sum over shifted copies."""
    count = len(taps)
    height, width = padded.shape[0] - count + 1, padded.shape[1] - count + 1
    out = np.zeros((height, width))
    for i, a in enumerate(taps):
        for j, b in enumerate(taps):
            out += a * b * scale * padded[i : i + height, j : j + width]
    return out


@pytest.mark.parametrize("sides", SIDES)
def test_halving_is_the_binomial_filter_over_a_mirrored_border(sides):
    x = torch.randn(2, 3, *sides, dtype=torch.float64)
    got = BlurDown()(x)
    assert got.shape[2:] == tuple((side + 1) // 2 for side in sides)
    for row in range(2):
        for channel in range(3):
            padded = np.pad(x[row, channel].numpy(), 1, mode="reflect")
            expected = filtered(padded, [1, 2, 1], 1 / 16)[::2, ::2]
            np.testing.assert_allclose(got[row, channel].numpy(), expected, atol=1e-14)


@pytest.mark.parametrize("sides", SIDES)
def test_doubling_blends_each_pixel_with_its_nearer_neighbours(sides):
    """Even outputs are 1/4 of the pixel before and 3/4 of their own, odd ones 3/4 and 1/4 of the next, both ways."""
    x = torch.randn(2, 2, *sides, dtype=torch.float64)
    got = BlurUp()(x)
    assert got.shape[2:] == tuple(2 * side for side in sides)

    def doubled(values: np.ndarray) -> np.ndarray:
        edged = np.pad(values, ((1, 1), (0, 0)), mode="edge")
        out = np.empty((2 * len(values), values.shape[1]))
        out[::2] = 0.25 * edged[:-2] + 0.75 * edged[1:-1]
        out[1::2] = 0.75 * edged[1:-1] + 0.25 * edged[2:]
        return out

    for row in range(2):
        for channel in range(2):
            expected = doubled(doubled(x[row, channel].numpy()).T).T
            np.testing.assert_allclose(got[row, channel].numpy(), expected, atol=1e-14)


def test_a_constant_image_stays_and_a_checkerboard_goes():
    flat = torch.full((1, 2, 6, 6), 3.0)
    assert torch.allclose(BlurDown()(flat), torch.full((1, 2, 3, 3), 3.0))
    assert torch.allclose(BlurUp()(flat), torch.full((1, 2, 12, 12), 3.0))
    rows, columns = torch.meshgrid(torch.arange(8), torch.arange(8), indexing="ij")
    board = ((rows + columns) % 2 * 2.0 - 1)[None, None]
    assert BlurDown()(board).abs().max() == 0


def test_they_have_no_state_and_a_gradient():
    x = torch.randn(1, 2, 5, 4, dtype=torch.float64, requires_grad=True)
    for layer in (BlurDown(), BlurUp()):
        assert not layer.state_dict()
        assert torch.autograd.gradcheck(layer, (x,))
