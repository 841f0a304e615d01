"""Checks, before anything else runs, that one thing the user must supply is there: a raw dataset or a weights file."""

from stages.data import needs
from stages.runner import Job, run_stage


def module_of(choices: dict[str, str]) -> tuple[str, ...]:
    """A raw dataset has a data card and a probe; anything else is weights."""
    return needs.modules_of(choices["need"])


def preflight(job: Job) -> None:
    """Writes preflight.json: what was asked for and that it is met.

    Raises: FileNotFoundError with the expected layout (exit code 69).
    """
    from stages.data.files import write_json

    need = job.choices["need"]
    if problems := job.module.missing(need, job.block, job.inputs.get("card")):
        raise FileNotFoundError(needs.message(problems))
    write_json(job.out / "preflight.json", {"need": need, **job.module.state(job.block)})


if __name__ == "__main__":
    run_stage("preflight", preflight, module=module_of, choices=("need",))
