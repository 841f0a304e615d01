"""Turns a raw dataset into a packed, indexed one: filters, masks, crops, labels, splits, and a list of every reject."""

import csv
from importlib import import_module
from pathlib import Path

from stages.runner import Job, run_stage


def module_of(choices: dict[str, str]) -> str:
    """The module that holds the set's Block and prepare."""
    return f"stages.data.sets.{choices['set']}"


def prepare(job: Job) -> None:
    """Writes images.npy, masks.npy, index.parquet, rejects.parquet and card.json into job.out.

    A run that was stopped or killed goes on behind the last whole shard of items in the resume folder.
    Raises: ValueError where too much was rejected, which then stands in the resume folder, since job.out goes.
    """
    from stages.data.prepared.ledger import TooManyRejects
    from stages.data.prepared.walk import Watch

    module = import_module(module_of(job.choices))
    try:
        with job.deferred_stop():
            module.prepare(job.block, job.inputs, job.out, Watch(job.resume, job.advance))
    except TooManyRejects as error:
        raise ValueError(f"{error}; all rejects: {_keep(error.rejects, job.resume)}") from error


def _keep(rejects: list[tuple[str, str, str, str]], folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "rejects.csv").open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([("key", "reason", "detail", "looked for"), *rejects])
    return folder / "rejects.csv"


if __name__ == "__main__":
    run_stage("prepare", prepare, module=module_of, choices=("set",))
