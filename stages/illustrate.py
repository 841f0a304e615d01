"""Draws a figure from samples, scores and data: png, pdf and its caption."""

from stages.runner import Job, run_stage


def module_of(choices: dict[str, str]) -> str:
    """Each figure is a module of its paper's report, so that one figure's code is no other's."""
    return f"stages.papers.{choices['paper']}.report.{choices['what']}"


def illustrate(job: Job) -> None:
    """Write `<name>.png`, `<name>.pdf` and `<name>.md`, all carrying this stage's fingerprint."""
    from stages.draw import style

    drawn = job.module.illustrate(job.block, job.inputs)
    style.save(drawn.figure, job.out, job.name, drawn.profile, job.fingerprint, drawn.caption)


if __name__ == "__main__":
    run_stage("illustrate", illustrate, module=module_of, choices=("paper", "what"))
