"""Turns a raw dataset into a packed, indexed one: filters, masks, crops, labels, splits, and a list of every reject."""

from importlib import import_module

from stages.runner import Job, run_stage


def module_of(choices: dict[str, str]) -> str:
    """The module that holds the set's Block and prepare."""
    return f"stages.data.sets.{choices['set']}"


def prepare(job: Job) -> None:
    """Writes images.npy, masks.npy, index.parquet, rejects.parquet and card.json into job.out."""
    module = import_module(module_of(job.choices))
    module.prepare(job.block, job.inputs, job.out, job.progress)


if __name__ == "__main__":
    run_stage("prepare", prepare, module=module_of, choices=("set",))
