"""Weights of a trained method: one safetensors file."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor, nn

from stages.engine.method import Trainable
from stages.engine.world import World

FILE = "weights.safetensors"
MEMORY = "memory"
NOTED = "filled_from_files"


def write_weights(nets: Mapping[str, nn.Module], memory: Mapping[str, Tensor], folder: Path) -> None:
    """Writes parameters and buffers as `<net>.<name>` and memory as `memory.<name>`.

    Raises: FloatingPointError for a parameter that is not finite, ValueError for a net called memory.
    """
    if MEMORY in nets:
        raise ValueError(f"a net must not be called {MEMORY!r}: its weights would mix with the method's memory")
    tensors = {f"{MEMORY}.{name}": tensor for name, tensor in memory.items()}
    for net, module in nets.items():
        for name, tensor in module.state_dict().items():
            if tensor.is_floating_point() and not torch.isfinite(tensor).all():
                raise FloatingPointError(f"weights {net}.{name} are not finite after the last step")
            tensors[f"{net}.{name}"] = tensor
    ready = {name: tensors[name].detach().cpu().contiguous().clone() for name in sorted(tensors)}
    # Not save_file, which makes a file that only its owner may read.
    (folder / FILE).write_bytes(save(ready))


def note_file(net: nn.Module, key: str, said: dict[str, Any]) -> None:
    """Remembers at a network which file of the user filled it, under the key that names the file."""
    vars(net).setdefault(NOTED, {})[key] = said


def write_files(nets: Iterable[nn.Module], folder: Path) -> None:
    """Writes user_files.json: what was read of the files that filled parts of these networks; nothing without any."""
    found: dict[str, Any] = {}
    for net in nets:
        for part in net.modules():
            found |= vars(part).get(NOTED, {})
    if found:
        text = json.dumps(found, indent=1, sort_keys=True, ensure_ascii=False)
        (folder / "user_files.json").write_text(text + "\n", encoding="utf-8")


def load_weights(method: Trainable, folder: Path) -> None:
    """Fills the method's nets and memory; nets that only training needs may be in the file and not in the method.

    Raises: FileNotFoundError without the file; ValueError for one that does not open, and for tensors, named, that are
    missing, extra or of another shape.
    """
    path = folder / FILE
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing; a model folder holds {FILE}, curve.csv and model.json")
    try:
        found = load_file(path)
    except SafetensorError as error:
        raise ValueError(
            f"{path}: expected a safetensors file, came other bytes ({error}); train the model again"
        ) from None
    for net, module in method.nets.items():
        own = {name[len(net) + 1 :]: found[name] for name in found if name.startswith(f"{net}.")}
        _check(net, {name: tuple(tensor.shape) for name, tensor in module.state_dict().items()}, own, path)
        module.load_state_dict(own)
    own = {name[len(MEMORY) + 1 :]: found[name] for name in found if name.startswith(f"{MEMORY}.")}
    _check(MEMORY, {name: tuple(tensor.shape) for name, tensor in method.memory.items()}, own, path)
    set_memory(method, own)


def opened(module: Any, values: Mapping[str, Any], folder: Path, world: World) -> Any:
    """A trained method on the world's device, in evaluation mode: how samplers, measures and `retrace use` open one.

    `module` is the method's own, `values` its block as model.json has it. Raises: as `load_weights`.
    """
    method = module.for_sampling(module.Block.model_validate(values, strict=False), world)
    load_weights(method, folder)
    for net in method.nets.values():
        net.to(world.device).eval()
    for name, tensor in method.memory.items():
        method.memory[name] = tensor.to(world.device)
    return method


def set_memory(method: Trainable, values: Mapping[str, Tensor]) -> None:
    """Puts values into the method's memory: in place where the shape allows it, since methods hold them."""
    for name, value in values.items():
        held = method.memory[name]
        if held.shape == value.shape and held.dtype == value.dtype:
            held.copy_(value)
        else:
            method.memory[name] = value.to(held.device)


def _check(part: str, expected: Mapping, found: Mapping[str, Tensor], path: Path) -> None:
    shapes = {name: tuple(tensor.shape) for name, tensor in found.items()}
    wrong = sorted(name for name in {*expected, *shapes} if expected.get(name) != shapes.get(name))
    if wrong:
        name = wrong[0]
        raise ValueError(
            f"{path} does not fit the method: {part}.{name} should have shape {expected.get(name)}, found"
            f" {shapes.get(name)} ({len(wrong)} such tensors); train and sample must use the same block"
        )
