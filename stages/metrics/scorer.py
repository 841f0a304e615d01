"""The networks behind Fréchet and perceptual distance, with the names that the measures must carry for them.

FID and LPIPS are said only of torch-fidelity's Inception and of AlexNet with lpips' heads; every other scorer names its
own measures: FD-demo and PD-demo for the classifier taught in the demo, else FD-<architecture> and PD-<architecture>.
"""

import io
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from stages.metrics.perceptual import Perceptor
from stages.nets.encoders.load import PAIR, Encoder, load_encoder, load_state, read_facts

LEVELS = 255


class Scorer(NamedTuple):
    """What measures fidelity and diversity, and the protocol that must stand beside each number."""

    fidelity_name: str
    encode: Callable[[Tensor], Tensor]
    fidelity_protocol: dict[str, str]
    diversity_name: str
    perceptor: Perceptor
    diversity_protocol: dict[str, str]


def load_scorer(folder: Path, device: str = "cpu") -> Scorer:
    """The scorer of an encoder folder.

    Raises: FileNotFoundError for a folder that is no encoder; ValueError for an encoder without feature maps.
    """
    facts = read_facts(folder)
    if facts["architecture"] == PAIR:
        return pair_to_scorer(load_state(folder, "inception"), load_state(folder, "alexnet"), digest_of(folder), device)
    encoder = load_encoder(folder).to(device)
    name = "demo" if facts["architecture"] == "demo_classifier" else facts["architecture"]
    said = encoder_to_protocol(encoder)
    return Scorer(
        f"FD-{name}", encoder.encode, said,
        f"PD-{name}", Perceptor(encoder.feature_maps, None), {**said, "heads": "none, channels weigh 1"},
    )  # fmt: skip


def encoder_to_protocol(encoder: Encoder) -> dict[str, str]:
    """Which network looked at the images, and how."""
    view = encoder.view
    crop = "whole image" if tuple(view.crop) == (0, 0, 256, 256) else f"crop {list(view.crop)} of 256"
    return {
        "extractor": encoder.name,
        "extractor_sha256": encoder.digest,
        "view": f"{crop}, {view.size_px} px, {view.shrink}, antialiased",
    }


def digest_of(folder: Path) -> str:
    """The sha256 of a folder's weights."""
    import hashlib

    return hashlib.sha256((folder / "weights.safetensors").read_bytes()).hexdigest()


def pair_to_scorer(inception: dict[str, Tensor], alexnet: dict[str, Tensor], digest: str, device: str) -> Scorer:
    """The networks of the published measures."""
    return Scorer(
        "FID", state_to_inception(inception, device),
        {"extractor": "inception-v3", "extractor_sha256": digest, "view": "whole image, 299 px, TensorFlow's bilinear"},
        "LPIPS", state_to_lpips(alexnet, device),
        {"extractor": "alexnet v0.1", "extractor_sha256": digest, "view": "whole image, R px", "heads": "lpips v0.1"},
    )  # fmt: skip


def state_to_inception(state: dict[str, Tensor], device: str = "cpu") -> Callable[[Tensor], Tensor]:
    """torch-fidelity's InceptionV3, the ported TensorFlow network: images [B, 3, R, R] in [−1, 1] → [B, 2048].

    It takes 8-bit images and resizes them to 299 px itself, as TensorFlow 1 did.
    """
    from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3

    buffer = io.BytesIO()  # its constructor unpickles a file: it gets bytes that we wrote, never a user's
    torch.save(state, buffer)
    buffer.seek(0)
    network = FeatureExtractorInceptionV3("inception-v3-compat", ["2048"], feature_extractor_weights_path=buffer).to(
        device
    )

    def encode(images: Tensor) -> Tensor:
        return network(((images + 1) * (LEVELS / 2)).round().clamp(0, LEVELS).to(torch.uint8))[0]

    return encode


def inception_state() -> dict[str, Tensor]:
    """Names and shapes of what `state_to_inception` takes; the values mean nothing."""
    from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3

    class Unfilled(FeatureExtractorInceptionV3):
        def load_state_dict(self, *arguments, **options):
            """Its constructor would fill it from a file."""
            return super().load_state_dict(self.state_dict())

    buffer = io.BytesIO()
    torch.save({}, buffer)
    buffer.seek(0)
    with torch.random.fork_rng(devices=[]):
        return Unfilled("inception-v3-compat", ["2048"], feature_extractor_weights_path=buffer).state_dict()


def state_to_lpips(state: dict[str, Tensor], device: str = "cpu") -> Perceptor:
    """LPIPS v0.1 over torchvision's AlexNet (features.0.weight …), with the linear heads inside the lpips package.

    Raises: ValueError naming the layer that is missing or of another shape.
    """
    import lpips

    with torch.random.fork_rng(devices=[]):
        model = lpips.LPIPS(net="alex", version="0.1", pnet_rand=True, verbose=False)
    for name, parameter in model.net.named_parameters():  # slice3.6.weight is torchvision's features.6.weight
        source = "features." + name.split(".", 1)[1]
        if source not in state or state[source].shape != parameter.shape:
            found = tuple(state[source].shape) if source in state else "no such layer"
            raise ValueError(f"AlexNet weights: expected {source} of shape {tuple(parameter.shape)}, got {found}")
        parameter.data.copy_(state[source].float())
    model.to(device)
    heads = tuple(next(head.parameters()).detach().reshape(-1) for head in model.lins)  # each is one 1x1 convolution
    return Perceptor(lambda images: model.net(model.scaling_layer(images)), heads)
