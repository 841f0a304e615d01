"""Functions of tensors as one compiled piece, which may be differentiated twice."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from types import FunctionType
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

Mask = tuple[bool, ...]
# In this process alone, without others that compile beside it.
BUILDING: dict[str, Any] = {"backend": "inductor", "options": {"compile_threads": 1}}


class Chain:
    """A function whose value, gradient and gradient of the gradient are each compiled as a whole.

    torch's compiler gives what it compiles one gradient, and R1 and path lengths need a second one. So the gradient is
    written as a function of its own (torch.func.vjp), and so is the gradient of that; each is compiled without any.
    `at(out, *inputs)` says at which inputs derivatives are taken and so what is kept until then: of a rectifier, whose
    slope its output tells as well, the output, which the next layer keeps anyway.

    Shapes: tensors and None -> one tensor.    Raises: RuntimeError if a third derivative is asked for.
    """

    def __init__(self, function: Callable[..., Tensor], at: Callable[..., tuple] = lambda out, *inputs: inputs):
        self.function, self.at = function, at
        self.value, self.gradient, self.second = Pieces(function), Pieces(self._gradient), Pieces(self._second)

    def __call__(self, *inputs: Tensor | None) -> Tensor:
        return _Value.apply(self, *inputs)

    def _gradient(self, wanted: Mask, outer: Tensor, *inputs: Any) -> tuple[Tensor, ...]:
        return pulled(self.function, wanted, outer, inputs)

    def _second(self, first: Mask, wanted: Mask, *tensors: Any) -> tuple[Tensor, ...]:
        count = sum(first)
        return pulled(partial(self._gradient, first), wanted, tensors[:count], tensors[count:])


def pulled(function: Callable, wanted: Mask, outer: Any, inputs: tuple) -> tuple[Tensor, ...]:
    """The gradients of <outer, function(*inputs)> to those inputs that are wanted."""
    chosen = [x for x, one in zip(inputs, wanted, strict=True) if one]

    def of_chosen(*some: Tensor) -> Any:
        rest = list(some)
        return function(*[rest.pop(0) if one else x for x, one in zip(inputs, wanted, strict=True)])

    return torch.func.vjp(of_chosen, *chosen)[1](outer)


class Pieces:
    """One function, compiled once for each kind of its tensors (shape, strides, type, device).

    Each has code of its own: torch's compiler asks what was compiled of one code one after the other whether it fits,
    and takes no more than eight.
    """

    def __init__(self, function: Callable):
        self.function, self.made = function, {}

    def __call__(self, *given: Any) -> Any:
        kind = tuple((x.shape, x.stride(), x.dtype, x.device) if isinstance(x, Tensor) else x for x in given)
        if kind not in self.made:
            self.made[kind] = compiled(self.function)
        return self.made[kind](*given)


def compiled(function: Callable) -> Callable:
    """The function through torch's compiler, as a whole or not at all."""

    def whole(*given: Any) -> Any:
        return function(*given)

    own = FunctionType(whole.__code__.replace(), whole.__globals__, "whole", None, whole.__closure__)
    return torch.compile(own, fullgraph=True, dynamic=False, **BUILDING)


class _Value(torch.autograd.Function):
    @staticmethod
    def forward(ctx, chain: Chain, *inputs: Any) -> Tensor:
        out = chain.value(*inputs)
        ctx.chain = chain
        ctx.save_for_backward(*chain.at(out, *inputs))
        return out

    @staticmethod
    def backward(ctx, outer: Tensor) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        wanted = ctx.needs_input_grad[1:]
        return None, *spread(wanted, _Gradient.apply(ctx.chain, wanted, outer, *ctx.saved_tensors))


class _Gradient(torch.autograd.Function):
    @staticmethod
    def forward(ctx, chain: Chain, wanted: Mask, outer: Tensor, *inputs: Any) -> tuple[Tensor, ...]:
        ctx.chain, ctx.wanted = chain, wanted
        ctx.save_for_backward(outer, *inputs)
        return chain.gradient(wanted, outer, *inputs)

    @staticmethod
    @once_differentiable
    def backward(ctx, *outer: Tensor) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        wanted = ctx.needs_input_grad[2:]
        return None, None, *spread(wanted, ctx.chain.second(ctx.wanted, wanted, *outer, *ctx.saved_tensors))


def spread(wanted: Mask, found: tuple[Tensor, ...]) -> list[Tensor | None]:
    """What was found for those that wanted it, None for the others."""
    rest = iter(found)
    return [next(rest) if one else None for one in wanted]
