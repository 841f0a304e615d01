"""Encoders on disk: `load_encoder(folder)` gives one frozen, differentiable network whatever its architecture.

A folder holds `encoder.json` {architecture, arguments, view, classes, class_values, source, held_out, ...} and
`weights.safetensors`. Every architecture but one embeds images: `encode`; trunks and the demo's classifier also give
`feature_maps`. The exception is `inception_and_alexnet`, the measuring pair at paper scale: its weights.safetensors
holds torch-fidelity's Inception under `inception.*` and torchvision's AlexNet under `alexnet.*`; read them with
`load_state(folder, prefix)` and hand them to torch-fidelity and lpips; load_encoder refuses it.
"""

import hashlib
import json
from pathlib import Path
from typing import Any, Protocol, cast

import torch
from safetensors.torch import load_file, save
from torch import Tensor, nn

from stages.nets.encoders.view import View
from stages.nets.fit import fit

PAIR = "inception_and_alexnet"


def build(architecture: str, arguments: dict[str, Any]) -> nn.Module:
    """The network of that name with fresh weights; it has `embed(x) -> [B D]`.

    Raises: ValueError for an unknown name or arguments that the architecture does not take.
    """
    try:
        if architecture == "irse50":
            from stages.nets.encoders.irse import IRSE50

            return IRSE50(**arguments)
        if architecture == "mobilefacenet":
            from stages.nets.encoders.mobilefacenet import MobileFaceNet

            return MobileFaceNet(**arguments)
        if architecture == "inception_resnet_v1":
            from stages.nets.encoders.facenet import FaceNet

            return FaceNet(**arguments)
        if architecture == "pmg":
            from stages.nets.encoders.pmg import PMG

            return PMG(**arguments)
        if architecture == "identity_small":
            from stages.nets.encoders.small import SmallIdentity

            return SmallIdentity(**arguments)
        if architecture == "identity_resnet":
            from stages.nets.encoders.small import ResNetIdentity

            return ResNetIdentity(**arguments)
        if architecture == "demo_classifier":
            from stages.nets.encoders.small import DemoClassifier

            return DemoClassifier(**arguments)
        if architecture.startswith("resnet"):
            from stages.nets.trunks.resnet import ResNet

            return ResNet(architecture, **arguments)
        if architecture.startswith("squeezenet"):
            from stages.nets.trunks.squeezenet import SqueezeNet

            return SqueezeNet(architecture, **arguments)
        if architecture.startswith("vgg"):
            from stages.nets.trunks.vgg import VGG

            return VGG(architecture, **arguments)
        if architecture == "alexnet":
            from stages.nets.trunks.alexnet import AlexNet

            return AlexNet(**arguments)
        if architecture == "efficientnet_lite0":
            from stages.nets.trunks.efficientnet_lite import EfficientNetLite

            return EfficientNetLite(**arguments)
    except TypeError as error:
        raise ValueError(f"architecture {architecture} does not take the arguments {arguments}: {error}") from error
    raise ValueError(
        f"unknown architecture {architecture!r}; expected irse50, mobilefacenet, inception_resnet_v1, pmg, "
        "identity_small, identity_resnet, demo_classifier, resnet10/18/34/50, squeezenet1_0/1_1, alexnet, vgg16/19 or "
        "efficientnet_lite0"
    )


class Trunk(Protocol):
    """What an encoder's network gives."""

    def embed(self, x: Tensor) -> Tensor: ...

    def feature_maps(self, x: Tensor) -> list[Tensor]: ...


class Encoder(nn.Module):
    """A frozen network behind its view: never trains, never leaves evaluation mode, but lets gradients reach the image.

    Shapes: encode: images [B 3 R R] in [-1, 1] -> [B D] float32; feature_maps: a list of [B C H W].
    """

    def __init__(self, net: nn.Module, view: View, name: str, digest: str, facts: dict[str, Any]):
        super().__init__()
        self.net = net
        self.view = view
        self.name = name
        self.digest = digest
        self.facts = facts
        self.requires_grad_(False)
        super().train(False)

    def train(self, mode: bool = True) -> "Encoder":
        """Stays in evaluation mode, so that a feature never depends on the rest of the batch."""
        return self

    def encode(self, images: Tensor) -> Tensor:
        with torch.autocast(images.device.type, enabled=False):
            return cast(Trunk, self.net).embed(self.view(images.float()))

    def feature_maps(self, images: Tensor) -> list[Tensor]:
        if not hasattr(self.net, "feature_maps"):
            raise ValueError(f"the encoder {self.name} gives features but no feature maps; measure with another scorer")
        with torch.autocast(images.device.type, enabled=False):
            return cast(Trunk, self.net).feature_maps(self.view(images.float()))

    def forward(self, images: Tensor) -> Tensor:
        return self.encode(images)


def read_facts(folder: Path) -> dict[str, Any]:
    """encoder.json. Raises: FileNotFoundError with the expected layout."""
    for name in ("encoder.json", "weights.safetensors"):
        if not (folder / name).is_file():
            raise FileNotFoundError(f"{folder} has no {name}; teach leaves encoder.json and weights.safetensors there")
    return json.loads((folder / "encoder.json").read_text(encoding="utf-8"))


def load_state(folder: Path, prefix: str) -> dict[str, Tensor]:
    """The tensors of weights.safetensors whose names start with `prefix.`, without it.

    Raises: ValueError if there are none.
    """
    read_facts(folder)
    state = load_file(folder / "weights.safetensors")
    part = {name.removeprefix(f"{prefix}."): value for name, value in state.items() if name.startswith(f"{prefix}.")}
    if not part:
        raise ValueError(f"{folder}/weights.safetensors holds nothing under {prefix}.*, but {sorted(state)[:3]} ...")
    return part


def load_encoder(folder: Path | str) -> Encoder:
    """The encoder of a folder, on the CPU, frozen.

    Raises: FileNotFoundError for a missing file; ValueError for an architecture or weights that do not fit.
    """
    folder = Path(folder)
    facts = read_facts(folder)
    if facts["architecture"] == PAIR:
        raise ValueError(f"{folder} holds {PAIR}: two measuring networks, not an encoder; read them with load_state")
    # The random start is thrown away; the fork keeps it from moving the global generator.
    with torch.random.fork_rng(devices=[]):
        net = build(facts["architecture"], facts["arguments"])
    load_strictly(net, load_file(folder / "weights.safetensors"), f"{folder}/weights.safetensors")
    view = facts["view"]
    looked_at = View(view["size_px"], tuple(view["crop"]), view["shrink"], tuple(view["mean"]), tuple(view["std"]))
    digest = hashlib.sha256((folder / "weights.safetensors").read_bytes()).hexdigest()
    return Encoder(net, looked_at, facts["architecture"], digest, facts)


def load_strictly(net: nn.Module, state: dict[str, Tensor], where: str) -> None:
    """Every name and shape must fit. Raises: ValueError naming what is missing, left over or of another shape."""
    net.load_state_dict(fit(state, net.state_dict(), where, "the architecture", search=False).state)


def save_encoder(folder: Path, net: nn.Module, facts: dict[str, Any]) -> None:
    """Writes weights.safetensors and encoder.json into an existing folder; the same network gives the same bytes."""
    state = {name: value.detach().cpu().contiguous().clone() for name, value in sorted(net.state_dict().items())}
    # Not save_file, which makes a file that only its owner may read.
    (folder / "weights.safetensors").write_bytes(save(state))
    text = json.dumps(facts, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False)
    (folder / "encoder.json").write_text(text + "\n", encoding="utf-8")
