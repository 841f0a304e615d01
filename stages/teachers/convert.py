"""The user's weight files: read without unpickling code, checked by sha256, fitted strictly, left as an encoder."""

import hashlib
import pickle
import zipfile
from pathlib import Path
from typing import cast

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor, nn

from stages.nets.encoders.load import PAIR, build, load_strictly
from stages.teachers.common import TeacherBlock, leave_encoder

# What a published file holds beside the network that we run.
BESIDE = {"inception_resnet_v1": ("logits.",), "vgg16": ("classifier.",), "vgg19": ("classifier.",)}


def check_digest(key: str, path: Path, expected: str) -> str:
    """The file's sha256.

    Raises: FileNotFoundError with the path that `key` names; ValueError naming key, expected and found.
    """
    if not path.is_file():
        raise FileNotFoundError(
            f"key {key} names the weight file {path}, which is not there; put it there (data/weights/ is yours and is "
            "never changed) or name another file in the parameters"
        )
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != expected.lower():
        raise ValueError(
            f"key {key}: expected {path} to have the sha256 {expected or '(none given)'}, found {found}; if this is "
            "the file you mean, write its sha256 into the parameters"
        )
    return found


def read_state(path: Path) -> dict[str, Tensor]:
    """The named tensors of a .safetensors file or a PyTorch state dict, as float32 or integers on the CPU.

    A PyTorch file is read with weights_only=True, so nothing in it is executed; a dict under "state_dict" is unwrapped.
    Raises: ValueError if the file holds anything else.
    """
    try:
        if path.suffix == ".safetensors":
            state = load_file(path)
        else:
            state = torch.load(path, map_location="cpu", weights_only=True)
    except (RuntimeError, pickle.UnpicklingError, SafetensorError, EOFError, zipfile.BadZipFile, KeyError) as error:
        first = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ValueError(f"{path} does not read as a state dict (named tensors only): {first}") from error
    if isinstance(state, dict) and isinstance(state.get("state_dict"), dict):
        state = state["state_dict"]
    if not isinstance(state, dict) or not state or not all(isinstance(value, Tensor) for value in state.values()):
        raise ValueError(f"{path} does not hold a state dict: expected a mapping of names to tensors")
    return {name: value.float() if value.is_floating_point() else value for name, value in state.items()}


def read_checked(key: str, file: str, sha256: str) -> tuple[dict[str, Tensor], str]:
    """The tensors of a file named in the parameters, and its sha256."""
    found = check_digest(key, Path(file), sha256)
    return read_state(Path(file)), found


def file_arguments(architecture: str, state: dict[str, Tensor]) -> dict:
    """What a published network of that name is built with; class counts are read off the file."""
    if architecture.startswith("resnet"):
        width = state["conv1.weight"].shape[0] if "conv1.weight" in state else 64
        return {"width": width, "stem": "imagenet", "classes": _rows(architecture, state, "fc.weight")}
    if architecture.startswith("squeezenet"):
        return {"classes": _rows(architecture, state, "classifier.1.weight")}
    if architecture == "alexnet":
        return {"classes": _rows(architecture, state, "classifier.6.weight")}
    return {"classes": None} if architecture.startswith("vgg") else {}


def _rows(architecture: str, state: dict[str, Tensor], name: str) -> int:
    if name not in state:
        raise ValueError(
            f"the weight file has no {name}, so it is no {architecture}; its first names: {sorted(state)[:3]}"
        )
    return state[name].shape[0]


def convert(block: TeacherBlock, out: Path) -> None:
    """Turns block.file into an encoder folder.

    Raises: FileNotFoundError, ValueError as `check_digest`, `read_state` and `load_strictly` do.
    """
    state, found = read_checked("file", block.file, block.sha256)
    beside = BESIDE.get(block.architecture, ())
    state = {name: value for name, value in state.items() if not name.startswith(beside)} if beside else state
    arguments = file_arguments(block.architecture, state)
    with torch.random.fork_rng(devices=[]):
        net = build(block.architecture, arguments)
    inner = net.net if block.architecture == "inception_resnet_v1" else net
    load_strictly(cast(nn.Module, inner), state, block.file)
    facts = {"source": "file", "file": Path(block.file).name, "file_sha256": found}
    leave_encoder(out, net, block.architecture, arguments, block, facts)


def convert_pair(block, out: Path) -> None:
    """Leaves torch-fidelity's Inception and torchvision's AlexNet side by side: the measuring pair at paper scale."""
    from stages.data.files import write_json

    inception, inception_found = read_checked("file", block.file, block.sha256)
    alexnet, alexnet_found = read_checked("alexnet_file", block.alexnet_file, block.alexnet_sha256)
    pair = {f"inception.{name}": value for name, value in inception.items()}
    pair |= {f"alexnet.{name}": value for name, value in alexnet.items()}
    ready = {name: pair[name].contiguous().clone() for name in sorted(pair)}
    # Not save_file, which makes a file that only its owner may read.
    (out / "weights.safetensors").write_bytes(save(ready))
    facts = {"file_sha256": inception_found, "alexnet_file_sha256": alexnet_found, "source": "file", "held_out": {}}
    write_json(out / "encoder.json", {"architecture": PAIR, "arguments": {}, "view": block.view(), **facts})
