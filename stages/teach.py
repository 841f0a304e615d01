"""Teaches or converts one frozen helper: an encoder of a known factor, the scoring network, or the demo's detector."""

from stages.runner import Job, run_stage

MODULES = {
    "identity": "stages.teachers.identity",
    "identity_indep": "stages.teachers.identity",
    "species": "stages.teachers.pmg",
    "species_indep": "stages.teachers.pmg",
    "shape": "stages.teachers.pmg",
    "colour": "stages.teachers.pmg",
    "colour_indep": "stages.teachers.pmg",
    "scorer": "stages.teachers.scorer",
    "detector": "stages.teachers.detector",
}


def module_of(choices: dict[str, str]) -> str:
    """The module that teaches it. Raises: ValueError naming what can be taught."""
    what = choices["what"]
    if what not in MODULES:
        raise ValueError(f"--what {what} is nothing that can be taught; expected one of {', '.join(MODULES)}")
    return MODULES[what]


def teach(job: Job) -> None:
    """Calls the module's `teach` in the world that the machine gives."""
    from stages.engine.world import joined

    with joined(job.gpus) as world:
        job.module.teach(job.block, job.inputs, job.out, world, job.resume, job.stopping, job.progress)


if __name__ == "__main__":
    run_stage("teach", teach, module=module_of, choices=("what",))
