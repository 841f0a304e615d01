"""What torch.save wrote, as tensors and inert records: nothing that a file names is imported or called."""

import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import IO, Any

import torch
from torch import Tensor

from stages.data import sizes
from stages.data.unpickler import Unpickler
from stages.data.weights_kind import hostile

STORAGES = {
    "Float": torch.float32, "Double": torch.float64, "Half": torch.float16, "BFloat16": torch.bfloat16,
    "Long": torch.int64, "Int": torch.int32, "Short": torch.int16, "Char": torch.int8, "Byte": torch.uint8,
    "Bool": torch.bool,
}  # fmt: skip
TENSORS = frozenset({"torch._utils._rebuild_tensor", "torch._utils._rebuild_tensor_v2"})
PARAMETERS = frozenset({"torch._utils._rebuild_parameter", "torch._utils._rebuild_parameter_with_state"})

# A tensor that repeats its numbers may take more than they do, but no more than this many.
MOST_REPEATED = 1 << 24

Storage = Callable[[], Tensor]


class Record:
    """What a pickle says of one object: its name, its arguments, its state. It does nothing."""

    name = ""
    arguments: tuple[Any, ...]
    state: Any

    def __new__(cls, *arguments: Any, **_: Any) -> Any:
        if cls.name in TENSORS:
            return Pending(*arguments[:4])
        if cls.name in PARAMETERS:
            return arguments[0]
        record = super().__new__(cls)
        record.arguments, record.state = arguments, None
        return record

    def __init__(self, *_: Any, **__: Any) -> None:
        """Arguments are kept by __new__, which pickles may call alone."""

    def __setstate__(self, state: Any) -> None:
        self.state = state

    def __setitem__(self, key: Any, value: Any) -> None:
        """An entry of a mapping that is no plain one."""
        self.state = {**(self.state if isinstance(self.state, dict) else {}), key: value}

    def append(self, value: Any) -> None:
        """An item of a list that is no plain one."""
        self.arguments = (*self.arguments, value)

    def extend(self, values: Any) -> None:
        self.arguments = (*self.arguments, *values)


class Names(dict):
    """A mapping with attributes, such as OrderedDict; the attributes are dropped."""

    def __init__(self, *_: Any) -> None:
        super().__init__()

    def __setstate__(self, state: Any) -> None:
        """A state dict's own notes."""


class Reader(Unpickler):
    """Turns every name into a record and every storage into a function that gives its numbers."""

    def __init__(self, stream: IO[bytes], storage: Callable[[tuple], Storage]) -> None:
        super().__init__(stream, encoding="utf-8", errors="replace")
        self.storage = storage

    def find_class(self, module: str, name: str) -> type:
        if hostile(f"{module}.{name}"):
            raise ValueError(f"it names {module}.{name}, which no weights need")
        if (module, name) in (("collections", "OrderedDict"), ("collections", "defaultdict")):
            return Names
        return type(name.rpartition(".")[2], (Record,), {"name": f"{module}.{name}"})

    def persistent_load(self, pid: Any) -> Any:
        # Whole networks name their classes in this way before 1.6, with their source.
        return pid[1] if pid[0] == "module" else self.storage(pid)


@dataclass(frozen=True)
class Pending:
    """A tensor whose numbers may come later in the file."""

    storage: Storage
    offset: int
    size: tuple[int, ...]
    stride: tuple[int, ...]

    def made(self) -> Tensor:
        """A tensor of its own. Raises: ValueError where it would lie outside its storage."""
        numbers, size, stride = self.storage(), tuple(self.size), tuple(self.stride)
        steps = zip(size, stride, strict=True)
        last = self.offset + sum((side - 1) * step for side, step in steps) if 0 not in size else -1
        if self.offset < 0 or min((*size, *stride, 0)) < 0 or last >= numbers.numel():
            raise ValueError(f"a tensor of shape {size} lies outside its {numbers.numel()} numbers")
        # A step of 0 repeats one number as often as the shape says.
        if prod(size) > max(numbers.numel(), MOST_REPEATED):
            raise ValueError(f"a tensor of shape {size} repeats {numbers.numel()} numbers, {MOST_REPEATED} at most")
        return numbers.as_strided(size, stride, self.offset).clone()


def _type(kind: Any) -> torch.dtype:
    name = getattr(kind, "name", str(kind)).removeprefix("torch.").removesuffix("Storage")
    if name not in STORAGES:
        raise ValueError(f"numbers of the type {name} are not read here")
    return STORAGES[name]


def _numbers(content: bytes, dtype: torch.dtype) -> Tensor:
    return torch.frombuffer(bytearray(content), dtype=dtype) if content else torch.zeros(0, dtype=dtype)


def read_zip(path: Path) -> Any:
    """The content of a file of torch.save or of a TorchScript archive. Raises: whatever a damaged file leads to."""
    # Stays open for the tensors that are made later.
    archive = zipfile.ZipFile(path)
    names = archive.namelist()
    folder = next(name for name in names if name.split("/")[1:] == ["data.pkl"]).removesuffix("data.pkl")
    if f"{folder}byteorder" in names and archive.read(f"{folder}byteorder") != b"little":
        raise ValueError("its numbers were written by a big-endian machine")

    def storage(identifier: tuple) -> Storage:
        dtype, key = _type(identifier[1]), identifier[2]
        return lambda: _numbers(archive.read(f"{folder}data/{key}"), dtype)

    with archive.open(f"{folder}data.pkl") as stream:
        return Reader(stream, storage).load()


def read_legacy(path: Path) -> Any:
    """The content of a file of torch.save before 1.6: pickles, then storages. Raises: as `read_zip`."""
    types: dict[str, torch.dtype] = {}
    held: dict[str, Tensor] = {}

    def storage(identifier: tuple) -> Storage:
        key = identifier[2]
        types[key] = _type(identifier[1])
        return lambda: held[key]

    with path.open("rb") as stream:
        for _ in range(3):  # a magic number, a version, facts of the machine
            Reader(stream, storage).load()
        content = Reader(stream, storage).load()
        for key in Reader(stream, storage).load():
            count = int.from_bytes(stream.read(8), "little", signed=True)
            held[key] = _numbers(sizes.exactly(stream, count * types[key].itemsize), types[key])
    return content
