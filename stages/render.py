"""Draws a raw dataset in its own on-disk layout, or lists the user's files without touching them."""

import importlib

from stages.runner import Job, run_stage


def module_of(choices: dict[str, str]) -> str:
    """Where the set's Block lives: the module of its name."""
    return f"stages.draw.scenes.{choices['set']}"


def render(job: Job) -> None:
    """Writes the set's files (supply: drawn), root.json and files.parquet of the user's folder (user), or
    absent.json where an optional set is left out (none)."""
    from stages.draw.scenes.supply import list_user_files, note_absence

    name = job.choices["set"]
    drawing = importlib.import_module(module_of(job.choices))
    if job.block.supply == "user":
        list_user_files(job.block.root, name, drawing.LAYOUT, job.out, job.progress)
    elif job.block.supply == "none":
        note_absence(name, job.out)
    else:
        drawing.draw(job.block, job.out, job.progress)


if __name__ == "__main__":
    run_stage("render", render, module=module_of, choices=("set",))
