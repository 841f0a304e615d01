"""The upsampler's loss terms: hinge over scales, L1 inside and outside the hole, VGG feature distances."""

from collections.abc import Sequence
from typing import Protocol, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from stages.engine.weights import note_file
from stages.nets.trunks.vgg import VGG
from stages.teachers.weights import open_file

# The weights of the feature term's maps, and the map of the perceptual term.
VGG_WEIGHTS = {"relu1_2": 1 / 32, "relu2_2": 1 / 16, "relu3_2": 1 / 8, "relu4_2": 1 / 4, "relu5_2": 1.0}
PERCEPTUAL = "relu4_2"
# Mean colour of Caffe's VGG-19, blue first, of values in 0..1.
MEAN_BGR = (0.40760392, 0.45795686, 0.48501961)


def hinge_d(real: Sequence[Tensor], fake: Sequence[Tensor]) -> Tensor:
    """mean over scales of E max(0, 1 - D(real)) + E max(0, 1 + D(fake)). Source: contrasfill §6.3."""
    total = sum(F.relu(1 - r).mean() + F.relu(1 + f).mean() for r, f in zip(real, fake, strict=True))
    return cast(Tensor, total) / len(real)


def hinge_g(fake: Sequence[Tensor]) -> Tensor:
    """mean over scales of -E D(fake). Source: contrasfill §6.3."""
    return cast(Tensor, -sum(f.mean() for f in fake)) / len(fake)


def region_l1(made: Tensor, real: Tensor, region: Tensor, share: Tensor) -> Tensor:
    """mean |made - real| over the whole image, counted inside the region alone and divided by the region's share.

    Source: contrasfill §6.3: L1(hole) / mean(M), L1(valid) / mean(1 - M).
    Shapes: images [B 3 R R], region [B 1 R R], share scalar -> scalar. A region of share 0 gives 0.
    """
    return ((made - real).abs() * region).mean() / share.clamp(min=1e-8)


def to_caffe(image: Tensor) -> Tensor:
    """255 ((image + 1) / 2 - mean), blue first: what Caffe's VGG-19 was taught on.

    Source: BAT-Fill (code), `--vgg_normal_correct`: models/networks/vgg_fix.py.
    Shapes: [B 3 R R] in [-1, 1] -> [B 3 R R].
    """
    return 255 * ((image.flip(1) + 1) / 2 - image.new_tensor(MEAN_BGR).view(1, 3, 1, 1))


class Trunk(Protocol):
    """What is used of VGG-19: its maps by name."""

    def maps(self, x: Tensor, names: Sequence[str]) -> list[Tensor]: ...


class VggDistance(nn.Module):
    """sum_k w_k L1 of VGG-19's relu k_2 (k = 1 .. 5, w = 1/32 .. 1), and the mean squared difference of relu4_2.

    Source: BAT-Fill (code), train_up.sh and VGGLosses_fix of models/networks/loss.py, which the authors' WaveFill has
    unchanged.
    Shapes: images [B 3 R R] in [-1, 1] -> two scalars.
    """

    def __init__(self, trunk: Trunk):
        super().__init__()
        self.trunk = trunk  # an nn.Module in training, so that it moves with this one

    def forward(self, made: Tensor, real: Tensor) -> tuple[Tensor, Tensor]:
        ours = self.maps(made)
        with torch.no_grad():
            theirs = self.maps(real)
        terms = [weight * F.l1_loss(ours[name], theirs[name]) for name, weight in VGG_WEIGHTS.items()]
        return torch.stack(terms).sum(), F.mse_loss(ours[PERCEPTUAL], theirs[PERCEPTUAL])

    def maps(self, image: Tensor) -> dict[str, Tensor]:
        """The maps behind both terms, by name."""
        return dict(zip(VGG_WEIGHTS, self.trunk.maps(to_caffe(image), tuple(VGG_WEIGHTS)), strict=True))


def read_vgg(file: str, sha256: str) -> VggDistance:
    """The frozen VGG-19 distance from the user's copy of the released file, Caffe's weights as conv1_1 .. conv5_4.

    Raises: FileNotFoundError without the file; ValueError if its digest or its convolutions are others.
    """
    given, net = open_file("contrasfill.batfill.vgg_file", file, sha256), VGG("vgg19", None)
    own, state = released_names(net.features), net.state_dict()
    fitted = given.fit({released: state[name] for released, name in own.items()}, "BAT-Fill's vgg19_conv")
    net.load_state_dict({own[released]: tensor for released, tensor in fitted.state.items()})
    distance = VggDistance(net).eval().requires_grad_(False)
    note_file(distance, given.key, {"file": given.path.name, "sha256": given.sha256, **fitted.facts})
    return distance


def released_names(features: nn.Sequential) -> dict[str, str]:
    """The released file's names (conv3_2.weight) to ours (features.12.weight)."""
    found, block, number = {}, 1, 0
    for place, layer in enumerate(features):
        if isinstance(layer, nn.MaxPool2d):
            block, number = block + 1, 0
        elif isinstance(layer, nn.Conv2d):
            number += 1
            found |= {f"conv{block}_{number}.{kind}": f"features.{place}.{kind}" for kind in ("weight", "bias")}
    return found
