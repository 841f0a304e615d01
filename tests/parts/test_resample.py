"""Resampling by two: fast forms against their definitions, and hand-computed values."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.nets.stylegan import resample


def image(side: int, channels: int = 3, seed: int = 0) -> torch.Tensor:
    return torch.randn(2, channels, side, side, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_up2_gives_the_hand_computed_polyphase_values():
    x = torch.tensor([[[[4.0, 8.0], [4.0, 8.0]]]])
    row = torch.tensor([3.0, 5.0, 7.0, 6.0])  # (3a)/4, (3a+b)/4, (a+3b)/4, (3b)/4: zero outside the border
    column = torch.tensor([0.75, 1.0, 1.0, 0.75])
    assert torch.allclose(resample.up2(x)[0, 0], torch.outer(column, row))


def test_down2_gives_the_hand_computed_value_of_one_pixel():
    x = torch.zeros(1, 1, 4, 4)
    x[0, 0, 1, 1] = 64.0
    assert torch.equal(resample.down2(x)[0, 0], torch.tensor([[9.0, 3.0], [3.0, 1.0]]))


@given(side=st.sampled_from([4, 6, 8]), seed=st.integers(0, 1000))
@settings(max_examples=10, deadline=None)
def test_fast_forms_equal_their_definitions(side, seed):
    x = image(side, seed=seed)
    weight = torch.randn(5, 3, 3, 3, generator=torch.Generator().manual_seed(seed + 1), dtype=torch.float64)
    for fast, plain in (
        (resample.up2(x), resample.up2_plain(x)),
        (resample.down2(x), resample.down2_plain(x)),
        (resample.conv_up(x, weight), resample.conv_up_plain(x, weight)),
        (resample.conv_down(x, weight), resample.conv_down_plain(x, weight)),
    ):
        assert fast.shape == plain.shape
        assert torch.allclose(fast, plain, atol=1e-12)


def test_up_doubles_and_down_halves_the_side():
    x = image(8)
    assert resample.up2(x).shape[-1] == 16
    assert resample.down2(x).shape[-1] == 4


def test_constant_survives_up_then_down_away_from_borders():
    x = torch.full((1, 2, 12, 12), 0.7, dtype=torch.float64)
    inner = resample.down2(resample.up2(x))[:, :, 2:-2, 2:-2]
    assert torch.allclose(inner, torch.full_like(inner, 0.7), atol=1e-12)


def test_up_is_four_times_the_transpose_of_down():
    x, y = image(4, seed=1), image(8, seed=2)
    assert torch.allclose((resample.up2(x) * y).sum(), 4 * (x * resample.down2(y)).sum(), atol=1e-10)


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_memory_layout_does_not_change_values(layout):
    x = image(8)
    weight = torch.randn(4, 3, 3, 3, dtype=torch.float64)
    found = resample.conv_up(x.contiguous(memory_format=layout), weight)
    assert torch.allclose(found, resample.conv_up_plain(x, weight))


def test_cached_filter_can_be_learned_through_after_inference_mode():
    resample.fir.cache_clear()
    with torch.inference_mode():
        resample.up2(torch.zeros(1, 7, 4, 4))
    x = torch.zeros(1, 7, 4, 4, requires_grad=True)
    resample.up2(x).sum().backward()
    assert x.grad.abs().sum() > 0
