"""What Snakemake asks for a stage's job, here or on a cluster, and what it clears before it starts any."""

import contextlib
import os
from collections.abc import Iterable, Sequence
from typing import Any

from stages.graph.resolved import Stage
from stages.graph.verbs import VERBS
from stages.runner import machine

# On a cluster a job begins with Snakemake, which starts a second one inside the job's step, and that the stage: up to
# 290 MiB for each Snakemake, measured with the graph of all five papers.
SNAKEMAKES_MB = 600


def resources(stages: Sequence[Stage]) -> dict[str, dict[str, int]]:
    """What each stage's job asks for, by the name of its rule.

    No GPU where the machine's settings share out none: a cluster without GPUs refuses who asks for one.
    Raises: ValueError for settings of the machine that are wrong.
    """
    without = {"gpu"} if machine.config().get("gpus") == 0 else set()
    found = {stage.rule_name: stage.resources for stage in stages}
    for name, held in found.items():
        if "mem_mb" in held:
            held["mem_mb"] += SNAKEMAKES_MB
        found[name] = {key: value for key, value in held.items() if key not in without}
    return found


def is_small(stage: Stage) -> bool:
    """Whether a stage takes less than the submission of a job would, so that it runs where Snakemake runs."""
    verb = stage.cmd.split()[3].removeprefix("stages.")
    return VERBS[verb].small


def planned(jobs: Iterable[Any]) -> list[str]:
    """What Snakemake's jobs are about to make; their old logs are removed.

    Of a job that failed before it began, refused by the cluster, Snakemake would show what an earlier run said.
    """
    outs: list[str] = []
    for job in jobs:
        outs += job.output
        for log in job.log:
            # Where it may not be removed it may not be written either, as its job will say.
            with contextlib.suppress(OSError):
                os.unlink(log)
    return outs


def costs(stage: Stage) -> str:
    """Where Snakemake writes what a run cost."""
    return f".work/benchmarks/{stage.rule_name}.jsonl"
