"""Strided 1x1 convolutions: torch's, value by value and byte by byte, and without its damage on the CPU."""

import subprocess
import sys

import pytest
import torch
from torch import nn

from stages.nets.encoders.irse import Unit
from stages.nets.projection import Projection
from stages.nets.trunks.resnet import BasicBlock, Bottleneck
from tests.conftest import ROOT

# Twice the losses of a small network whose pictures lie channels last, as those of a generator may.
TRAINED = """
import torch
from stages.nets.{module} import {kind}

torch.manual_seed(0)
torch.set_num_threads(1)
net = {kind}(4, {out}, 2)
for _ in range(200):
    picture = torch.randn(4, 4, 16, 16).to(memory_format=torch.channels_last).requires_grad_()
    (net(picture) * 2).square().mean().backward()
"""


@pytest.mark.parametrize(
    ("module", "kind", "out"),
    [("trunks.resnet", "BasicBlock", 8), ("trunks.resnet", "Bottleneck", 2), ("encoders.irse", "Unit", 16)],
)
def test_pictures_that_lie_channels_last_damage_no_memory(module, kind, out):
    """torch 2.15's backward of a strided 1x1 convolution in that layout writes beyond its memory: the process dies."""
    code = TRAINED.format(module=module, kind=kind, out=out)
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, f"exit code {done.returncode}: {done.stderr[-300:]}"


@pytest.mark.parametrize("stride", [1, 2])
def test_a_projection_is_torch_s_convolution(stride):
    torch.manual_seed(0)
    ours, theirs = Projection(6, 10, stride), nn.Conv2d(6, 10, 1, stride, bias=False)
    theirs.load_state_dict(ours.state_dict())
    found = []
    for net in (ours, theirs):
        picture = torch.randn(3, 6, 9, 9, generator=torch.Generator().manual_seed(1)).requires_grad_()
        made = net(picture)
        made.square().sum().backward()
        found.append((made, picture.grad, net.weight.grad))
    assert all(torch.equal(one, other) for one, other in zip(*found, strict=True))


def test_layouts_change_no_value():
    torch.manual_seed(0)
    net = Projection(6, 10, 2)
    picture = torch.randn(3, 6, 9, 9)
    plain = net(picture)
    assert torch.equal(net(picture.to(memory_format=torch.channels_last)), plain)
    assert torch.equal(net.to(memory_format=torch.channels_last)(picture), plain)  # pyright: ignore[reportCallIssue]


@pytest.mark.parametrize("block", [BasicBlock(4, 8, 2), Bottleneck(4, 2, 2), Unit(4, 16, 2)])
def test_no_other_convolution_of_one_pixel_has_a_stride(block):
    strided = [
        m for m in block.modules() if isinstance(m, nn.Conv2d) and m.kernel_size == (1, 1) and m.stride != (1, 1)
    ]
    assert len(strided) == 1 and all(isinstance(one, Projection) for one in strided)
