"""The initialisation of image-translating networks: Xavier-normal weights, zero biases."""

from torch import nn


def xavier(net: nn.Module, gain: float) -> nn.Module:
    """Gives every convolution and linear layer weights N(0, 2 gain^2 / (fan_in + fan_out)) and zero biases.

    Comes before `spectral`, which hides the weights behind what it makes of them.

    Source: Glorot & Bengio 2010, eq. 16.
    """
    for module in net.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
            nn.init.xavier_normal_(module.weight, gain)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
    return net
