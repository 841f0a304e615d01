"""Teaches or converts one frozen helper: an encoder of a known factor, a scorer, a segmenter, a detector."""

from stages.runner import Job, run_stage

KINDS = ("identity", "pmg", "scorer", "segmenter", "detector", "scenes_detector")


def module_of(choices: dict[str, str]) -> str:
    """The module that teaches it. Raises: ValueError naming what can be taught."""
    if choices["what"] not in KINDS:
        raise ValueError(f"--what {choices['what']} is nothing that can be taught; expected one of {', '.join(KINDS)}")
    return f"stages.teachers.{choices['what']}"


def teach(job: Job) -> None:
    """Calls the module's `teach` in one process; a request to stop saves the training's state first."""
    from stages.engine.session import Session
    from stages.engine.world import joined

    with job.deferred_stop(), joined(job.gpus) as world:
        session = Session(world, job.out, job.resume, job.stopping, job.progress)
        job.module.teach(job.block, job.inputs, session)


if __name__ == "__main__":
    run_stage("teach", teach, module=module_of, choices=("what",))
