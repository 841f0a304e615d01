"""Writes a table from scores: csv, Markdown and LaTeX of the same cells, and its numbers for `dvc metrics`."""

from stages.draw.metrics import add_asked
from stages.runner import Job, run_stage


def module_of(choices: dict[str, str]) -> str:
    """Each table is a module of its paper's report, so that one table's code is no other's."""
    return f"stages.papers.{choices['paper']}.report.{choices['what']}"


def tabulate(job: Job) -> None:
    """Write `<name>.<suffix>` for every suffix that the command asks for.

    Raises: ValueError where the table is not written in one of the suffixes.
    """
    texts = add_asked(job.module.tabulate(job.block, job.inputs), job.files)
    if set(job.files) != set(texts):
        raise ValueError(
            f"{job.choices['what']} is written as {sorted(texts)}, the command asks for {sorted(job.files)}"
        )
    for suffix, text in texts.items():
        (job.out / f"{job.name}.{suffix}").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    run_stage("tabulate", tabulate, module=module_of, choices=("paper", "what"))
