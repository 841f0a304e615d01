"""The user's weights files: checked by sha256, read without running code, fitted to a network by name and shape."""

import hashlib
import pickle
import re
import warnings
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from stages.data import checksum
from stages.data import weights_kind as kinds
from stages.engine.weights import note_file
from stages.nets.fit import Fitted, fit, without_inserted
from stages.teachers.detectors.arrays import read_arrays

DEEPEST, MOST_NAMES = 100, 1 << 17


@dataclass(frozen=True)
class Given:
    """A weights file as the parameters name it: its tensors by dotted path, and what else is to be said of it."""

    key: str
    path: Path
    sha256: str
    tensors: Mapping[str, Tensor]
    facts: dict[str, Any]

    @property
    def where(self) -> str:
        return f"key {self.key}: {self.path}"

    def fit(self, expected: Mapping[str, Tensor], what: str, **ways: Any) -> Fitted:
        """As `nets.fit.fit`; says in the log what was not plain. Raises: ValueError as it does."""
        fitted = fit(self.tensors, expected, self.where, what, **ways)
        facts = {**self.facts, **fitted.facts}
        if set(facts) - {"kind"}:
            print(
                f"{self.where}: read as {what}; {'; '.join(f'{key}: {value}' for key, value in facts.items())}",
                flush=True,
            )
        return Fitted(fitted.state, facts)

    def fill(self, net: nn.Module, what: str, **ways: Any) -> dict[str, Any]:
        """Fits and loads; gives what a card should say of the file, and notes it at the network.

        Raises: as `fit` does; then nothing is loaded.
        """
        fitted = self.fit(net.state_dict(), what, **ways)
        net.load_state_dict(fitted.state)
        said = {"file": self.path.name, "sha256": self.sha256, **fitted.facts}
        note_file(net, self.key, said)
        return said


def check_digest(key: str, path: Path, expected: str) -> str:
    """The file's sha256.

    Raises: FileNotFoundError with the path that `key` names; ValueError naming key, expected and found.
    """
    if not path.is_file():
        found = "a folder" if path.is_dir() else "a link to nothing" if path.is_symlink() else "not there"
        raise FileNotFoundError(
            f"key {key} names the weight file {path}, which is {found}; put it there (data/weights/ is yours and is "
            "never changed) or name another file in the parameters"
        )
    with path.open("rb") as stream:
        found = hashlib.file_digest(stream, "sha256").hexdigest()
    if found != checksum.plain(expected):
        kind = kinds.kind_of(path)
        told = f"if this is the file you mean, write its sha256 into the parameters under {sha256_key(key)}"
        raise ValueError(
            f"key {key}: expected {path} to have the sha256 {expected or '(none given)'}, found {found}; "
            + (told if kind.name else f"it is {kind.says}; {kind.remedy}")
        )
    return found


def sha256_key(key: str) -> str:
    """The parameter that holds the digest of the file under a key."""
    return f"{key.removesuffix('file')}sha256"


def read_state(path: Path) -> dict[str, Tensor]:
    """The tensors of a PyTorch, safetensors or detectron2 file, whatever it is called, by dotted path.

    Nothing in it is executed. Values that are no tensors are passed over.
    Raises: ValueError saying what it is, what was expected and what to do, for any other file.
    """
    kind = kinds.kind_of(path)
    target = path.with_name(f"{path.stem}_tensors.safetensors")
    command = f"`{kinds.CONVERT} {path} {target}` takes out its tensors alone"
    if not kind.name or kind.name in (kinds.TAR, kinds.TORCHSCRIPT):
        remedy = f"{command}; name that file and its sha256" if kind.name == kinds.TORCHSCRIPT else kind.remedy
        raise ValueError(f"{path} is {kind.says}; {kinds.EXPECTED}; {remedy}")
    try:
        content = _content(path, kind.name)
    # What cut and altered files raise has no end; none of it is a defect of ours, and none of it is worth repeating.
    except Exception as error:
        if kind.name == kinds.PICKLE and isinstance(error, ValueError):
            raise
        named = re.search(r"GLOBAL ([\w.]+)", str(error))
        if named and isinstance(error, pickle.UnpicklingError):
            told = f"it holds {named[1]}; {command}, without running anything; name that file and its sha256"
            if kinds.hostile(named[1]):
                told = f"it asks to run {named[1]}, which no weights need; do not use it"
        else:
            told = f"it is cut short or damaged ({type(error).__name__}); {kinds.AGAIN}"
        raise ValueError(
            f"{path} does not read as named tensors without running code (a state dict), although it is {kind.says}: "
            f"{told}"
        ) from None
    found = flat(content, "", path)
    if not found:
        raise ValueError(
            f"{path} does not hold a state dict: expected a mapping of names to tensors, found "
            f"{_described(content)}; name the file that holds the weights"
        )
    return found


def _content(path: Path, kind: str) -> Any:
    if kind == kinds.SAFETENSORS:
        return load_file(path)
    if kind == kinds.PICKLE:
        return {"model": {name: torch.from_numpy(value) for name, value in read_arrays(path).items()}}
    if kind == kinds.PYTORCH:
        with zipfile.ZipFile(path) as archive:
            # torch does not look at the sums of what it reads.
            if damaged := archive.testzip():
                raise zipfile.BadZipFile(damaged)
    # Not by its path, whose name torch would believe; what it says of the form is no news to the user.
    with path.open("rb") as stream, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return torch.load(stream, map_location="cpu", weights_only=True)


def flat(value: Any, name: str, path: Path) -> dict[str, Tensor]:
    """Tensors of nested mappings by dotted path.

    Raises: ValueError where two have one path, or where mappings are deeper or more than those of any network.
    """
    found: dict[str, Tensor] = {}
    for count, (place, inner) in enumerate(_leaves(value, name, 0, path)):
        # One mapping may stand in many places, in each level of them again.
        if count == MOST_NAMES:
            raise ValueError(f"{path}: expected at most {MOST_NAMES} values, came more; {kinds.AGAIN}")
        if place in found and isinstance(inner, Tensor):
            raise ValueError(f"{path} holds {place} twice, once in a nested mapping; keep one of them")
        if place and isinstance(inner, Tensor):
            found[place] = inner.detach()
    return found


def _leaves(value: Any, name: str, depth: int, path: Path) -> Iterator[tuple[str, Any]]:
    """What is no mapping, and empty mappings, by dotted path."""
    if not isinstance(value, Mapping) or not value:
        yield name, value
        return
    if depth == DEEPEST:
        raise ValueError(
            f"{path}: expected at most {DEEPEST} mappings within each other, came more: {name[:80]}…; {kinds.AGAIN}"
        )
    for key, inner in value.items():
        yield from _leaves(inner, f"{name}.{key}" if name else str(key), depth + 1, path)


def _described(content: Any) -> str:
    keys = (
        f" with the keys {[str(key)[:40] for key in content][:3]}" if isinstance(content, Mapping) and content else ""
    )
    return f"{'an empty ' if content in ({}, []) else 'a '}{type(content).__name__}{keys}"


def open_file(key: str, file: str, sha256: str) -> Given:
    """A file named in the parameters. Raises: as `check_digest` and `read_state` do, ValueError naming the key."""
    path = Path(file)
    found = check_digest(key, path, sha256)
    try:
        tensors, words = without_inserted(read_state(path), str(path))
    except ValueError as error:
        raise ValueError(f"key {key}: {error}") from None
    facts = {"kind": kinds.kind_of(path).name} | ({"names_without": words} if words else {})
    return Given(key, path, found, tensors, facts)
