"""Named tensors from elsewhere fitted to a network: found under what they are wrapped in, converted, or refused."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

# How many batches a normalisation has seen: absent before PyTorch 0.4.1, and nothing depends on it here.
COUNTER = "num_batches_tracked"
# Put into names by torch itself, wherever a part of a network is wrapped.
INSERTED = frozenset({"_orig_mod", "_fsdp_wrapped_module", "_checkpoint_wrapped_module"})
NAMED = 3


@dataclass(frozen=True)
class Fitted:
    """Tensors as the network has them, and what was done to the file's: only what is not plain, ready for JSON."""

    state: dict[str, Tensor]
    facts: dict[str, Any] = field(default_factory=dict)


def same(found: tuple[int, ...], expected: tuple[int, ...]) -> bool:
    """Whether two shapes are one."""
    return found == expected


def nothing(name: str) -> bool:
    """That no further tensor may stand beside those of the network."""
    return False


def fit(
    tensors: Mapping[str, Tensor],
    expected: Mapping[str, Tensor],
    where: str,
    what: str,
    *,
    search: bool = True,
    beside: Callable[[str], bool] = nothing,
    alike: Callable[[tuple[int, ...], tuple[int, ...]], bool] = same,
) -> Fitted:
    """The expected tensors out of a file's, as float32 or as whole numbers.

    With `search` they may all stand under one name, such as `state_dict.module.`; what stands elsewhere is left out. A
    name that `beside` takes may stand among them. Counters of batches that are missing start anew.
    Raises: ValueError naming what is missing, left over, of another shape or type, not finite, or there twice.
    """
    facts: dict[str, Any] = {}
    shapes = {name: tuple(value.shape) for name, value in expected.items()}
    under = find(tensors, shapes, where, what, alike) if search else ""
    held = {name[len(under) :]: value for name, value in tensors.items() if name.startswith(under)}
    _refuse_others(held, expected, f"{where}{f' under {under!r}' if under else ''}", what, beside, alike)
    state = _converted({name: held[name] for name in expected if name in held}, expected, where, facts)
    if lacking := [name for name in expected if name not in held]:
        facts["counters_begun"] = len(lacking)
        state |= {name: torch.zeros(expected[name].shape, dtype=expected[name].dtype) for name in lacking}
    left = sorted({name.split(".")[0] for name in tensors if not name.startswith(under)})
    left += sorted({f"{under}{name.split('.')[0]}" for name in held if name not in expected})
    facts |= {key: value for key, value in (("under", under), ("left_out", left)) if value}
    return Fitted(state, dict(sorted(facts.items())))


def find(
    names: Iterable[str],
    shapes: Mapping[str, tuple[int, ...]],
    where: str,
    what: str,
    alike: Callable[[tuple[int, ...], tuple[int, ...]], bool] = same,
) -> str:
    """What stands before the expected names: nothing, or one path that ends with a dot.

    Raises: ValueError where they stand there twice, or none of them does.
    """
    held = names if isinstance(names, Mapping) else {}
    counted: Counter[str] = Counter()
    fitting: Counter[str] = Counter()
    for name in names:
        for start in (0, *(place + 1 for place, letter in enumerate(name) if letter == ".")):
            if (inner := name[start:]) in shapes and not inner.endswith(COUNTER):
                counted[name[:start]] += 1
                fitting[name[:start]] += name in held and alike(tuple(held[name].shape), shapes[inner])
    whole = sum(not name.endswith(COUNTER) for name in shapes)
    complete = sorted(under for under, count in counted.items() if count == whole)
    good = [under for under in complete if fitting[under] == whole] if held else complete
    if len(good) > 1:
        places = " and ".join(repr(one) for one in good[: NAMED + 1])
        raise ValueError(
            f"{where} holds {what} {len(good)} times, under {places}; take the one you mean out and name that file: "
            f"`python -m stages.data.convert.weights FILE OUT.safetensors --under {good[-1]}`"
        )
    if not counted:
        raise ValueError(
            f"{where} does not fit {what}: all {len(shapes)} names missing; expected {sorted(shapes)[:NAMED]}, found "
            f"{sorted(names)[:NAMED]}; is it the file of another architecture?"
        )
    return (good or complete or [max(counted, key=lambda one: (fitting[one], counted[one], -len(one)))])[0]


def without_inserted(tensors: Mapping[str, Tensor], where: str) -> tuple[dict[str, Tensor], list[str]]:
    """Tensors by names without what torch inserts, and what that was. Raises: ValueError where two become one."""
    found: dict[str, Tensor] = {}
    words: set[str] = set()
    for name, value in tensors.items():
        parts = name.split(".")
        short = ".".join(part for part in parts if part not in INSERTED)
        if short in found:
            raise ValueError(f"{where} holds {short} twice, once as {name}; keep one of them")
        found[short] = value
        words |= INSERTED & set(parts)
    return found, sorted(words)


def _refuse_others(held, expected, where, what, beside, alike) -> None:
    """Compares names and shapes. Counters of normalisations that keep none are passed over, as torch does."""
    missing = sorted(expected.keys() - held.keys())
    extra = sorted(name for name in held.keys() - expected.keys() if not beside(name) and not _idle(name, expected))
    shapes = [
        f"{name}: {tuple(expected[name].shape)} expected, {tuple(held[name].shape)} found"
        for name in sorted(expected.keys() & held.keys())
        if not alike(tuple(held[name].shape), tuple(expected[name].shape))
    ]
    if extra or shapes or any(not name.endswith(COUNTER) for name in missing):
        told = [
            f"{len(missing)} names missing {missing[:NAMED]}{_of(missing, expected)}",
            f"{len(extra)} left over {extra[:NAMED]}{_of(extra, held)}",
            f"{len(shapes)} of another shape {shapes[:NAMED]}",
        ]
        raise ValueError(f"{where} does not fit {what}: {', '.join(told)}; is it the file of another architecture?")


def _idle(name: str, expected: Mapping[str, Tensor]) -> bool:
    return name.endswith(COUNTER) and f"{name.removesuffix(COUNTER)}running_mean" in expected


def _of(names: list[str], tensors: Mapping[str, Tensor]) -> str:
    shapes = ", ".join(str(tuple(tensors[name].shape)) for name in names[:NAMED])
    return f" of shape {shapes}" if names else ""


def _converted(
    held: Mapping[str, Tensor], expected: Mapping[str, Tensor], where: str, facts: dict
) -> dict[str, Tensor]:
    """Raises: ValueError for other types than the network's, and for values that are not finite."""
    types: Counter[str] = Counter()
    made: dict[str, Tensor] = {}
    wrong: list[str] = []
    for name, tensor in held.items():
        wanted = expected[name].dtype
        if fault := _fault(tensor, wanted):
            wrong.append(f"{name}: {fault}")
            continue
        made[name] = tensor.to(wanted)
        if bad := int((~torch.isfinite(made[name])).sum()):
            wrong.append(f"{name}: {bad} of its {tensor.numel()} values are not finite numbers")
        if tensor.dtype != wanted:
            types[_type(tensor.dtype)] += 1
    if wrong:
        raise ValueError(
            f"{where}: {len(wrong)} of its tensors cannot be used: {'; '.join(wrong[:NAMED])}; get another file"
        )
    if types:
        facts["converted_from"] = dict(sorted(types.items()))
    return made


def _fault(tensor: Tensor, wanted: torch.dtype) -> str:
    """What keeps a tensor from being of the wanted type; fractions become fractions, whole numbers whole numbers."""
    if tensor.layout != torch.strided or tensor.is_quantized or tensor.device.type != "cpu":
        return "expected plain numbers, found a sparse, quantised or empty tensor"
    fractions = tensor.is_floating_point()
    plain = not tensor.is_complex() and tensor.dtype != torch.bool
    if plain and fractions == wanted.is_floating_point:
        return ""
    # Counters that were converted together with the weights.
    if plain and fractions and bool(torch.isfinite(tensor).all()) and bool((tensor == tensor.trunc()).all()):
        return ""
    return f"expected {_type(wanted)}, found {_type(tensor.dtype)}"


def _type(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")
