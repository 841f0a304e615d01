"""Trains a paper's method and writes its weights."""

from stages.runner import Job, run_stage


def module_of(choices: dict[str, str]) -> str:
    """The module where the method and its block live."""
    return f"stages.papers.{choices['paper']}.methods.{choices['method']}.method"


def train(job: Job) -> None:
    """Train in as many processes as the machine gives, then write model.json.

    The result does not depend on the number of processes beyond the order of sums. A module that has `finish` adds to
    the output what the trained method is worth, in this process alone.
    """
    from stages.data.files import read_json, write_json
    from stages.engine.launch import launch
    from stages.engine.world import joined

    seed = int(job.choices["seed"])
    arguments = (job.module.__name__, job.block, job.inputs, seed, job.out, job.resume)
    with job.deferred_stop():
        launch(work, job.processes, job.gpus, arguments, job.stopping, job.progress)
    data = read_json(job.inputs["data"] / "card.json")["name"] if "data" in job.inputs else None
    facts = {"paper": job.choices["paper"], "method": job.choices["method"], "seed": seed, "data": data}
    write_json(job.out / "model.json", {**facts, "block": job.block.model_dump(mode="json")})
    if hasattr(job.module, "finish"):
        with joined(job.gpus) as world:
            job.module.finish(job.block, job.inputs, job.out, world, job.progress)


def work(world, stop, progress, module, block, inputs, seed, out, resume) -> None:
    """What each process does: build the method and its source, and train."""
    import importlib

    from stages.engine import loop
    from stages.engine.session import Session

    method, source = importlib.import_module(module).for_training(block, inputs, seed, world)
    loop.train(method, source, block, seed, Session(world, out, resume, stop, progress))


if __name__ == "__main__":
    run_stage("train", train, module=module_of, choices=("paper", "method", "seed"), follows=True)
