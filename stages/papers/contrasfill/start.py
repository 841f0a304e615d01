"""How convolutions start: with their spatial mean, as StyleGAN2's, or with less of it."""

from __future__ import annotations

import torch
from torch import nn

from stages.nets.stylegan.equal import EqualConv
from stages.nets.stylegan.modconv import ModulatedConv

KINDS = (EqualConv, ModulatedConv)


def started(net: nn.Module, kept: float) -> nn.Module:
    """The network with only the share `kept` of each kernel's spatial mean; 1 x 1 kernels stay, being all mean.

    w - (1 - kept) mean_{y,x} w. In flat holes all random kernels answer with their mean, so that neighbouring pixels
    are alike in every layer, and hundreds of steps go by until something small can be drawn.

    Source: ours (gap G29).
    """
    with torch.no_grad():
        for layer in net.modules():
            if isinstance(layer, KINDS) and layer.weight[0, 0].numel() > 1:
                layer.weight.sub_(layer.weight.mean((2, 3), keepdim=True) * (1 - kept))
    return net
