"""The initialisation of networks with leaky rectifiers: Kaiming-normal weights, zero biases."""

from torch import nn


def kaiming(net: nn.Module, slope: float) -> nn.Module:
    """Gives every convolution and linear layer weights N(0, 2 / ((1 + slope^2) fan_in)) and zero biases.

    Source: He et al. 2015, eq. 10 and 15 (fan in, leaky slope).
    """
    for module in net.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            nn.init.kaiming_normal_(module.weight, a=slope)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
    return net
