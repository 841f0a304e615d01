"""The fingerprints that stages would have if they ran now: python -m stages.retrace.planned STAGE …

A stage's block lies beside its method, so this imports torch; `doctor` calls it in a process of its own, and only where
saved states lie about.
"""

import json
import sys
from importlib import import_module
from pathlib import Path

from stages import graph
from stages.graph import Stage
from stages.retrace import current
from stages.runner import layers, params, receipt
from stages.runner.closure import closure
from stages.runner.digest import file_digest
from stages.runner.main import LOCK


def fingerprint(stage: Stage) -> str:
    """As the runner computes it from the command, parameters, code, lock and inputs of today.

    Raises: FileNotFoundError where an input is not built.
    """
    given = current.arguments(stage)
    verb = import_module(f"stages.{given.verb}")
    chosen = verb.module_of(given.choices) if hasattr(verb, "module_of") else verb.__name__
    targets = (chosen,) if isinstance(chosen, str) else chosen
    merged = layers.merge(params.load(names=given.layers), given.layers)
    block = layers.validate(import_module(targets[0]).Block, merged, given.layers)
    content = {
        "schema": receipt.SCHEMA,
        "stage": given.out.as_posix(),
        "verb": given.verb,
        "command": list(given.canonical),
        "layers": list(given.layers),
        "params": block.model_dump(mode="json"),
        "gaps": layers.gaps(given.layers),
        "inputs": {name: receipt.of_input(path) for name, path in sorted(given.inputs.items())},
        "code": {
            path.as_posix(): file_digest(path)
            for path in closure((f"stages.{given.verb}", "stages.runner.main", *targets))
        },
        "environment": {"lock": LOCK.as_posix(), "sha256": file_digest(LOCK)},
    }
    return receipt.fingerprint(content)


def main(names: list[str]) -> None:
    """Prints {stage: fingerprint} of those whose inputs are all there."""
    found = {}
    for stage in graph.find(graph.load(Path()), names):
        try:
            found[stage.name] = fingerprint(stage)
        except FileNotFoundError:
            continue
    print(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1:])
