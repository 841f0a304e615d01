"""Measures samples against data: one JSON of numbers, each with its unit, its count and its protocol."""

from stages.runner import Job, run_stage


def module_of(choices: dict[str, str]) -> str:
    """Each study is a module of the paper, so that one study's code is no other's."""
    return f"stages.papers.{choices['paper']}.{choices['what']}"


def measure(job: Job) -> None:
    """Write score.json. What a measure keeps in the resume folder a stopped or killed run goes on from."""
    from stages.engine.going import Going
    from stages.engine.world import joined

    with joined(job.gpus) as world:
        job.module.measure(job.block, job.inputs, job.out, str(world.device), Going(job.progress, job.resume))


if __name__ == "__main__":
    run_stage("measure", measure, module=module_of, choices=("paper", "what"), follows=True)
