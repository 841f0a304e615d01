"""What a saved state holds of a run, and what it must agree with to be gone on from."""

import hashlib
import json
from collections.abc import Mapping

from stages.engine.average import Averages
from stages.engine.descent import Optimiser
from stages.engine.method import Trainable
from stages.engine.plan import TrainBlock
from stages.engine.record import Record
from stages.engine.weights import set_memory

Optimisers = Mapping[str, Optimiser]


def snapshot(method: Trainable, averages: Averages, optimisers: Optimisers, record: Record) -> dict:
    """Everything that changes from step to step: nets, averages, optimisers, memory, scalars."""
    return {
        "nets": {name: net.state_dict() for name, net in method.nets.items()},
        "averages": {name: net.state_dict() for name, net in averages.copies.items()},
        "optimisers": {name: optimiser.state_dict() for name, optimiser in optimisers.items()},
        "memory": dict(method.memory),
        "record": record.state(),
    }


def restore(content: dict, method: Trainable, averages: Averages, optimisers: Optimisers, record: Record) -> None:
    """The inverse of `snapshot`."""
    for name, net in method.nets.items():
        net.load_state_dict(content["nets"][name])
    for name, net in averages.copies.items():
        net.load_state_dict(content["averages"][name])
    for name, optimiser in optimisers.items():
        optimiser.load_state_dict(content["optimisers"][name])
    set_memory(method, content["memory"])
    record.restore(content["record"])


def identity(method: Trainable, block: TrainBlock, seed: int, batch: int) -> str:
    """A digest of seed, block, batch, and the names and shapes of all that is saved; not of the number of processes."""
    nets = method.nets.items()
    facts = {
        "seed": seed,
        "block": block.model_dump(mode="json"),
        "batch": batch,
        "tensors": {f"{net}.{name}": list(t.shape) for net, module in nets for name, t in module.state_dict().items()},
        "memory": sorted(method.memory),
        "descents": sorted(method.descents),
        "average": list(method.average),
    }
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
