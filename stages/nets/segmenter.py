"""Segmenters on disk: `load_segmenter(folder)` gives one frozen network that labels pixels, whatever its architecture.

A folder holds what an encoder's does (encoders/load.py): encoder.json {architecture, arguments, mean, std, source,
held_out, ...} and weights.safetensors.
"""

import hashlib
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from stages.nets.encoders.load import load_strictly, read_facts

VOID = 255  # the label of pixels that count for nothing


def build(architecture: str, arguments: dict[str, Any]) -> nn.Module:
    """The network of that name with fresh weights: normalised images [B 3 H W] to scores [B classes H W].

    Raises: ValueError for an unknown name or arguments that the architecture does not take.
    """
    try:
        if architecture == "deeplab":
            from stages.nets.deeplab import DeepLabV3

            # JSON has no tuples.
            ready: dict[str, Any] = {**arguments, "rates": tuple(arguments["rates"])}
            return DeepLabV3(**ready)
        if architecture == "drn_d_105":
            from stages.nets.drn import DRN

            return DRN(**arguments)
        if architecture == "upernet101":
            from stages.nets.upernet import UPerNet

            return UPerNet(**arguments)
    except (TypeError, KeyError) as error:
        raise ValueError(f"architecture {architecture} does not take the arguments {arguments}: {error}") from error
    raise ValueError(f"unknown architecture {architecture!r} of a segmenter; expected deeplab, drn_d_105 or upernet101")


class Segmenter(nn.Module):
    """A frozen network behind its normalisation: never trains and never leaves evaluation mode.

    Shapes: images [B 3 H W] in [-1, 1] -> log-probabilities [B classes H W] float32.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, net: nn.Module, name: str, digest: str, facts: dict[str, Any]):
        super().__init__()
        self.net, self.name, self.digest, self.facts = net, name, digest, facts
        for constant in ("mean", "std"):
            self.register_buffer(constant, torch.tensor(facts[constant]).view(1, 3, 1, 1), persistent=False)
        self.requires_grad_(False)
        super().train(False)

    def train(self, mode: bool = True) -> "Segmenter":
        """Stays in evaluation mode, so that a label never depends on the rest of the batch."""
        return self

    def normalised(self, images: Tensor) -> Tensor:
        """Images of [-1, 1] as the network was taught on them."""
        return ((images.float() + 1) / 2 - self.mean) / self.std

    def forward(self, images: Tensor) -> Tensor:
        with torch.autocast(images.device.type, enabled=False):
            return self.net(self.normalised(images)).log_softmax(1)

    @torch.no_grad()
    def labels(self, images: Tensor) -> Tensor:
        """The most probable class of each pixel.    Shapes: [B 3 H W] -> uint8 [B H W]."""
        return self(images).argmax(1).to(torch.uint8)


def load_segmenter(folder: Path | str) -> Segmenter:
    """The segmenter of a folder, on the CPU, frozen.

    Raises: FileNotFoundError for a missing file; ValueError for an architecture or weights that do not fit.
    """
    folder = Path(folder)
    facts = read_facts(folder)
    # The random start is thrown away; the fork keeps it from moving the global generator.
    with torch.random.fork_rng(devices=[]):
        net = build(facts["architecture"], facts["arguments"])
    weights = folder / "weights.safetensors"
    load_strictly(net, load_file(weights), str(weights))
    return Segmenter(net, facts["architecture"], hashlib.sha256(weights.read_bytes()).hexdigest(), facts)
