"""Studies trained latent spaces: finds a direction, walks along it, and measures what changes on the way."""

from importlib import import_module

from stages.runner import Job, run_stage


def module_of(choices: dict[str, str]) -> tuple[str, str]:
    """Where the study's block and function live (`--what` is a module below the paper), and the studied method."""
    paper = f"stages.papers.{choices['paper']}"
    return f"{paper}.{choices['what']}", f"{paper}.methods.{choices['method']}.method"


def discover(job: Job) -> None:
    """Calls the study in one process; a request to stop saves a training's state first."""
    from stages.engine.session import Session
    from stages.engine.world import joined

    discovering = import_module(f"stages.papers.{job.choices['paper']}.discovering")
    with job.deferred_stop(), joined(job.gpus) as world:
        session = Session(world, job.out, job.resume, job.stopping, job.progress)
        choices = job.choices["paper"], job.choices["method"], int(job.choices["seed"])
        study = discovering.Study(*choices, job.block, job.inputs, session)
        job.module.discover(study)


if __name__ == "__main__":
    run_stage("discover", discover, module=module_of, choices=("paper", "what", "method", "seed"))
