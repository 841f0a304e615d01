"""What numeric libraries may use here, said before the first of them is imported, as the runner says it to a stage."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from stages.runner import lease, machine, memory, numerics
from stages.runner.exits import BAD_OUTPUT, BAD_PARAMS, StageFailure


@contextmanager
def devices(gpu: bool, threads: int) -> Iterator[int]:
    """How many GPUs are held, none or one; the same photo and seed then give the bytes that the verb sample gives.

    Raises: StageFailure for an environment that changes results, for numbers that are not finite and for too little
    memory; RuntimeError where a numeric library is imported already.
    """
    numerics.refuse()
    numerics.clear()
    machine.limit_threads(threads)
    with lease.leased(int(gpu), lease.visible(machine.config().get("gpus")) if gpu else []) as held:
        if gpu:
            os.environ["CUDA_VISIBLE_DEVICES"] = ",".join(held)
        try:
            yield len(held)
        except FloatingPointError as error:
            raise StageFailure(BAD_OUTPUT, f"{error}; nothing was written") from error
        except Exception as error:
            if not memory.short(error):
                raise
            raise StageFailure(BAD_PARAMS, memory.remedy(error, {}, "")) from error
