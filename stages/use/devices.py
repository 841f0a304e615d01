"""What numeric libraries may use here, said before the first of them is imported, as the runner says it to a stage."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from stages.runner import lease, machine, numerics


@contextmanager
def devices(gpu: bool, threads: int) -> Iterator[int]:
    """How many GPUs are held, none or one; the same photo and seed then give the bytes that the verb sample gives.

    Raises: StageFailure for an environment that changes results, RuntimeError where a numeric library is imported.
    """
    numerics.refuse()
    numerics.clear()
    machine.limit_threads(threads)
    with lease.leased(int(gpu), lease.visible(machine.config().get("gpus")) if gpu else []) as held:
        if gpu:
            os.environ["CUDA_VISIBLE_DEVICES"] = ",".join(held)
        yield len(held)
