"""Which GPUs a stage may use; files are leased, devices are never touched."""

import fcntl
import os
import re
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

LEASES = Path(".work/leases")
POLL_SECONDS = 0.5


def visible(configured: int | None) -> list[str]:
    """The devices to share out: CUDA_VISIBLE_DEVICES if set, else the configured count, else the device files."""
    named = os.environ.get("CUDA_VISIBLE_DEVICES")
    if named is not None:
        return [name for name in named.split(",") if name]
    if configured is not None:
        return [str(index) for index in range(configured)]
    numbers = [re.fullmatch(r"nvidia(\d+)", path.name) for path in sorted(Path("/dev").glob("nvidia*"))]
    return sorted((match[1] for match in numbers if match), key=int)


@contextmanager
def leased(wanted: int, devices: list[str]) -> Iterator[list[str]]:
    """Holds as many of the wanted devices as exist, all or none at a time so that two waiters cannot block each other.

    A stage that wants devices on a machine without any runs on the CPU with an empty list.
    """
    wanted = min(wanted, len(devices))
    LEASES.mkdir(parents=True, exist_ok=True)
    said = False
    while True:
        with ExitStack() as stack:
            held = _try(devices, wanted, stack)
            if len(held) == wanted:
                yield held
                return
        if not said:
            print(f"waiting for {wanted} of {len(devices)} GPUs", flush=True)
            said = True
        time.sleep(POLL_SECONDS)


def _try(devices: list[str], wanted: int, stack: ExitStack) -> list[str]:
    held: list[str] = []
    for device in devices:
        if len(held) == wanted:
            break
        handle = stack.enter_context((LEASES / f"gpu{device}.lock").open("a"))
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            held.append(device)
        except BlockingIOError:
            continue
    return held
