"""What a saved state holds of a run, and what it must agree with to be gone on from."""

import hashlib
import json
from typing import TYPE_CHECKING

from stages.engine.weights import set_memory

if TYPE_CHECKING:
    from stages.engine.loop import Run


def snapshot(run: "Run") -> dict:
    """Everything that changes from step to step: nets, averages, optimisers, memory, scalars."""
    return {
        "nets": {name: net.state_dict() for name, net in run.method.nets.items()},
        "averages": {name: net.state_dict() for name, net in run.averages.copies.items()},
        "optimisers": {name: optimiser.state_dict() for name, optimiser in run.optimisers.items()},
        "memory": dict(run.method.memory),
        "record": run.record.state(),
    }


def restore(run: "Run", content: dict) -> None:
    """The inverse of `snapshot`."""
    for name, net in run.method.nets.items():
        net.load_state_dict(content["nets"][name])
    for name, net in run.averages.copies.items():
        net.load_state_dict(content["averages"][name])
    for name, optimiser in run.optimisers.items():
        optimiser.load_state_dict(content["optimisers"][name])
    set_memory(run.method, content["memory"])
    run.record.restore(content["record"])


def identity(run: "Run") -> str:
    """A digest of seed, block, batch, and the names and shapes of all that is saved; not of the number of processes."""
    nets = run.method.nets.items()
    facts = {
        "seed": run.seed,
        "block": run.block.model_dump(mode="json"),
        "batch": run.batch,
        "tensors": {f"{net}.{name}": list(t.shape) for net, module in nets for name, t in module.state_dict().items()},
        "memory": sorted(run.method.memory),
        "descents": sorted(run.method.descents),
        "average": list(run.method.average),
    }
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
