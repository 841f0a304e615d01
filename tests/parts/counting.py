"""Large networks without their values, to be counted."""

from collections.abc import Iterator
from contextlib import contextmanager
from unittest import mock

import torch
from torch import nn


@contextmanager
def unfilled() -> Iterator[None]:
    """Networks made within have shapes and no values: nothing is drawn and no power iteration is run."""
    drawn = [
        mock.patch.object(nn.init, "xavier_normal_"),
        mock.patch.object(torch.Tensor, "normal_", lambda self, *_, **__: self),
        mock.patch("torch.nn.utils.parametrizations._SpectralNorm._power_method"),
    ]
    with torch.device("meta"), drawn[0], drawn[1], drawn[2]:
        yield


def parameters(net: nn.Module) -> int:
    return sum(parameter.numel() for parameter in net.parameters())
