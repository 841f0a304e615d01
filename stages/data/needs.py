"""What the user must supply before a run: all that is missing, told at once and before any job starts."""

import sys
from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

CARDS = Path(__file__).parents[1] / "cards"
MISSING = 69  # the runner's exit code for missing user data
HINT = "Supply the above, or set another `profile:` at the top of params.yaml (demo needs no data)."

Layers = Mapping[str, Mapping[str, Any]]  # name of a layer (supply.cub.base) -> content, in the order of merging


def card_of(name: str) -> Path:
    """Where a raw dataset's card lies: source, licence, people shown, layout, expected counts."""
    return CARDS / f"{name}.yaml"


def module_of(name: str) -> str:
    """The module that checks one need: a raw dataset has a card; anything else is a teacher's weights file."""
    return f"stages.data.needed_{'set' if card_of(name).is_file() else 'weights'}"


def modules_of(name: str) -> tuple[str, ...]:
    """The module that checks one need and, of a raw dataset, its probe, which is chosen by name."""
    probe = (f"stages.data.probes.{name}",) if card_of(name).is_file() else ()
    return (module_of(name), *probe)


def missing(layers: Layers) -> list[str]:
    """What one need lacks, as text for the user; empty if it is met.

    Layers `supply.<set>` speak of a raw dataset, all others of weights files.
    """
    names = next(iter(layers)).removesuffix(".base").split(".")
    name = names[-1]
    module = import_module("stages.data.needed_set" if names[0] == "supply" else "stages.data.needed_weights")
    values = {key: value for layer in layers.values() for key, value in layer.items()}
    return module.missing(name, module.Block.model_validate(values), card_of(name))


def message(problems: Iterable[str]) -> str:
    """All problems and what to do."""
    return "\n\n".join(["User data is missing.", *problems, HINT])


def stop_if_missing(needs: Iterable[Layers], safe: Callable[[str], str]) -> None:
    """Ends the process with exit code 69 and the expected layouts if anything is missing.

    SystemExit, since Snakemake reports any other exception as a fault of the workflow and exits with 1. `safe` makes a
    text that a terminal may show.
    """
    # Several stages may need the same file.
    problems = list(dict.fromkeys(problem for layers in needs for problem in missing(layers)))
    if problems:
        print(safe(f"\n{message(problems)}\n"), file=sys.stderr, flush=True)
        raise SystemExit(MISSING)
