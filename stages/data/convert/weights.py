"""The tensors of a PyTorch file that holds more than tensors, as safetensors, without running anything in it.

`python -m stages.data.convert.weights FILE OUT.safetensors [--under PREFIX]`

Such files hold options of a training, whole networks or programs beside their weights, and to open them as they are
means to run what they name. Here every class and function that a file names becomes an inert record of what it was
called with; only the records of tensors are looked into. `--under` keeps the names that begin with PREFIX, without it.
"""

import argparse
import collections
import hashlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from safetensors.torch import load_file, save
from torch import Tensor

from stages.data import weights_kind as kinds
from stages.data.convert.torch_records import Pending, Record, read_legacy, read_zip

# Parts of a network's own state, in which torch keeps its tensors and its inner networks.
DEEPEST, MOST_NAMES = 100, 1 << 17
PARTS = ("_parameters", "_buffers", "_modules")


def read(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Tensors by dotted path, and what else the file holds: path -> what it is.

    Raises: ValueError naming the file, what was expected and what came.
    """
    kind = kinds.kind_of(path)
    if kind.name == kinds.SAFETENSORS:
        return dict(load_file(path)), {}
    readers = {kinds.PYTORCH: read_zip, kinds.TORCHSCRIPT: read_zip, kinds.LEGACY: read_legacy}
    if kind.name not in readers:
        raise ValueError(f"{path} is {kind.says}; {kinds.EXPECTED}; {kind.remedy or kinds.AGAIN}")
    try:
        content = readers[kind.name](path)
        found: dict[str, Tensor] = {}
        left: dict[str, str] = {}
        for count, (name, value) in enumerate(_named(content, "", set())):
            # One mapping may stand in many places, in each level of them again.
            if count == MOST_NAMES:
                raise ValueError(f"expected at most {MOST_NAMES} values, came more")
            if isinstance(value, Pending):
                if name in found:
                    raise ValueError(f"it holds {name} twice")
                found[name] = value.made()
            else:
                left[name] = getattr(value, "name", "") or type(value).__name__
    # A cut or altered file raises whatever its bytes lead to; what it says of itself is in the message.
    except Exception as error:
        raise ValueError(f"{path}: expected {kind.says}, came something else ({error}); do not use it") from None
    if not found:
        raise ValueError(f"{path} is {kind.says}, but holds no tensor: it holds {_listed(left) or 'nothing'}")
    return found, left


def _named(value: Any, name: str, above: set[int]) -> Iterator[tuple[str, Any]]:
    """Leaves by dotted path: of mappings, lists, networks and attributes of other objects; a circle ends."""
    if isinstance(value, Record):
        value = value.state if isinstance(value.state, dict) else value
        if isinstance(value, dict) and all(isinstance(value.get(part), dict) for part in PARTS):
            idle = value.get("_non_persistent_buffers_set")
            hidden = set(idle.arguments[0]) if isinstance(idle, Record) and idle.arguments else idle or set()
            buffers = {key: held for key, held in value["_buffers"].items() if key not in hidden}
            value = {**value["_parameters"], **buffers, **value["_modules"]}
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list | tuple) else None
    if inner is None or id(value) in above:
        if value is not None:
            yield name, value
        return
    if len(above) == DEEPEST:
        raise ValueError(f"expected at most {DEEPEST} mappings within each other, came more: {name[:80]}…")
    for key, held in inner:
        yield from _named(held, f"{name}.{key}" if name else str(key), above | {id(value)})


def _listed(left: dict[str, str]) -> str:
    """What is left out, by the first part of its path: some of each."""
    groups = collections.defaultdict(set)
    for name, kind in left.items():
        groups[name.partition(".")[0] or "the whole"].add(kind)
    return ", ".join(f"{name} ({', '.join(sorted(held)[:3])})" for name, held in sorted(groups.items())[:12])


def convert(source: Path, target: Path, under: str = "") -> tuple[int, str]:
    """Writes the tensors; gives how many, and what was left out. Raises: ValueError naming the source and its fault."""
    tensors, left = read(source)
    chosen = {name.removeprefix(under): value for name, value in tensors.items() if name.startswith(under)}
    chosen.pop("", None)
    if not chosen:
        raise ValueError(f"{source}: no tensor's name begins with {under!r}; the first names: {sorted(tensors)[:5]}")
    left |= {name: "tensor" for name in tensors if not name.startswith(under)}
    ready = {name: chosen[name].contiguous().clone() for name in sorted(chosen)}
    # Not save_file, which makes a file that only its owner may read.
    target.write_bytes(save(ready))
    return len(ready), _listed(left)


def main(words: list[str]) -> int:
    """0 done, 65 a file that holds no weights, 69 no such file."""
    parser = argparse.ArgumentParser(prog=kinds.CONVERT, description="the tensors of a file, without running it")
    parser.add_argument("source", type=Path, help="a file of torch.save or TorchScript")
    parser.add_argument("target", type=Path, help="the .safetensors to write")
    parser.add_argument("--under", default="", help="keep what stands under this name, such as state_dict.")
    chosen = parser.parse_args(words)
    try:
        count, left = convert(chosen.source, chosen.target, chosen.under)
    except (FileNotFoundError, ValueError) as error:
        missing = isinstance(error, FileNotFoundError)
        print(f"there is no {error.filename}" if missing else error, file=sys.stderr)  # pyright: ignore[reportAttributeAccessIssue]
        return 69 if missing else 65
    digest = hashlib.sha256(chosen.target.read_bytes()).hexdigest()
    print(f"{count} tensors in {chosen.target}, sha256 {digest}" + (f"; left out: {left}" if left else ""))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
