"""Draws images from a trained method, reproducibly one by one: each depends on the seed, its image and its number."""

from importlib import import_module

from stages.runner import Job, run_stage


def module_of(choices: dict[str, str]) -> tuple[str, str]:
    """Where the sampling's block and function live, and the method that is sampled: both are this stage's code."""
    paper = f"stages.papers.{choices['paper']}"
    return f"{paper}.sampling", f"{paper}.methods.{choices['method']}.method"


def sample(job: Job) -> None:
    """Load a model and write its samples, with sample.json beside them; a method that starts from noise needs no data.

    Inputs beside model and data are handed to the paper's sampling by their names. What a sampling keeps in the resume
    folder a stopped or killed run goes on from.

    Raises: ValueError where the model was trained by another method, seed or on other data than the command says.
    """
    from stages.data.files import read_json, write_json
    from stages.data.prepared.packed import Packed
    from stages.engine.session import Session
    from stages.engine.weights import opened
    from stages.engine.world import joined

    sampling, module = (import_module(name) for name in module_of(job.choices))
    trained = read_json(job.inputs["model"] / "model.json")
    for name in ("paper", "method", "seed"):
        if str(trained[name]) != job.choices[name]:
            raise ValueError(
                f"{job.inputs['model']}: expected {name} {job.choices[name]}, the model has {trained[name]}"
            )
    data = Packed.open(job.inputs["data"]) if "data" in job.inputs else None
    if data is not None and trained["data"] != data.card["name"]:
        raise ValueError(f"{job.inputs['model']} was trained on {trained['data']}, the data are {data.card['name']}")
    holes = {"hole": job.block.hole} if hasattr(job.block, "hole") else {}
    if holes and trained["block"].get("hole", job.block.hole) != job.block.hole:
        raise ValueError(
            f"{job.inputs['model']} was trained for {trained['block']['hole']} holes, not {job.block.hole}"
        )
    with joined(job.gpus) as world:
        method = opened(module, trained["block"], job.inputs["model"], world)
        further = {name: path for name, path in job.inputs.items() if name not in ("model", "data")}
        seed = int(job.choices["seed"])
        session = Session(world, job.out, job.resume, job.stopping, job.advance)
        with job.deferred_stop():
            facts = sampling.sample(job.block, method, data, seed, session, **further)
    facts |= {name: trained[name] for name in ("paper", "method", "seed", "data")}
    facts |= {"profile": job.block.profile, **holes}
    write_json(job.out / "sample.json", facts)


if __name__ == "__main__":
    run_stage("sample", sample, module=module_of, choices=("paper", "method", "seed"), follows=True)
