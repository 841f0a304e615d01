"""Which GPUs a stage may use; files are leased, devices are never touched."""

import fcntl
import os
import re
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from stages.runner import lock, scheduler

LEASES = Path(".work/leases")
POLL_SECONDS = 0.5
DEVICES = Path("/dev")
CARDS = Path("/proc/driver/nvidia/gpus")
# What CUDA takes: a number with whatever follows it, a card's UUID or its beginning, a part of a card (MIG).
NUMBER = re.compile(r"\s*(\+?[0-9]{1,9})")
CARD = re.compile(r"GPU-[0-9a-fA-F-]{0,36}")
PART = re.compile(r"MIG-[0-9a-zA-Z-]{1,60}(/[0-9]{1,3}/[0-9]{1,3})?")


def visible(configured: int | None) -> list[str]:
    """The devices to share out: those of CUDA_VISIBLE_DEVICES that CUDA will see, else as many as there are.

    `configured` limits how many, and stands for the device files on a machine whose devices cannot be counted.
    """
    named, there = os.environ.get("CUDA_VISIBLE_DEVICES"), _present()
    if named is None:
        return [str(index) for index in range((there or 0) if configured is None else configured)]
    if there == 0 and configured is not None:
        there = None
    return _seen(named, there)[:configured]


def _present() -> int | None:
    """How many cards the machine shows, None where it cannot be told: Windows' Linux has one file for all."""
    found = sum(1 for path in DEVICES.glob("nvidia*") if re.fullmatch(r"nvidia\d+", path.name))
    return found if found or not (DEVICES / "dxg").exists() else None


def _seen(named: str, there: int | None) -> list[str]:
    """What CUDA makes of CUDA_VISIBLE_DEVICES: what stands before the first invalid name, nothing if one comes twice.

    A UUID is written out, so that its short forms are one lease. An index and a UUID of one card are two: which index a
    card has depends on CUDA's own order, which only the driver knows. Who shares a machine must name devices alike.
    """
    if there == 0:
        return []
    form = PART if named.startswith("MIG-") else CARD if named.startswith("GPU-") else NUMBER
    cards = _cards() if form is CARD else []
    found: list[str] = []
    for word in named.split(","):
        match = form.match(word) if form is NUMBER else form.fullmatch(word)
        if match is None:
            break
        names = [str(int(match[1]))] if form is NUMBER else [one for one in cards if one.startswith(word)] or [word]
        if names[0] in found and len(names) == 1:
            return []
        if len(names) > 1 or (cards and names[0] not in cards):
            break
        found += names
    if form is NUMBER and there is not None:
        beyond = [place for place, name in enumerate(found) if int(name) >= there]
        found = found[: beyond[0]] if beyond else found
    return found


def _cards() -> list[str]:
    """The UUIDs of the machine's cards, as far as its driver says them in a file."""
    texts = [path.read_text(encoding="utf-8", errors="replace") for path in sorted(CARDS.glob("*/information"))]
    return [match[1] for text in texts if (match := re.search(r"GPU UUID:\s*(GPU-\S+)", text))]


@contextmanager
def leased(wanted: int, devices: list[str]) -> Iterator[list[str]]:
    """Holds as many of the wanted devices as exist, all or none at a time so that two waiters cannot block each other.

    A stage that wants devices on a machine without any runs on the CPU with an empty list. Of parts of a card (MIG) it
    gets one, since CUDA shows a process no more. The lock names the host, since a checkout may be shared by many, and
    the job to which a scheduler gave devices: there it waits for stages of its own job alone.
    """
    wanted = min(wanted, 1 if devices and devices[0].startswith("MIG-") else len(devices))
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
        # The name of a MIG part holds slashes.
        path = LEASES / f"{scheduler.scope()}.gpu{device.replace('/', '~')}.lock"
        handle = stack.enter_context(path.open("a"))
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            continue
        # Removed by its last holder: whoever makes the file anew would hold another lock.
        if lock.lies_at(handle, path):
            # No job comes again, and each would leave a file for ever.
            stack.callback(path.unlink, missing_ok=True)
            held.append(device)
    return held
