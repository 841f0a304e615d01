"""The fingerprints that stages would have if they ran now: python -m stages.retrace.doctor.planned STAGE …

A stage's block lies beside its method, so this imports torch; `doctor` calls it in a process of its own, and only where
saved states lie about.
"""

import json
import sys
from pathlib import Path

from stages import graph
from stages.graph import Stage
from stages.retrace.evidence import current
from stages.runner import receipt
from stages.runner.plan import Plan, modules_of, resume_name


def planned(stage: Stage) -> dict[str, str]:
    """What the runner would call the run, and the folder of its saved states.

    Raises: FileNotFoundError where an input is not built.
    """
    given = current.arguments(stage)
    plan = Plan(given, modules_of(given.verb, given.choices))
    plan.block(plan.module())
    content = plan.receipt(receipt.of_input)
    return {"fingerprint": content["fingerprint"], "resume": resume_name(content)}


def main(names: list[str]) -> None:
    """Prints {stage: {fingerprint, resume}} of those whose inputs are all there."""
    found = {}
    for stage in graph.find(graph.load(Path()), names):
        try:
            found[stage.name] = planned(stage)
        except FileNotFoundError:
            continue
    print(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1:])
