"""Runs work in one process or in several that train together; the caller stays in charge of locks and publishing."""

import contextlib
import multiprocessing
import os
import pickle
import signal
import traceback
from collections.abc import Callable
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from typing import Any

from torch.distributed import TCPStore  # pyright: ignore[reportPrivateImportUsage]  # public in its documentation

from stages.engine.state import Interrupted
from stages.engine.world import joined

# Not fork: a process that has used a GPU cannot be forked.
CONTEXT = multiprocessing.get_context("spawn")
POLL_SECONDS = 0.2
HOST = "127.0.0.1"


def launch(
    work: Callable[..., None],
    processes: int,
    gpus: int,
    arguments: tuple,
    stop: Callable[[], bool],
    progress: Callable[..., None],
) -> None:
    """Calls work(world, stop, progress, *arguments) in each of `processes` processes and returns when all are done.

    With one, it is called here. With several, a request to stop is passed on to all, and the first failure ends all.
    Raises: what the work raised; Interrupted if a stop ended it; RuntimeError if a process died without a word.
    """
    if processes == 1:
        with joined(gpus) as world:
            work(world, stop, progress, *arguments)
        return
    # Any: a connection is called otherwise on every platform.
    members: dict[Any, BaseProcess] = {}
    for rank in range(processes):
        here, there = CONTEXT.Pipe()
        task = (rank, processes, gpus, os.getpid(), there, work, arguments)
        members[here] = CONTEXT.Process(target=_member, args=task, daemon=True)
        members[here].start()
        there.close()
    # Held by this process at a port of the system's choice, so that two stages never meet at one port.
    store = TCPStore(HOST, 0, is_master=True, wait_for_workers=False)
    try:
        for connection in members:
            with contextlib.suppress(BrokenPipeError):
                connection.send(store.port)
        _attend(members, stop, progress)
    finally:
        for member in members.values():
            member.kill()
            member.join()


def _attend(members: dict[Any, BaseProcess], stop: Callable, progress: Callable) -> None:
    """Listens to the processes until all are done or one has failed."""
    running, told, interrupted = dict(members), False, None
    while running:
        if stop() and not told:
            told = True
            for member in running.values():
                member.terminate()
        ready: list[Any] = list(wait(list(running), POLL_SECONDS))
        for connection in ready:
            try:
                kind, value = connection.recv()
            except EOFError:
                member = running.pop(connection)
                member.join()
                if member.exitcode:
                    code = f"a training process ended with code {member.exitcode}"
                    if not told:
                        raise RuntimeError(f"{code} and said nothing; run the stage again to go on") from None
                    interrupted = interrupted or Interrupted(f"stopped while starting: {code}")
                continue
            if kind == "progress":
                progress(*value)
            elif isinstance(value, Interrupted):
                # The others may still be writing the state.
                interrupted = value
            else:
                raise value
    if interrupted is not None:
        raise interrupted


def _member(rank, size, gpus, parent, connection, work, arguments) -> None:
    """One process: a signal, or the death of the process that started it, asks it to stop."""
    asked: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda number, frame: asked.append(number))

    def stop() -> bool:
        return bool(asked) or os.getppid() != parent

    def tell(kind: str, value: object) -> None:
        # A parent that is gone does not listen; `stop` will tell.
        with contextlib.suppress(BrokenPipeError):
            connection.send((kind, value))

    with joined(gpus, rank, size, TCPStore(HOST, connection.recv(), is_master=False)) as world:
        try:
            work(world, stop, lambda *facts: tell("progress", facts), *arguments)
        except Exception as failure:
            tell("failed", _portable(failure))
    connection.close()


def _portable(failure: Exception) -> Exception:
    """The failure with its traceback as a note, in a form that another process can read."""
    text = f"in a training process:\n{traceback.format_exc()}"
    failure.add_note(text)
    try:
        pickle.loads(pickle.dumps(failure))
    except Exception:
        return RuntimeError(text)
    return failure
