"""Optimisers from their description."""

from collections.abc import Mapping

import torch
from torch import nn

from stages.engine.plan import Descent


def lazy_corrected(learning_rate: float, betas: tuple[float, float], every: int | None) -> tuple[float, tuple]:
    """Rate and betas for a regulariser that is in one of every k steps.

    c = k / (k + 1);  rate * c,  betas ** c.    Source: code (stylegan2, lazy regularisation).
    """
    if every is None:
        return learning_rate, betas
    share = every / (every + 1)
    return learning_rate * share, tuple(beta**share for beta in betas)


def build_optimiser(descent: Descent, nets: Mapping[str, nn.Module]) -> torch.optim.Optimizer:
    """An optimiser over the learning parameters of the descent's nets, one group per learning-rate factor.

    Raises: ValueError for an unknown net, an unused scale prefix, or a missing number.
    """
    unknown = sorted(set(descent.nets) - set(nets))
    if unknown:
        raise ValueError(f"a descent names {unknown}, which are no nets of the method (it has {sorted(nets)})")
    groups: dict[float, list[nn.Parameter]] = {}
    unused = set(descent.scale)
    for net in descent.nets:
        for name, parameter in nets[net].named_parameters(prefix=net):
            if not parameter.requires_grad:
                continue
            prefixes = [prefix for prefix in descent.scale if f"{name}.".startswith(f"{prefix}.")]
            unused -= set(prefixes)
            factor = descent.scale[max(prefixes, key=len)] if prefixes else 1.0
            groups.setdefault(factor, []).append(parameter)
    if unused:
        raise ValueError(f"no parameter of {descent.nets} begins with {sorted(unused)}, which a descent's scale names")
    decay = descent.weight_decay or 0.0
    if descent.kind == "sgd":
        if descent.lazy_every is not None:
            raise ValueError("the lazy correction is made for adam and adamw, and a descent of kind sgd asks for it")
        rate = descent.learning_rate
        made = torch.optim.SGD(_grouped(groups, rate), lr=rate, momentum=descent.momentum or 0.0, weight_decay=decay)
    elif descent.kind in ("adam", "adamw"):
        if descent.betas is None or descent.eps is None:
            raise ValueError(f"{descent.kind} needs betas and eps, and a descent over {descent.nets} leaves them out")
        rate, betas = lazy_corrected(descent.learning_rate, descent.betas, descent.lazy_every)
        kind = torch.optim.Adam if descent.kind == "adam" else torch.optim.AdamW
        made = kind(_grouped(groups, rate), lr=rate, betas=betas, eps=descent.eps, weight_decay=decay, fused=True)
    else:
        raise ValueError(f"descents are adam, adamw or sgd, found {descent.kind!r}")
    return made


def _grouped(groups: Mapping[float, list[nn.Parameter]], rate: float) -> list[dict]:
    return [{"params": groups[factor], "full_rate": rate * factor} for factor in groups]


def descend(optimiser: torch.optim.Optimizer, descent: Descent, step: int, moved: list[nn.Parameter]) -> None:
    """One update of the parameters that hold a gradient, at the rate of this step, with the gradient clipped."""
    if descent.clip_norm is not None:
        torch.nn.utils.clip_grad_norm_(moved, descent.clip_norm)
    factor = 1.0 if descent.schedule is None else descent.schedule(step)
    for group in optimiser.param_groups:
        group["lr"] = group["full_rate"] * factor
    optimiser.step()
