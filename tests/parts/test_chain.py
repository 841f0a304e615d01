"""Compiled pieces between convolutions: the plain layers' values and both gradients, traced without a break."""

import shutil

import pytest
import torch
from torch.autograd import gradcheck, gradgradcheck

from stages.nets import chain
from stages.nets.chain import Chain
from stages.nets.stylegan import chains, resample
from stages.nets.stylegan.equal import EqualConv
from stages.nets.stylegan.generator import Generator
from stages.nets.stylegan.modconv import ModulatedConv
from stages.nets.stylegan.stylegan2 import Discriminator, ResidualDown

LAYOUTS = [torch.contiguous_format, torch.channels_last]


def forget() -> None:
    """What was compiled in tests before."""
    for value in vars(chains).values():
        if isinstance(value, Chain):
            for pieces in (value.value, value.gradient, value.second):
                pieces.made.clear()
        getattr(value, "cache_clear", lambda: None)()


@pytest.fixture
def traced(monkeypatch):
    """Pieces go through torch's compiler as far as the trace, which stops at the first break; nothing is built."""
    forget()
    monkeypatch.setattr(chain, "BUILDING", {"backend": "eager"})
    torch.compiler.reset()
    yield
    forget()


def image(*shape: int, kind: torch.dtype = torch.float64, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=kind)


def told(net: torch.nn.Module, compiled: bool) -> None:
    for module in net.modules():
        if hasattr(module, "compiled"):
            module.compiled = compiled


def twice(net: torch.nn.Module, inputs: tuple, wanted: tuple) -> list[torch.Tensor]:
    """The value, the gradients to `wanted`, and those of the gradients' squares to `wanted` and all parameters."""
    out = net(*inputs)
    first = torch.autograd.grad(out.square().sum(), wanted, create_graph=True)
    penalty = torch.stack([slope.square().sum() for slope in first]).sum()
    variables = (*wanted, *net.parameters())
    second = torch.autograd.grad(penalty, variables, allow_unused=True)
    return [out, *first, *(torch.zeros(()) if one is None else one for one in second)]


def agree(net: torch.nn.Module, inputs: tuple, wanted: tuple, tolerance: float = 1e-12) -> None:
    told(net, False)
    plain = twice(net, inputs, wanted)
    told(net, True)
    for one, other in zip(twice(net, inputs, wanted), plain, strict=True):
        assert one.shape == other.shape and one.dtype == other.dtype
        assert (one - other).abs().max() <= tolerance * max(1.0, float(other.detach().abs().max()))


def learned(net: torch.nn.Module) -> torch.nn.Module:
    """With biases and strengths that are not at their start."""
    with torch.no_grad():
        for number, parameter in enumerate(net.parameters()):
            parameter.add_(image(*parameter.shape, kind=parameter.dtype, seed=number), alpha=0.3)
    return net


@pytest.mark.parametrize("sample", ["same", "up", "down"])
@pytest.mark.parametrize("options", [{"noisy": True}, {"demodulate": False, "activated": False}])
def test_a_modulated_convolution_and_both_its_gradients_are_the_plain_ones(traced, sample, options):
    net = learned(ModulatedConv(3, 4, 3, sample=sample, **options).double())
    x, style = image(2, 3, 8, 8).requires_grad_(), (image(2, 3, seed=1) + 1).requires_grad_()
    side = {"same": 8, "up": 16, "down": 4}[sample]
    agree(net, (x, style, image(2, 1, side, side, seed=2)), (x, style))


@pytest.mark.parametrize("options", [{}, {"down": True}, {"activated": False}, {"bias": False}])
def test_a_plain_convolution_and_both_its_gradients_are_the_plain_ones(traced, options):
    x = image(2, 3, 8, 8).requires_grad_()
    agree(learned(EqualConv(3, 4, 3, **options).double()), (x,), (x,))


def test_a_residual_halving_and_a_discriminator_are_the_plain_ones(traced):
    x = image(4, 3, 8, 8).requires_grad_()
    agree(learned(ResidualDown(3, 4).double()), (x,), (x,))
    agree(learned(Discriminator(3, 8, 64, 8, 2).double()), (x,), (x,))


def test_a_generator_is_the_plain_one(traced):
    net = Generator(8, 32, 8, 6, mapping_layers=1, mapping_rate=0.1).double()
    codes = image(2, net.styles, 6).requires_grad_()
    agree(learned(net), (codes, image(2, net.noise.size, seed=1)), (codes,))


@pytest.mark.parametrize("layout", LAYOUTS)
def test_shifted_sums_are_the_grouped_filters(traced, layout):
    x = image(2, 3, 8, 6).contiguous(memory_format=layout)
    before = torch.nn.functional.conv2d(x, resample.fir(3, 1.0, x.dtype, x.device), padding=2, groups=3)
    pairs = ((chains.DOUBLED(x), resample.up2(x)), (chains.HALVED(x), resample.down2(x)),
             (chains.BEFORE_DOWN(x), before))  # fmt: skip
    for found, plain in pairs:
        assert torch.allclose(found, plain, rtol=0, atol=1e-12)
        assert found.is_contiguous(memory_format=layout)


@pytest.mark.parametrize(
    ("piece", "shapes"),
    [
        (chains.DOUBLED, [(1, 2, 3, 3)]), (chains.HALVED, [(1, 2, 4, 4)]), (chains.BEFORE_DOWN, [(1, 2, 4, 4)]),
        (chains.MODULATED, [(2, 2, 3, 3), (2, 2)]), (chains.MODULATED_FILTERED, [(2, 2, 4, 4), (2, 2)]),
        (chains.demodulation(1e-8, 1.4), [(2, 2), (3, 2, 3, 3)]),
        (chains.modulated_end(True, True, 1.4), [(1, 2, 5, 5), (1, 2, 1, 1), (2,), (1, 1, 4, 4), ()]),
        (chains.plain_end(1.4), [(1, 2, 3, 3), (2,)]),
    ],
)  # fmt: skip
def test_gradients_and_their_gradients_are_those_of_small_steps(traced, piece, shapes):
    inputs = [image(*shape, seed=number).requires_grad_() for number, shape in enumerate(shapes)]
    assert gradcheck(piece, inputs) and gradgradcheck(piece, inputs)


def test_a_third_derivative_is_refused(traced):
    x = image(2, 2, 4, 4).requires_grad_()
    style = image(2, 2, seed=1).requires_grad_()
    (first,) = torch.autograd.grad(chains.MODULATED(x, style).square().sum(), x, create_graph=True)
    (second,) = torch.autograd.grad(first.square().sum(), style, create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        second.square().sum().backward()


def test_each_kind_of_tensors_is_compiled_once(traced):
    for side in (4, 8, 4, 8):
        chains.HALVED(image(1, 2, side, side))
    assert len(chains.HALVED.value.made) == 2 and not chains.HALVED.gradient.made


def test_under_bf16_norms_stay_in_float32_and_images_do_not(traced):
    net = learned(ModulatedConv(3, 4, 3, sample="up", noisy=True))
    x, style, noise = (
        image(2, 3, 8, 8, kind=torch.float32),
        image(2, 3, kind=torch.float32) + 1,
        torch.ones(1, 1, 16, 16),
    )
    with torch.autocast("cpu", dtype=torch.bfloat16):
        plain = net(x, style, noise)
        told(net, True)
        assert net.norm(style.bfloat16()).dtype == torch.float32
        found = net(x, style, noise)
    assert found.dtype == plain.dtype == torch.bfloat16
    assert (found - plain).abs().max() <= 0.03 * plain.abs().max()


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("g++") is None, reason="torch's compiler builds with g++, which is not here")
def test_what_is_built_gives_the_traced_values(tmp_path, monkeypatch):
    forget()
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path))
    net = learned(ModulatedConv(3, 4, 3, noisy=True))
    x = image(2, 3, 8, 8, kind=torch.float32).requires_grad_()
    style = (image(2, 3, kind=torch.float32, seed=1) + 1).requires_grad_()
    agree(net, (x, style, image(2, 1, 8, 8, kind=torch.float32, seed=2)), (x, style), 1e-5)
    assert any(tmp_path.rglob("*.so"))
    forget()
