"""PMG: the progressive multi-granularity classifier, its jigsaw, and its known-factor feature."""

import torch
from torch import Tensor, nn

from stages.nets.trunks.resnet import ResNet


def jigsaw(images: Tensor, order: Tensor) -> Tensor:
    """Permutes the n x n blocks of each image by one permutation: block p of the result is block order[p] of the image.

    Source: PMG (Du et al. 2020) §3.2; ContrasFill spec §3.2 (the same permutation for the whole batch).
    Shapes: images [B C H W], H and W multiples of n; order [n*n] -> [B C H W].
    Raises: ValueError where the blocks do not fit or `order` is no permutation of n*n blocks.
    """
    count = order.numel()
    n = round(count**0.5)
    if n * n != count or not torch.equal(order.sort().values.cpu(), torch.arange(count)):
        raise ValueError(f"expected a permutation of n*n blocks, got {order.tolist()}")
    batch, channels, height, width = images.shape
    if height % n or width % n:
        raise ValueError(f"expected sides that {n} divides for a {n} x {n} jigsaw, got {height} x {width}")
    blocks = images.reshape(batch, channels, n, height // n, n, width // n).transpose(3, 4)
    blocks = blocks.reshape(batch, channels, count, height // n, width // n)[:, :, order.to(images.device)]
    return blocks.reshape(batch, channels, n, n, height // n, width // n).transpose(3, 4).reshape(images.shape)


class Convolution(nn.Module):
    """Convolution without bias, batch norm with momentum 0.01, relu. Source: ContrasFill spec §3.2."""

    def __init__(self, channels: int, out: int, kernel: int):
        super().__init__()
        self.conv = nn.Conv2d(channels, out, kernel, padding=kernel // 2, bias=False)
        self.bn = nn.BatchNorm2d(out, eps=1e-5, momentum=0.01)

    def forward(self, x: Tensor) -> Tensor:
        return self.bn(self.conv(x)).relu()


def classifier(channels: int, hidden: int, classes: int) -> nn.Sequential:
    """Batch norm, linear, batch norm, ELU (the penultimate feature), linear. Source: ContrasFill spec §3.2."""
    return nn.Sequential(
        nn.BatchNorm1d(channels),
        nn.Linear(channels, hidden),
        nn.BatchNorm1d(hidden),
        nn.ELU(inplace=True),
        nn.Linear(hidden, classes),
    )


class PMG(nn.Module):
    """A residual trunk with three branches at strides 8, 16, 32, a classifier on each and one on their concatenation.

    Source: PMG (Du et al. 2020) and its public code; ContrasFill spec §3.2. Published: hidden 512, so branches of 1024.
    Each branch is pooled by its maximum over the whole map (the official kernels 56, 28, 14 at 448 px).
    Shapes: x [B 3 H W] -> four logits [B classes]; embed: [B hidden] (feature "penultimate": after ELU, values above
    -1) or [B 6*hidden] (feature "concat": the pooled branches side by side).
    Raises: ValueError for another feature.
    """

    def __init__(self, trunk: str, width: int, stem: str, hidden: int, classes: int, feature: str):
        super().__init__()
        if feature not in ("penultimate", "concat"):
            raise ValueError(f"expected feature to be penultimate or concat, got {feature!r}")
        self.feature = feature
        self.features = ResNet(trunk, width, stem, None)
        for branch in (1, 2, 3):
            channels = self.features.channels[branch]
            block = nn.Sequential(Convolution(channels, hidden, 1), Convolution(hidden, 2 * hidden, 3))
            setattr(self, f"conv_block{branch}", block)
            setattr(self, f"classifier{branch}", classifier(2 * hidden, hidden, classes))
        self.classifier_concat = classifier(6 * hidden, hidden, classes)

    def pooled(self, x: Tensor) -> list[Tensor]:
        """The three branches after global max pooling, each [B 2*hidden]."""
        maps = self.features.feature_maps(x)
        return [getattr(self, f"conv_block{branch}")(maps[branch]).amax(dim=(2, 3)) for branch in (1, 2, 3)]

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        pooled = self.pooled(x)
        branches = [getattr(self, f"classifier{i + 1}")(pooled[i]) for i in range(3)]
        return (*branches, self.classifier_concat(torch.cat(pooled, dim=1)))

    def embed(self, x: Tensor) -> Tensor:
        h = torch.cat(self.pooled(x), dim=1)
        return h if self.feature == "concat" else self.classifier_concat[:4](h)
