"""ArcFace's IR-SE network (IR-SE50) under the names of the public weight file model_ir_se50.pth."""

from torch import Tensor, nn
from torch.nn import functional as F

from stages.nets.projection import Projection

# (channels in, channels out, units) of the four stages; the first unit of each halves the size.
STAGES_50 = ((64, 64, 3), (64, 128, 4), (128, 256, 14), (256, 512, 3))
REDUCTION = 16


class SqueezeExcite(nn.Module):
    """Scales each channel by sigmoid(fc2(relu(fc1(mean over the map)))).

    Source: ContrasFill spec §3.1: 1x1 convolutions without bias, reduction 16.
    Shapes: [B C H W] -> [B C H W].
    """

    def __init__(self, channels: int):
        super().__init__()
        self.fc1 = nn.Conv2d(channels, channels // REDUCTION, 1, bias=False)
        self.fc2 = nn.Conv2d(channels // REDUCTION, channels, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return x * self.fc2(self.fc1(x.mean(dim=(2, 3), keepdim=True)).relu()).sigmoid()


class Unit(nn.Module):
    """shortcut(x) + squeeze-excite(bn(conv_s(prelu(conv(bn(x)))))).

    Source: ContrasFill spec §3.1: the shortcut is a max pool of kernel 1 where the channels stay, else 1x1, batch norm.
    Shapes: [B channels H W] -> [B depth H/stride W/stride].
    """

    def __init__(self, channels: int, depth: int, stride: int):
        super().__init__()
        if channels == depth:
            self.shortcut_layer = nn.MaxPool2d(1, stride)
        else:
            self.shortcut_layer = nn.Sequential(Projection(channels, depth, stride), nn.BatchNorm2d(depth))
        self.res_layer = nn.Sequential(
            nn.BatchNorm2d(channels),
            nn.Conv2d(channels, depth, 3, 1, 1, bias=False),
            nn.PReLU(depth),
            nn.Conv2d(depth, depth, 3, stride, 1, bias=False),
            nn.BatchNorm2d(depth),
            SqueezeExcite(depth),
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.shortcut_layer(x) + self.res_layer(x)


class IRSE50(nn.Module):
    """IR-SE50: an identity feature of unit length for an aligned face.

    Source: ContrasFill spec §3.1 (ArcFace, Deng et al. 2019, as pSp uses it).
    Shapes: [B 3 112 112] -> [B 512], L2 norm 1; the map before the head is 7x7.
    """

    def __init__(self):
        super().__init__()
        self.input_layer = nn.Sequential(nn.Conv2d(3, 64, 3, 1, 1, bias=False), nn.BatchNorm2d(64), nn.PReLU(64))
        units = []
        for channels, depth, count in STAGES_50:
            units.append(Unit(channels, depth, 2))
            units += [Unit(depth, depth, 1) for _ in range(count - 1)]
        self.body = nn.Sequential(*units)
        # Place 1 is the published dropout, which a frozen encoder does not use.
        self.output_layer = nn.Sequential(
            nn.BatchNorm2d(512), nn.Identity(), nn.Flatten(), nn.Linear(512 * 7 * 7, 512), nn.BatchNorm1d(512)
        )

    def embed(self, x: Tensor) -> Tensor:
        return F.normalize(self.output_layer(self.body(self.input_layer(x))))
