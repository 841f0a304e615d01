"""The user's weights files left as encoders."""

from pathlib import Path
from typing import cast

import torch
from safetensors.torch import save
from torch import nn

from stages.nets.encoders.load import PAIR, build
from stages.nets.fit import find
from stages.teachers.common import TeacherBlock, leave_encoder
from stages.teachers.weights import Given, open_file

# What a published file holds beside the network that we run.
BESIDE = {
    "inception_resnet_v1": ("logits.",), "vgg16": ("classifier.",), "vgg19": ("classifier.",),
    "efficientnet_lite0": ("conv_head.", "bn2.", "classifier."),
}  # fmt: skip
# Networks that are run as trunks alone.
TRUNKS = ("vgg", "efficientnet_lite")
PUBLISHED_CLASSES = 1000


def file_arguments(architecture: str, given: Given) -> dict:
    """What a published network of that name is built with; width and number of classes are read off the file."""
    last = {"resnet": "fc.weight", "squeezenet": "classifier.1.weight", "alexnet": "classifier.6.weight"}
    family = architecture.rstrip("0123456789_")
    if family not in last:
        return {"classes": None} if family in TRUNKS else {}
    arguments: dict = {"width": 64, "stem": "imagenet"} if family == "resnet" else {}
    with torch.device("meta"):
        names = build(architecture, {**arguments, "classes": PUBLISHED_CLASSES}).state_dict()
    under = find(list(given.tensors), dict.fromkeys(names, ()), given.where, architecture)
    if under + last[family] not in given.tensors:
        raise ValueError(
            f"{given.where} does not fit {architecture}: it has no {last[family]}; its first names: "
            f"{sorted(given.tensors)[:3]}"
        )
    if family == "resnet" and "conv1.weight" in names:
        first = given.tensors.get(f"{under}conv1.weight")
        arguments["width"] = len(first) if first is not None and first.ndim else 64
    rows = given.tensors[under + last[family]]
    return {**arguments, "classes": len(rows) if rows.ndim else 0}


def convert(block: TeacherBlock, out: Path) -> None:
    """Turns block.file into an encoder folder.

    Raises: FileNotFoundError, ValueError as `open_file` and `fit` do.
    """
    given = open_file("file", block.file, block.sha256)
    arguments = file_arguments(block.architecture, given)
    with torch.random.fork_rng(devices=[]):
        net = build(block.architecture, arguments)
    inner = cast(nn.Module, net.net if block.architecture == "inception_resnet_v1" else net)
    passed = BESIDE.get(block.architecture, ())
    what = " ".join([block.architecture, *(f"{key} {value}" for key, value in arguments.items() if value is not None)])
    read = given.fill(inner, what, beside=lambda name: name.startswith(passed))
    facts = {"source": "file", "file": given.path.name, "file_sha256": given.sha256, "file_reading": read}
    leave_encoder(out, net, block.architecture, arguments, block, facts)


def convert_pair(block, out: Path) -> None:
    """Leaves torch-fidelity's Inception and torchvision's AlexNet side by side: the measuring pair at paper scale."""
    from stages.data.files import write_json
    from stages.metrics.scorer import inception_state

    inception = open_file("file", block.file, block.sha256)
    alexnet = open_file("alexnet_file", block.alexnet_file, block.alexnet_sha256)
    with torch.device("meta"):
        whole = build("alexnet", {"classes": PUBLISHED_CLASSES}).state_dict()
    features = {name: value for name, value in whole.items() if name.startswith("features.")}
    fitted = {
        "inception": inception.fit(inception_state(), "torch-fidelity's inception-v3"),
        "alexnet": alexnet.fit(features, "alexnet", beside=lambda name: name.startswith("classifier.")),
    }
    pair = {f"{net}.{name}": tensor for net, made in fitted.items() for name, tensor in made.state.items()}
    ready = {name: pair[name].contiguous().clone() for name in sorted(pair)}
    # Not save_file, which makes a file that only its owner may read.
    (out / "weights.safetensors").write_bytes(save(ready))
    facts = {"file_sha256": inception.sha256, "alexnet_file_sha256": alexnet.sha256, "source": "file", "held_out": {},
             "file_reading": fitted["inception"].facts, "alexnet_file_reading": fitted["alexnet"].facts}  # fmt: skip
    write_json(out / "encoder.json", {"architecture": PAIR, "arguments": {}, "view": block.view(), **facts})
