"""SPADE's generator and the options of its block; GANSeg's use of the block stays as it was, bit for bit."""

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from stages.engine.chance import initialised
from stages.nets.spade import Spade, SpadeBlock
from stages.nets.spade_generator import SpadeGenerator
from tests.parts.counting import parameters, unfilled


class FirstSpade(nn.Module):
    """The norm as GANSeg was built with it, kept here to compare with."""

    def __init__(self, channels: int, style: int, hidden: int, slope: float):
        super().__init__()
        self.slope = slope
        self.norm = nn.BatchNorm2d(channels, affine=False)
        self.shared = nn.Conv2d(style, hidden, 3, padding=1)
        self.heads = nn.Conv2d(hidden, 2 * channels, 3, padding=1)

    def steered(self, normal: Tensor, style: Tensor) -> Tensor:
        gamma, beta = self.heads(F.leaky_relu(self.shared(style), self.slope)).chunk(2, 1)
        return torch.addcmul(normal + beta, gamma, normal)

    def forward(self, x: Tensor, style: Tensor) -> Tensor:
        return self.steered(self.norm(x), style)


class FirstBlock(nn.Module):
    """The block as GANSeg was built with it."""

    def __init__(self, channels: int, out: int, style: int, hidden: int, slope: float):
        super().__init__()
        self.slope, middle = slope, min(channels, out)
        self.first, self.second = (FirstSpade(width, style, hidden, slope) for width in (channels, middle))
        self.conv1 = nn.Conv2d(channels, middle, 3, padding=1)
        self.conv2 = nn.Conv2d(middle, out, 3, padding=1)
        self.beside = self.shortcut = None
        if channels != out:
            self.beside = FirstSpade(channels, style, hidden, slope)
            self.beside.norm = self.first.norm
            self.shortcut = nn.Conv2d(channels, out, 3, padding=1)

    def forward(self, x: Tensor, style: Tensor) -> Tensor:
        normal = self.first.norm(x)
        h = self.conv1(F.leaky_relu(self.first.steered(normal, style), self.slope))
        h = self.conv2(F.leaky_relu(self.second(h, style), self.slope))
        if self.shortcut is None:
            return h + x
        return h + self.shortcut(self.beside.steered(normal, style))


@pytest.mark.parametrize("widths", [(6, 4), (4, 4), (3, 5)])
def test_the_block_of_ganseg_keeps_names_start_outputs_and_gradients(widths):
    built = []
    for kind in (FirstBlock, SpadeBlock):
        with initialised(7, "block"):
            net = kind(*widths, 3, 8, 0.2)
        built.append(net)
    first, now = (net.state_dict() for net in built)
    assert list(first) == list(now) and all(torch.equal(first[name], now[name]) for name in first)
    x, style = torch.randn(2, widths[0], 6, 5), torch.randn(2, 3, 6, 5)
    results = []
    for net in built:
        trained = net.train()(x, style)
        trained.square().sum().backward()
        results.append([trained, net.eval()(x, style), *[p.grad for p in net.parameters()], *net.buffers()])
    assert all(torch.equal(a, b) for a, b in zip(*results, strict=True))


@pytest.mark.parametrize(("labels", "expected"), [(151, 96_492_483), (19, 92_538_819), (20, 92_568_771)])
def test_printed_numbers_of_parameters(labels, expected):
    with unfilled():
        net = SpadeGenerator(labels, 64, 128, 5, 0.02)
    assert parameters(net) == expected
    assert [block.conv2.out_channels for block in net.blocks] == [1024, 1024, 1024, 512, 256, 128, 64]
    assert net.last.in_channels == 64


def test_the_demo_has_three_doublings_and_reads_four_widths():
    net = SpadeGenerator(13, 4, 16, 3, 1.0)
    assert net.last.in_channels == 16 and len(net.blocks) == 5
    assert net.stem.out_channels == 64 and net.blocks[0].first.shared.out_channels == 16
    sides: list[tuple] = []
    for block in net.blocks:
        block.register_forward_hook(lambda module, given, out: sides.append((given[0].shape[2], out.shape[1])))
    condition = F.one_hot(torch.randint(0, 13, (2, 64, 32)), 13).permute(0, 3, 1, 2).float()
    image = net(condition)
    assert image.shape == (2, 3, 64, 32) and image.abs().max() < 1
    assert sides == [(8, 64), (16, 64), (16, 64), (32, 32), (64, 16)]
    with pytest.raises(ValueError, match="multiples of 8, got 60 x 32"):
        net(condition[:, :, :60])


@pytest.mark.parametrize(("width", "doublings"), [(64, 0), (1, 6), (3, 6)])
def test_widths_that_cannot_be_halved_so_often_are_refused(width, doublings):
    with pytest.raises(ValueError, match=f"got {doublings}"):
        SpadeGenerator(3, width, 4, doublings, 1.0)


def resized(style: Tensor, height: int, width: int) -> Tensor:
    rows = torch.arange(height) * style.shape[2] // height
    columns = torch.arange(width) * style.shape[3] // width
    return style[:, :, rows][:, :, :, columns]


def test_a_style_of_another_size_is_resized_to_the_nearest():
    norm, block = Spade(3, 2, 4, 0.0).eval(), SpadeBlock(3, 5, 2, 4, 0.2, 0.0, True).eval()
    x, style = torch.randn(1, 3, 4, 6), torch.randn(1, 2, 8, 9)
    small = resized(style, 4, 6)
    for net in (norm, block):
        assert torch.equal(net(x, style), net(x, small))


def test_the_block_of_spade_written_out():
    """As Park et al. print it, with gamma and beta from rectified features and a bare 1x1 shortcut."""
    block = SpadeBlock(6, 4, 3, 8, 0.2, style_slope=0.0, plain_shortcut=True)
    assert block.shortcut.kernel_size == (1, 1) and block.shortcut.bias is None
    x, style = torch.randn(2, 6, 5, 5), torch.randn(2, 3, 5, 5)

    def norm(at: Spade, h: Tensor) -> Tensor:
        plain = F.batch_norm(h, None, None, training=True)
        gamma, beta = at.heads(F.relu(at.shared(style))).chunk(2, 1)
        return plain * (1 + gamma) + beta

    h = block.conv1(F.leaky_relu(norm(block.first, x), 0.2))
    h = block.conv2(F.leaky_relu(norm(block.second, h), 0.2))
    expected = h + block.shortcut(norm(block.beside, x))
    torch.testing.assert_close(block(x, style), expected, rtol=1e-4, atol=1e-5)


def test_the_blocks_convolutions_are_normalised_and_nothing_else():
    with initialised(0, "generator"):
        net = SpadeGenerator(3, 2, 4, 3, 0.02)
    names = {name.split(".parametrizations")[0] for name in net.state_dict() if "original" in name}
    plain = {f"blocks.{at}.conv{n}" for at in range(5) for n in (1, 2)}
    assert names == plain | {"blocks.3.shortcut", "blocks.4.shortcut"}
    net.train()
    for _ in range(20):
        net(torch.randn(1, 3, 16, 16))
    net.eval()
    for name in names:
        weight = net.get_submodule(name).weight.detach().flatten(1)
        assert float(torch.linalg.svdvals(weight)[0]) == pytest.approx(1, abs=0.02)
    # gamma's and beta's weights are drawn each for its own outputs
    with initialised(0, "generator"):
        wide = SpadeGenerator(2, 16, 64, 1, 1.0)
    halves = wide.blocks[0].first.heads.weight.chunk(2)
    for half in halves:
        assert half.std().item() == pytest.approx((2 / (9 * (64 + 256))) ** 0.5, rel=0.02)
