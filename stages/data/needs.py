"""What the user must supply before a run: all that is missing, told at once and before any job starts."""

import sys
from collections.abc import Iterable, Mapping
from importlib import import_module
from types import ModuleType
from typing import Any

MISSING = 69  # the runner's exit code for missing user data
HINT = "Supply the above, or set another `profile:` at the top of params.yaml (demo needs no data)."


def kind(values: Mapping[str, Any]) -> ModuleType:
    """The module that knows this sort of need: a raw dataset has a root, a weights file a sha256."""
    return import_module("stages.data.needed_set" if "root" in values else "stages.data.needed_weights")


def missing(layers: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """What one need lacks, as text for the user; empty if it is met.

    layers: name of a layer of params.yaml (`supply.celebamask_hq.base`) -> its content, in the order of merging.
    """
    name = next(iter(layers)).split(".")[1]
    values = {key: value for layer in layers.values() for key, value in layer.items()}
    module = kind(values)
    return module.missing(name, module.Block.model_validate(values))


def message(problems: Iterable[str]) -> str:
    return "\n\n".join(["User data is missing.", *problems, HINT])


def stop_if_missing(needs: Iterable[Mapping[str, Mapping[str, Any]]]) -> None:
    """Ends the process with exit code 69 and the expected layouts if anything is missing.

    SystemExit, since Snakemake would report any other exception as a fault of the workflow and exit with 1.
    """
    problems = [problem for layers in needs for problem in missing(layers)]
    if problems:
        print(f"\n{message(problems)}\n", file=sys.stderr, flush=True)
        raise SystemExit(MISSING)
