"""Optimisers from their description."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.optim.adam import adam
from torch.optim.adamw import adamw
from torch.optim.sgd import sgd

from stages.engine.plan import Descent

KINDS = ("adam", "adamw", "sgd")


def lazy_corrected(learning_rate: float, betas: tuple[float, float], every: int | None) -> tuple[float, tuple]:
    """Rate and betas for a regulariser that is in one of every k steps.

    c = k / (k + 1);  rate * c,  betas ** c.    Source: code (stylegan2, lazy regularisation).
    """
    if every is None:
        return learning_rate, betas
    share = every / (every + 1)
    return learning_rate * share, tuple(beta**share for beta in betas)


class Optimiser:
    """One descent over the learning parameters of its nets, through torch's functional optimisers.

    torch's optimiser classes import the whole compiler at first use, which costs seconds in every stage. Parameters
    without a gradient stay where they are, and so do their moments.
    Raises: ValueError for an unknown net, an unused scale prefix, or a number that is missing or not of this kind.
    """

    def __init__(self, descent: Descent, nets: Mapping[str, nn.Module]) -> None:
        _check(descent, nets)
        self.descent = descent
        self.rate, self.betas = descent.learning_rate, descent.betas or (0.0, 0.0)
        if descent.kind != "sgd":
            self.rate, self.betas = lazy_corrected(self.rate, self.betas, descent.lazy_every)
        self.parameters: dict[str, nn.Parameter] = {}
        self.moments: dict[str, dict[str, Tensor]] = {}
        self.groups: dict[float, list[str]] = {}
        unused = set(descent.scale)
        for net in descent.nets:
            for name, parameter in nets[net].named_parameters(prefix=net):
                if not parameter.requires_grad:
                    continue
                prefixes = [prefix for prefix in descent.scale if f"{name}.".startswith(f"{prefix}.")]
                unused -= set(prefixes)
                factor = descent.scale[max(prefixes, key=len)] if prefixes else 1.0
                self.groups.setdefault(factor, []).append(name)
                self.parameters[name] = parameter
                self.moments[name] = self._fresh(parameter)
        if unused:
            raise ValueError(f"a descent's scale names {sorted(unused)}, where no parameter of {descent.nets} begins")

    def step(self, step: int, moved: list[nn.Parameter]) -> None:
        """Moves the parameters that hold a gradient, at the rate of this step; `moved` is what clipping measures."""
        if self.descent.clip_norm is not None:
            nn.utils.clip_grad_norm_(moved, self.descent.clip_norm)
        factor = 1.0 if self.descent.schedule is None else self.descent.schedule(step)
        for scale, names in self.groups.items():
            moving = [name for name in names if self.parameters[name].grad is not None]
            if moving:
                self._move(moving, self.rate * scale * factor)

    def state_dict(self) -> dict[str, dict[str, Tensor]]:
        """The moments by parameter name."""
        return self.moments

    def load_state_dict(self, state: Mapping[str, Mapping[str, Tensor]]) -> None:
        """Takes over the values of a saved state."""
        for name, moments in self.moments.items():
            for moment, tensor in moments.items():
                tensor.copy_(state[name][moment])

    def _fresh(self, parameter: nn.Parameter) -> dict[str, Tensor]:
        if self.descent.kind == "sgd":
            return {"momentum": torch.zeros_like(parameter, requires_grad=False)}
        first, second = (torch.zeros_like(parameter, requires_grad=False) for _ in range(2))
        return {"first": first, "second": second, "step": torch.zeros((), device=parameter.device)}

    @torch.no_grad()
    def _move(self, names: list[str], rate: float) -> None:
        parameters: list[Tensor] = [self.parameters[name] for name in names]
        gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
        moment = {key: [self.moments[name][key] for name in names] for key in self.moments[names[0]]}
        common = {"lr": rate, "weight_decay": self.descent.weight_decay or 0.0, "maximize": False, "fused": True}
        if self.descent.kind == "sgd":
            momentum = self.descent.momentum or 0.0
            held: list[Tensor | None] = list(moment["momentum"])
            sgd(parameters, gradients, held, momentum=momentum, dampening=0, nesterov=False, **common)
            return
        move = adam if self.descent.kind == "adam" else adamw
        first, second = self.betas
        numbers = {"beta1": first, "beta2": second, "eps": self.descent.eps, "amsgrad": False}
        move(parameters, gradients, moment["first"], moment["second"], [], moment["step"], **numbers, **common)


def _check(descent: Descent, nets: Mapping[str, nn.Module]) -> None:
    unknown = sorted(set(descent.nets) - set(nets))
    if unknown:
        raise ValueError(f"a descent names {unknown}, which are no nets of the method (it has {sorted(nets)})")
    if descent.kind not in KINDS:
        raise ValueError(f"descents are {', '.join(KINDS)}; found {descent.kind!r}")
    if descent.kind == "sgd" and descent.lazy_every is not None:
        raise ValueError("the lazy correction is made for adam and adamw, and a descent of kind sgd asks for it")
    if descent.kind != "sgd" and (descent.betas is None or descent.eps is None):
        raise ValueError(f"{descent.kind} needs betas and eps, and a descent over {descent.nets} leaves them out")
