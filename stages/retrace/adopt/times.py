"""The times by which Snakemake tells what is newer: adopting moves them no further than it must.

`snakemake --touch` gives every output the time of now. What lies behind an adopted stage and was not named would then
be older than its input, and Snakemake would make all of it again.
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from stages.graph import Stage, jobs


def read(stages: Sequence[Stage]) -> dict[str, int]:
    """Output -> its time as Snakemake sees it, in nanoseconds."""
    return {out: _carrier(out).lstat().st_mtime_ns for stage in stages for out in stage.outs}


def put_back(stages: Sequence[Stage], before: Mapping[str, int]) -> None:
    """Gives outputs the time that they had, or that of their newest input where it is later; producers come first."""
    now: dict[str, int] = {}
    for stage in stages:
        newest = max((now.get(dep) or _carrier(dep).lstat().st_mtime_ns for dep in stage.deps), default=0)
        for out in stage.outs:
            now[out] = max(before[out], newest)
            os.utime(_carrier(out), ns=(now[out], now[out]), follow_symlinks=False)
        # What Snakemake writes of a job's costs counts for it among the job's outputs.
        costs = Path(jobs.costs(stage))
        if costs.exists():
            newest = max(now[out] for out in stage.outs)
            os.utime(costs, ns=(newest, newest))


def _carrier(path: str) -> Path:
    """What holds the time: a mark inside of a folder, once Snakemake has seen it, or else the path itself."""
    mark = Path(path, ".snakemake_timestamp")
    return mark if mark.exists() else Path(path)
