"""Published StyleGAN2 and pSp weights under our names: mapped by name, or refused.

Two layouts are known. `nvlabs`: StyleGAN2-ADA's networks, converted by the user to named tensors. `rosinality`: the
PyTorch port, whose names pSp's checkpoints use for their decoder. Both store the kernels of doubling convolutions
mirrored, because they run them as transposed convolutions.
"""

from dataclasses import dataclass, replace

import torch
from torch import nn

from stages.engine.weights import note_file
from stages.teachers.weights import Given, open_file

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
    """Every tensor of `Generator` but its noise planes, in the names of a layout; sides ascend from 4."""
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
    """(name, side) of the fixed noise planes in the order of `Generator.noise`."""
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


def open_named(key: str, file: str, sha256: str, prefix: str) -> Given:
    """A file's tensors whose dotted path starts with `prefix`, without it.

    Where none does, they may stand as a whole under one further name, such as `module.`.
    Raises: FileNotFoundError and ValueError naming the key, as `open_file` does.
    """
    given = open_file(key, file, sha256)
    held = given.tensors
    before = {""} if any(name.startswith(prefix) for name in held) else {
        name[: place + 1] for name in held if (place := name.find(f".{prefix}")) >= 0 and prefix
    }  # fmt: skip
    if len(before) != 1:
        told = f"it stands there {len(before)} times, after {sorted(before)[:3]}" if before else "none does"
        raise ValueError(
            f"{given.where} holds no tensor under {prefix!r} ({told}); its first names: {sorted(held)[:3]}; change the "
            f"key {key.removesuffix('file')}prefix"
        )
    under = f"{before.pop()}{prefix}"
    found = {name.removeprefix(under): tensor for name, tensor in held.items() if name.startswith(under)}
    return replace(given, tensors=found, facts=given.facts | ({"under": under} if under != prefix else {}))


def fill(net: nn.Module, given: Given, names: list[Named], beside: set[str], what: str) -> None:
    """Copies official tensors into the net.

    `beside` names tensors of the file that are no weights of this net; fixed filters are always passed over.
    Raises: ValueError naming what is missing, left over or of another shape; then nothing is copied.
    """
    own = net.state_dict()
    expected = {name.theirs: own[name.ours] for name in names}
    fitted = given.fit(
        expected, what, alike=_alike, beside=lambda name: name in beside or name.endswith(FILTERS), search=False
    )
    note_file(net, given.key, {"file": given.path.name, "sha256": given.sha256, **fitted.facts})
    with torch.no_grad():
        for name in names:
            tensor = fitted.state[name.theirs].reshape(own[name.ours].shape)
            own[name.ours].copy_(tensor.flip(2, 3) if name.mirrored else tensor)


def _alike(found: tuple[int, ...], expected: tuple[int, ...]) -> bool:
    return _plain(found) == _plain(expected)


def _plain(shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(length for length in shape if length != 1)
