"""A device that is not there: tensors that lie on it keep their values, and refuse what a GPU refuses.

`far()` puts it in the place of torch's `meta` device, which needs no driver. A far tensor computes on the CPU what it
would compute on a GPU, so results are the CPU's to the bit; what would stop on a GPU, or wait for it where nothing may
wait, raises here.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from typing import Any
from unittest import mock

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode, return_and_correct_aliasing
from torch.utils._pytree import tree_leaves, tree_map

DEVICE = torch.device("meta")
aten = torch.ops.aten
# A GPU's tensor takes an index from the CPU as well; a tensor on the CPU takes none from there.
INDEXED = {aten.index.Tensor, aten.index_put_.default, aten.index_put.default, aten._index_put_impl_.default}
# Copies go across.
ACROSS = {aten.copy_.default, aten._to_copy.default} | INDEXED
# What they give is known only when the device has done its work. (Rows picked by a mask wait too; those are allowed.)
ASKED = {aten._local_scalar_dense.default, aten.equal.default}
# What networks are made of. Where there is a device none of it is computed beside it.
LAYERS = {aten.convolution.default, aten.addmm.default, aten.bmm.default, aten.native_group_norm.default}


class DeviceFault(RuntimeError):
    """What a GPU refuses, or what may not be asked of it here."""


class Far(Tensor):
    """A tensor on the device; `near` holds its values."""

    near: Tensor
    __torch_function__ = torch._C._disabled_torch_function_impl

    @staticmethod
    def __new__(cls, near: Tensor) -> "Far":
        made = Tensor._make_wrapper_subclass(  # pyright: ignore[reportAttributeAccessIssue]  # not in the stubs
            cls, near.size(), strides=near.stride(), storage_offset=near.storage_offset(), dtype=near.dtype,
            layout=near.layout, device=DEVICE,
        )  # fmt: skip
        made.near = near
        return made

    @classmethod
    def __torch_dispatch__(cls, func, types, args=(), kwargs=None):
        return compute(func, args, kwargs or {})

    def __repr__(self) -> str:  # pyright: ignore[reportIncompatibleMethodOverride]
        return f"far {self.near!r}"

    def __reduce_ex__(self, protocol):
        """A saved state holds values; they come back on the CPU and are copied over."""
        return self.near.__reduce_ex__(protocol)

    @property
    def data(self) -> Tensor:  # pyright: ignore[reportIncompatibleVariableOverride]
        """Without a graph, as ever; a module that is moved or laid out anew puts its parameters' values in here."""
        return self.detach()

    @data.setter
    def data(self, value: "Far") -> None:
        Tensor.data.__set__(self, value)  # pyright: ignore[reportAttributeAccessIssue]  # a descriptor of C
        self.near = value.near

    def __getitem__(self, index) -> Tensor:
        return super().__getitem__(_indices(index))

    def __setitem__(self, index, value) -> None:
        super().__setitem__(_indices(index), value)

    def tolist(self) -> Any:
        """A GPU gives its numbers too, and waits."""
        ask("tolist")
        return self.near.tolist()


def _indices(index: Any) -> Any:
    """Lists become tensors on the CPU, from where torch moves them; it would write them straight onto the device."""
    if isinstance(index, tuple):
        return tuple(_indices(one) for one in index)
    return torch.tensor(index) if isinstance(index, list) else index


class Watch:
    """What has been asked of the device since the last look."""

    asked = 0
    forbidden = False
    beside = False


def ask(what: str) -> None:
    """Counts a wait for the device. Raises: DeviceFault where nothing may wait."""
    Watch.asked += 1
    if Watch.forbidden:
        raise DeviceFault(f"{what}: a number is asked of the device where nothing may wait for it")


def compute(func, args, kwargs) -> Any:
    """Runs an operator on the values, after refusing what a GPU would refuse. Raises: DeviceFault."""
    leaves = tree_leaves((args, kwargs))
    far = [leaf for leaf in leaves if isinstance(leaf, Far)]
    near = [leaf for leaf in leaves if isinstance(leaf, Tensor) and not isinstance(leaf, Far) and leaf.dim()]
    if any(tensor.device.type == DEVICE.type for tensor in near):
        raise DeviceFault(f"{func}: a tensor came to the device by a way that keeps no values; teach this file the way")
    if func in INDEXED and far and not isinstance(args[0], Far):
        raise DeviceFault(f"{func}: an index on the device into a tensor on the CPU")
    if far and near and func not in ACROSS:
        raise DeviceFault(f"{func}: expected all tensors on one device, {len(near)} of them lie on the CPU")
    if func in ASKED and far:
        ask(str(func))
    if func in LAYERS and not far and not Watch.beside:
        raise DeviceFault(f"{func}: a network computes on the CPU beside the device")
    device = kwargs.get("device")
    goes_far = bool(far) if device is None else torch.device(device).type == DEVICE.type
    generator = kwargs.get("generator")
    if goes_far and generator is not None and generator.device.type == "cpu":
        raise DeviceFault(f"{func}: the CPU's generator cannot draw on the device; draw on the CPU and move")
    made = func(*tree_map(_near, args), **tree_map(_near, kwargs))
    if not goes_far:
        return made
    made = tree_map(lambda one: Far(one) if isinstance(one, Tensor) and not isinstance(one, Far) else one, made)
    return return_and_correct_aliasing(func, args, kwargs, made) if device is None else made


def _near(value: Any) -> Any:
    if isinstance(value, Far):
        return value.near
    return torch.device("cpu") if isinstance(value, torch.device) and value.type == DEVICE.type else value


class _Mode(TorchDispatchMode):
    """For operators that have no far tensor among their arguments: moving one there, making one there."""

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        return compute(func, args, kwargs or {})


def _pinned(tensor: Tensor) -> Tensor:
    if tensor.device.type != "cpu":
        raise DeviceFault("only dense CPU tensors can be pinned, came one on the device")
    return tensor


def _autocast(real):
    """torch knows of no autocast on `meta`; in full precision it does nothing, and bf16 stays with real GPUs."""

    def autocast(device_type: str, *words, enabled: bool = True, **named):
        if device_type != DEVICE.type:
            return real(device_type, *words, enabled=enabled, **named)
        if enabled:
            raise NotImplementedError("the device that is not there computes in full precision alone")
        return nullcontext()

    return autocast


def _moved(make):
    """`torch.tensor` and its like write straight into the device's memory: made here and moved, it is the same."""

    def made(data, *, device=None, **words):
        found = make(data, **words)
        return found if device is None else found.to(device)

    return made


@contextmanager
def far() -> Iterator[torch.device]:
    """Within this, `meta` is a device that computes. Without one a CPU tensor cannot be pinned: here it can."""
    with ExitStack() as stack:
        stack.enter_context(mock.patch.object(Tensor, "pin_memory", _pinned))
        stack.enter_context(mock.patch.object(torch, "autocast", _autocast(torch.autocast)))
        for name in ("tensor", "as_tensor"):
            stack.enter_context(mock.patch.object(torch, name, _moved(getattr(torch, name))))
        stack.enter_context(_Mode())
        yield DEVICE


@contextmanager
def nothing_waits(forbidden: bool = True) -> Iterator[None]:
    """Within this no number may be asked of the device; with False it may be again."""
    before, Watch.forbidden = Watch.forbidden, forbidden
    try:
        yield
    finally:
        Watch.forbidden = before


@contextmanager
def beside_the_device() -> Iterator[None]:
    """Within this networks may compute on the CPU too."""
    Watch.beside = True
    try:
        yield
    finally:
        Watch.beside = False
