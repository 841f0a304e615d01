"""Published StyleGAN2 and pSp weights under our names: read without unpickling code, mapped by name, or refused.

Two layouts are known. `nvlabs`: StyleGAN2-ADA's networks, converted by the user to named tensors. `rosinality`: the
PyTorch port, whose names pSp's checkpoints use for their decoder. Both store the kernels of doubling convolutions
mirrored, because they run them as transposed convolutions.
"""

import pickle
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from stages.teachers.convert import check_digest

LAYOUTS = ("nvlabs", "rosinality")
# Fixed filters that both ports store beside the weights.
FILTERS = ("resample_filter", "blur.kernel", "upsample.kernel", "downsample.kernel", ".0.kernel")


@dataclass(frozen=True)
class Named:
    """Our tensor and theirs; `mirrored` kernels are turned by 180 degrees, other shapes differ by axes of length 1."""

    ours: str
    theirs: str
    mirrored: bool = False


def generator_names(sides: list[int], mapping_layers: int, layout: str) -> list[Named]:
    """Every tensor of `nets.Generator` but its noise planes, in the names of a layout; sides ascend from 4."""
    theirs = _rosinality if layout == "rosinality" else _nvlabs
    found = []
    for layer in range(mapping_layers):
        outer = f"style.{layer + 1}" if layout == "rosinality" else f"mapping.fc{layer}"
        found += [Named(f"mapping.layers.{layer}.{kind}", f"{outer}.{kind}") for kind in ("weight", "bias")]
    found.append(Named("constant", "input.input" if layout == "rosinality" else "synthesis.b4.const"))
    found += theirs("first", "first_affine", 4, 0, "conv1", noisy=True)
    found += theirs("to_rgb.0", "rgb_affine.0", 4, 0, "torgb", noisy=False)
    for level, side in enumerate(sides[1:]):
        found += theirs(f"up.{level}", f"up_affine.{level}", side, level, "conv0", noisy=True)
        found += theirs(f"same.{level}", f"same_affine.{level}", side, level, "conv1", noisy=True)
        found += theirs(f"to_rgb.{level + 1}", f"rgb_affine.{level + 1}", side, level, "torgb", noisy=False)
    return found


def _nvlabs(ours: str, affine: str, side: int, level: int, kind: str, noisy: bool) -> list[Named]:
    outer = f"synthesis.b{side}.{kind}"
    found = [
        Named(f"{ours}.weight", f"{outer}.weight", kind == "conv0"),
        Named(f"{ours}.bias", f"{outer}.bias"),
        Named(f"{affine}.weight", f"{outer}.affine.weight"),
        Named(f"{affine}.bias", f"{outer}.affine.bias"),
    ]
    return [*found, Named(f"{ours}.strength", f"{outer}.noise_strength")] if noisy else found


def _rosinality(ours: str, affine: str, side: int, level: int, kind: str, noisy: bool) -> list[Named]:
    first = {"conv1": "conv1", "torgb": "to_rgb1"}
    later = {"conv0": f"convs.{2 * level}", "conv1": f"convs.{2 * level + 1}", "torgb": f"to_rgbs.{level}"}
    outer = (first if side == 4 else later)[kind]
    found = [
        Named(f"{ours}.weight", f"{outer}.conv.weight", kind == "conv0"),
        Named(f"{ours}.bias", f"{outer}.activate.bias" if noisy else f"{outer}.bias"),
        Named(f"{affine}.weight", f"{outer}.conv.modulation.weight"),
        Named(f"{affine}.bias", f"{outer}.conv.modulation.bias"),
    ]
    return [*found, Named(f"{ours}.strength", f"{outer}.noise.weight")] if noisy else found


def plane_names(sides: list[int], layout: str) -> list[tuple[str, int]]:
    """(name, side) of the fixed noise planes in the order of `nets.Generator.noise`."""
    layers = [(4, "conv1"), *((side, kind) for side in sides[1:] for kind in ("conv0", "conv1"))]
    if layout == "rosinality":
        return [(f"noises.noise_{number}", side) for number, (side, _) in enumerate(layers)]
    return [(f"synthesis.b{side}.{kind}.noise_const", side) for side, kind in layers]


def discriminator_names(sides: list[int], layout: str) -> list[Named]:
    """Every tensor of the discriminator; sides ascend from 4, the network begins at the last."""
    falling = sides[:0:-1]
    if layout == "rosinality":
        pairs = [("from_image.weight", "convs.0.0.weight"), ("from_image.bias", "convs.0.1.bias")]
        for number in range(len(falling)):
            ours, theirs = f"blocks.{number}", f"convs.{number + 1}"
            pairs += [(f"{ours}.first.weight", f"{theirs}.conv1.0.weight"),
                      (f"{ours}.first.bias", f"{theirs}.conv1.1.bias"),
                      (f"{ours}.second.weight", f"{theirs}.conv2.1.weight"),
                      (f"{ours}.second.bias", f"{theirs}.conv2.2.bias"),
                      (f"{ours}.skip.weight", f"{theirs}.skip.1.weight")]  # fmt: skip
        pairs += [("last.weight", "final_conv.0.weight"), ("last.bias", "final_conv.1.bias")]
        ends = {"dense": "final_linear.0", "logit": "final_linear.1"}
    else:
        pairs = [(f"from_image.{kind}", f"b{sides[-1]}.fromrgb.{kind}") for kind in ("weight", "bias")]
        for number, side in enumerate(falling):
            names = {"first.weight": "conv0.weight", "first.bias": "conv0.bias", "second.weight": "conv1.weight",
                     "second.bias": "conv1.bias", "skip.weight": "skip.weight"}  # fmt: skip
            pairs += [(f"blocks.{number}.{ours}", f"b{side}.{theirs}") for ours, theirs in names.items()]
        pairs += [(f"last.{kind}", f"b4.conv.{kind}") for kind in ("weight", "bias")]
        ends = {"dense": "b4.fc", "logit": "b4.out"}
    pairs += [(f"{ours}.{kind}", f"{theirs}.{kind}") for ours, theirs in ends.items() for kind in ("weight", "bias")]
    return [Named(ours, theirs) for ours, theirs in pairs]


def read_named(key: str, file: str, sha256: str, prefix: str) -> dict[str, Tensor]:
    """The tensors of a .safetensors or PyTorch file whose dotted path starts with `prefix`, without it, as float32.

    Nested dictionaries of a PyTorch file are joined by dots; it is read with weights_only=True, so nothing in it runs.
    Raises: FileNotFoundError and ValueError naming the key.
    """
    path = Path(file)
    check_digest(key, path, sha256)
    try:
        content = load_file(path) if path.suffix == ".safetensors" else torch.load(path, "cpu", weights_only=True)
    except (RuntimeError, pickle.UnpicklingError, SafetensorError, EOFError, zipfile.BadZipFile, KeyError) as error:
        raise ValueError(
            f"key {key}: {path} does not read as named tensors without running code ({type(error).__name__}); convert "
            "it to a .safetensors file on a machine that trusts it"
        ) from error
    held = dict(_flat(content, ""))
    found = {name.removeprefix(prefix): tensor.float() for name, tensor in held.items() if name.startswith(prefix)}
    if not found:
        raise ValueError(f"key {key}: {path} holds no tensor under {prefix!r}; its first names: {sorted(held)[:3]}")
    return found


def _flat(value: object, path: str) -> list[tuple[str, Tensor]]:
    """Tensors of nested dictionaries by dotted path; other values (a checkpoint's options) are left out."""
    if isinstance(value, Tensor):
        return [(path, value)]
    if not isinstance(value, Mapping):
        return []
    return [pair for name, inner in value.items() for pair in _flat(inner, f"{path}.{name}" if path else str(name))]


def fill(net: nn.Module, state: Mapping[str, Tensor], names: list[Named], beside: set[str], where: str) -> None:
    """Copies official tensors into the net.

    `beside` names tensors of the file that are no weights of this net; fixed filters are always passed over.
    Raises: ValueError naming what is missing, left over or of another shape; then nothing is copied.
    """
    own = net.state_dict()
    wanted = {name.theirs for name in names}
    missing = sorted(wanted - state.keys())
    extra = sorted(name for name in state.keys() - wanted - beside if not name.endswith(FILTERS))
    shapes, ready = [], {}
    for name in names:
        if name.theirs not in state:
            continue
        tensor, shape = state[name.theirs], tuple(own[name.ours].shape)
        if _plain(tuple(tensor.shape)) != _plain(shape):
            shapes.append(f"{name.theirs}: {shape} expected, {tuple(tensor.shape)} found")
            continue
        tensor = tensor.reshape(shape)
        ready[name.ours] = tensor.flip(2, 3) if name.mirrored else tensor
    if missing or extra or shapes:
        raise ValueError(
            f"{where} does not fit: {len(missing)} names missing {missing[:3]}, {len(extra)} left over {extra[:3]}, "
            f"{len(shapes)} of another shape {shapes[:3]}; are size, widths, layout and prefix those of this file?"
        )
    with torch.no_grad():
        for name, tensor in ready.items():
            own[name].copy_(tensor)


def _plain(shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(length for length in shape if length != 1)
