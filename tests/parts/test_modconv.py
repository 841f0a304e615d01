"""Modulated convolutions: the fast path against literal forms, and the properties of the product of codes (I9)."""

import math

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.nets.stylegan.modconv import ModulatedConv, StyleBank, modulated_grouped, modulated_kernels


def layer(seed: int = 0, **options) -> ModulatedConv:
    torch.manual_seed(seed)
    made = ModulatedConv(6, 5, options.pop("size", 3), **options)
    with torch.no_grad():
        made.bias.normal_()
        if made.strength is not None:
            made.strength.fill_(0.7)
    return made


def inputs(seed: int = 1, batch: int = 3) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(batch, 6, 8, 8, generator=generator), torch.randn(batch, 6, generator=generator) + 1


@pytest.mark.parametrize("sample", ["same", "up", "down"])
@pytest.mark.parametrize("options", [{}, {"noisy": True}, {"demodulate": False}, {"activated": False}])
def test_activation_scaling_equals_one_kernel_per_sample(sample, options):
    conv, (x, style) = layer(sample=sample, **options), inputs()
    side = {"same": 8, "up": 16, "down": 4}[sample]
    noise = torch.randn(3, 1, side, side)
    assert torch.allclose(conv(x, style, noise), modulated_grouped(conv, x, style, noise), atol=1e-4)


def test_style_one_equals_a_plain_normalised_convolution():
    conv, (x, _) = layer(), inputs()
    kernel = conv.weight / math.sqrt(6 * 9)
    kernel = kernel / (kernel.square().sum((1, 2, 3), keepdim=True) + 1e-8).sqrt()
    expected = math.sqrt(2) * F.leaky_relu(F.conv2d(x, kernel, conv.bias, padding=1), 0.2)
    assert torch.allclose(conv(x, torch.ones(3, 6)), expected, atol=1e-4)


def test_kernels_have_norm_one_after_demodulation():
    _, style = inputs()
    norms = modulated_kernels(layer(), style).square().sum((2, 3, 4)).sqrt()
    assert torch.allclose(norms, torch.ones_like(norms), atol=1e-3)


@given(scale=st.floats(0.05, 50), seed=st.integers(0, 1000))
@settings(max_examples=15, deadline=None)
def test_scaling_one_sample_style_leaves_the_output(scale, seed):
    conv, (x, style) = layer(seed), inputs(seed)
    scaled = style.clone()
    scaled[1] *= scale
    assert torch.allclose(conv(x, scaled), conv(x, style), atol=1e-4)


def test_modulating_and_demodulating_twice_equals_the_product():
    conv, (x, a), (_, b) = layer(activated=False), inputs(1), inputs(2)
    first = modulated_kernels(conv, a)
    second = first * b[:, None, :, None, None]
    second = second * (second.square().sum((2, 3, 4), keepdim=True) + 1e-8).rsqrt()
    expected = torch.cat([F.conv2d(x[i : i + 1], second[i], conv.bias, padding=1) for i in range(3)])
    assert torch.allclose(conv(x, a * b), expected, atol=1e-4)


def test_each_output_depends_on_its_own_style_only():
    conv, (x, style) = layer(sample="up"), inputs()
    assert torch.allclose(conv(x, style)[1:2], conv(x[1:2], style[1:2]), atol=1e-5)


def test_noise_strength_starts_at_zero_and_learns():
    torch.manual_seed(0)
    conv, (x, style) = ModulatedConv(6, 5, 3, noisy=True), inputs()
    noise = torch.randn(3, 1, 8, 8)
    out = conv(x, style, noise)
    assert torch.equal(out, conv(x, style, None))
    out.square().sum().backward()
    assert conv.strength.grad.abs() > 0


def test_gradients_of_both_paths_agree():
    conv, (x, style) = layer(sample="down", noisy=True).double(), inputs()
    x, style = x.double().requires_grad_(), style.double().requires_grad_()
    variables = (x, style, conv.weight, conv.bias)
    for fast, plain in zip(
        torch.autograd.grad(conv(x, style).square().sum(), variables),
        torch.autograd.grad(modulated_grouped(conv, x, style).square().sum(), variables),
        strict=True,
    ):
        assert torch.allclose(fast, plain, atol=1e-6)


def test_demodulation_stays_in_float32_under_autocast():
    conv, (_, style) = layer(), inputs()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert conv.norm(style.bfloat16()).dtype == torch.float32


def bank(combination: str, codes: int = 2) -> StyleBank:
    torch.manual_seed(0)
    return StyleBank([4] * codes, [3, 5], combination)


def test_bank_cuts_one_style_per_layer_from_the_product_of_affines():
    made, a, b = bank("product"), torch.randn(2, 4), torch.randn(2, 4)
    known, unknown = (F.linear(code, m.weight / 2, m.bias) for code, m in zip((a, b), made.affine, strict=True))
    first, second = made([a, b])
    assert torch.allclose(torch.cat([first, second], 1), known * unknown, atol=1e-6)
    assert first.shape == (2, 3) and second.shape == (2, 5)


def test_product_is_symmetric_in_its_codes():
    made, a, b = bank("product"), torch.randn(2, 4), torch.randn(2, 4)
    swapped = bank("product")
    swapped.affine = torch.nn.ModuleList([made.affine[1], made.affine[0]])
    assert torch.allclose(made.joined([a, b]), swapped.joined([b, a]), atol=1e-6)


def test_zero_codes_give_style_one_in_every_combination():
    zeros = [torch.zeros(2, 4), torch.zeros(2, 4)]
    for combination in ("product", "sum", "concat"):
        assert torch.allclose(bank(combination).joined(zeros), torch.ones(2, 8))


def test_sum_adds_and_concat_joins_the_codes():
    a, b = torch.randn(2, 4), torch.randn(2, 4)
    made = bank("sum")
    expected = made.affine[0](a) + made.affine[1](b) - 1
    assert torch.allclose(made.joined([a, b]), expected, atol=1e-6)
    joint = bank("concat")
    assert len(joint.affine) == 1
    assert torch.allclose(joint.joined([a, b]), joint.affine[0](torch.cat([a, b], 1)), atol=1e-6)


def test_bank_takes_any_number_of_codes_and_refuses_the_wrong_one():
    assert bank("product", codes=3).joined([torch.randn(2, 4)] * 3).shape == (2, 8)
    with pytest.raises(ValueError, match="expected 2 codes, came 1"):
        bank("product").joined([torch.randn(2, 4)])
    with pytest.raises(ValueError, match="product, sum or concat"):
        bank("maximum")
