"""The 1x1 convolution of residual shortcuts."""

from torch import Tensor, nn
from torch.nn import functional as F


class Projection(nn.Conv2d):
    """W x at every stride-th pixel, without bias.

    Pictures and weights go in channels first, which copies nothing where they lie so already: torch 2.15's backward
    pass of a strided 1x1 convolution writes beyond its memory on the CPU where they lie channels last.

    Source: He et al. 2016, eq. 2. Shapes: [B channels H W] -> [B out H/stride W/stride].
    """

    def __init__(self, channels: int, out: int, stride: int):
        super().__init__(channels, out, 1, stride, bias=False)

    def forward(self, input: Tensor) -> Tensor:
        # A map of one pixel is contiguous in both layouts; only new strides say which is meant.
        weight = self.weight.flatten().view(self.weight.shape)
        return F.conv2d(input.contiguous(), weight, None, self.stride)
