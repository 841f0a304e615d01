"""Equalised layers, the mapping, noise planes and the discriminator."""

import math

import pytest
import torch
import torch.nn.functional as F

from stages.nets.stylegan.equal import EqualConv, EqualLinear
from stages.nets.stylegan.mapping import Mapping
from stages.nets.stylegan.noise import NoisePlanes
from stages.nets.stylegan.stylegan2 import (
    Discriminator,
    ResidualDown,
    beside_mask,
    channels_at,
    minibatch_deviation,
    sides_from,
)


def test_linear_scales_weights_and_bias_while_running():
    torch.manual_seed(0)
    layer = EqualLinear(4, 3, start=1.0, rate=0.01)
    assert torch.allclose(layer.bias, torch.full((3,), 100.0))
    assert 50 < layer.weight.std() < 200
    x = torch.randn(2, 4)
    assert torch.allclose(layer(x), F.linear(x, layer.weight * 0.01 / 2, torch.ones(3)), atol=1e-5)


def test_activated_layers_carry_the_gain_of_the_rectifier():
    torch.manual_seed(0)
    linear, conv = EqualLinear(4, 3, start=0.3, activated=True), EqualConv(4, 3, 3)
    x, y = torch.randn(2, 4), torch.randn(2, 4, 5, 5)
    expected = math.sqrt(2) * F.leaky_relu(F.linear(x, linear.weight / 2, linear.bias), 0.2)
    assert torch.allclose(linear(x), expected, atol=1e-6)
    expected = math.sqrt(2) * F.leaky_relu(F.conv2d(y, conv.weight / 6, conv.bias, padding=1), 0.2)
    assert torch.allclose(conv(y), expected, atol=1e-6)


def test_residual_block_divides_the_sum_by_root_two():
    torch.manual_seed(0)
    block, x = ResidualDown(4, 6), torch.randn(2, 4, 8, 8)
    second = EqualConv(4, 6, 3, down=True)
    second.load_state_dict(block.second.state_dict())
    skip = EqualConv(4, 6, 1, bias=False, activated=False)
    skip.load_state_dict(block.skip.state_dict())
    from stages.nets.stylegan.resample import down2

    expected = (second(block.first(x)) + skip(down2(x))) / math.sqrt(2)
    assert torch.allclose(block(x), expected, atol=1e-5)


def test_mapping_ignores_the_length_of_its_code():
    torch.manual_seed(0)
    mapping, z = Mapping(8, 3, 0.01), torch.randn(4, 8)
    assert torch.allclose(mapping(z), mapping(5 * z), atol=1e-5)
    assert len(mapping.layers) == 3


def test_noise_planes_are_cut_in_order_and_constant_for_every_network():
    planes = NoisePlanes([2, 3])
    flat = torch.arange(26.0).reshape(2, 13)
    first, second = planes(flat)
    assert torch.equal(first[1, 0], torch.tensor([[13.0, 14.0], [15.0, 16.0]]))
    assert second.shape == (2, 1, 3, 3) and second[0, 0, 0, 0] == 4
    assert torch.equal(planes.fixed, NoisePlanes([2, 3]).fixed)
    assert planes(None) == [None, None]
    with pytest.raises(ValueError, match="expected 13 numbers per sample, came 12"):
        planes(flat[:, 1:])


def test_channels_and_sides_follow_the_rule():
    assert [channels_at(side, 32768, 512) for side in (4, 64, 128, 256)] == [512, 512, 256, 128]
    assert sides_from(32, 4) == [32, 16, 8, 4]
    with pytest.raises(ValueError, match="power of two"):
        sides_from(48, 4)


def test_deviation_plane_holds_the_mean_deviation_of_strided_groups():
    x = torch.zeros(4, 1, 1, 2)
    x[2, 0, 0] = torch.tensor([2.0, 6.0])  # group of rows 0 and 2: deviations 1 and 3
    out = minibatch_deviation(x, 2)
    assert out.shape == (4, 2, 1, 2)
    assert torch.allclose(out[:, 1, 0, 0], torch.tensor([2.0, 1e-4, 2.0, 1e-4]), atol=1e-5)


def test_deviation_with_an_order_equals_shuffling_the_batch():
    torch.manual_seed(0)
    x, order = torch.randn(8, 3, 2, 2), torch.randperm(8)
    shuffled = minibatch_deviation(x[order], 4)
    assert torch.allclose(minibatch_deviation(x, 4, order=order)[order], shuffled, atol=1e-6)


def test_stacked_parts_never_mix():
    torch.manual_seed(0)
    fake, real, order = torch.randn(8, 3, 2, 2), torch.randn(8, 3, 2, 2), torch.randperm(8)
    both = minibatch_deviation(torch.cat([fake, real]), 4, parts=2, order=order)
    assert torch.allclose(both[:8], minibatch_deviation(fake, 4, order=order), atol=1e-6)
    assert torch.allclose(both[8:], minibatch_deviation(real, 4, order=order), atol=1e-6)


def test_processes_that_gather_agree_with_one_process():
    torch.manual_seed(0)
    fake, real, order = torch.randn(8, 3, 2, 2), torch.randn(8, 3, 2, 2), torch.randperm(8)
    rows = torch.stack([fake.flatten(1), real.flatten(1)], 1)
    whole = minibatch_deviation(torch.cat([fake, real]), 4, parts=2, order=order)
    for rank in range(2):
        own = slice(rank, None, 2)
        part = minibatch_deviation(
            torch.cat([fake[own], real[own]]), 4, parts=2, order=order, gather=lambda x: rows.view(8, 2, -1), own=own
        )
        assert torch.allclose(part, torch.cat([whole[:8][own], whole[8:][own]]), atol=1e-6)


def test_deviation_group_that_does_not_divide_is_refused():
    with pytest.raises(ValueError, match="divisor of the batch of 6"):
        minibatch_deviation(torch.zeros(6, 1, 1, 1), 4)
    assert minibatch_deviation(torch.zeros(1, 1, 1, 1), 4).shape == (1, 2, 1, 1)


@pytest.mark.parametrize(
    ("size", "base", "limit", "count"),
    [(256, 32768, 512, 28_864_257), (64, 4096, 128, 1_465_089), (32, 1024, 64, 289_025)],
)
def test_discriminator_has_the_printed_number_of_parameters(size, base, limit, count):
    with torch.device("meta"):
        net = Discriminator(4, size, base, limit, 4)
    assert sum(p.numel() for p in net.parameters()) == count


def test_discriminator_gives_one_logit_and_sees_the_mask():
    torch.manual_seed(0)
    net, image = Discriminator(4, 32, 256, 16, 4), torch.randn(4, 3, 32, 32)
    nothing, all_of_it = torch.zeros(4, 1, 32, 32), torch.ones(4, 1, 32, 32)
    assert net(beside_mask(image, nothing)).shape == (4, 1)
    assert not torch.allclose(net(beside_mask(image, nothing)), net(beside_mask(image, all_of_it)))
    with pytest.raises(ValueError, match="expected side 32, came 16"):
        net(beside_mask(image, nothing)[:, :, :16, :16])


def test_mask_joins_the_image_in_the_image_layout():
    image = torch.randn(2, 3, 8, 8).contiguous(memory_format=torch.channels_last)
    joined = beside_mask(image, torch.ones(2, 1, 8, 8))
    assert joined.is_contiguous(memory_format=torch.channels_last)
    assert torch.equal(joined[:, 0], torch.full((2, 8, 8), -0.5)) and torch.equal(joined[:, 1:], image)
