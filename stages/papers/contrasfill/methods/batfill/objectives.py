"""The upsampler's loss terms: hinge over scales, L1 inside and outside the hole, VGG feature distances."""

from collections.abc import Sequence
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from stages.engine.weights import note_file
from stages.nets.trunks.vgg import VGG
from stages.teachers.weights import open_file

# Places of relu1_1, 2_1, 3_1, 4_1, 5_1 in torchvision's vgg19.features, their weights, and the place of relu4_2.
VGG_PLACES = {1: 1 / 32, 6: 1 / 16, 11: 1 / 8, 20: 1 / 4, 29: 1.0}
PERCEPTUAL_PLACE = 22
IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


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


class VggDistance(nn.Module):
    """L1 between VGG-19 features (relu k_1, k = 1 .. 5), and the mean squared difference at relu4_2.

    Source: contrasfill §6.3 (code: weights 1/32 .. 1, ImageNet normalisation); relu4_2 for the second term is ours.
    Shapes: images [B 3 R R] in [-1, 1] -> two scalars.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, features: nn.Sequential):
        super().__init__()
        self.features = features[: max(VGG_PLACES) + 1]
        self.register_buffer("mean", torch.tensor(IMAGENET_MEAN).view(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor(IMAGENET_STD).view(1, 3, 1, 1))

    def maps(self, image: Tensor) -> dict[int, Tensor]:
        x, kept = ((image + 1) / 2 - self.mean) / self.std, {}
        for place, layer in enumerate(self.features):
            x = F.relu(x) if isinstance(layer, nn.ReLU) else layer(x)
            if place in VGG_PLACES or place == PERCEPTUAL_PLACE:
                kept[place] = x
        return kept

    def forward(self, made: Tensor, real: Tensor) -> tuple[Tensor, Tensor]:
        ours = self.maps(made)
        with torch.no_grad():
            theirs = self.maps(real)
        vgg = cast(Tensor, sum(weight * F.l1_loss(ours[place], theirs[place]) for place, weight in VGG_PLACES.items()))
        return vgg, F.mse_loss(ours[PERCEPTUAL_PLACE], theirs[PERCEPTUAL_PLACE])


def read_vgg(file: str, sha256: str) -> VggDistance:
    """The frozen VGG-19 distance from a user's file under torchvision's names (features.0.weight, ...).

    Raises: FileNotFoundError without the file; ValueError if its digest or its convolutions are others.
    """
    given, net = open_file("contrasfill.batfill.vgg_file", file, sha256), VGG("vgg19", None)
    said = given.fill(net, "torchvision's vgg19", beside=lambda name: name.startswith("classifier."))
    distance = VggDistance(net.features).eval().requires_grad_(False)
    note_file(distance, given.key, said)
    return distance
