"""Training states on disk: complete or refused."""

import hashlib
import io
import json
import logging
import os
import pickle
from pathlib import Path
from typing import BinaryIO

import torch

from stages.durable import complete

FORMAT = 2
GENERATIONS = 2
HEADER_BYTES = 512

log = logging.getLogger(__name__)


class Interrupted(Exception):
    """Training stopped on request after saving its state; the same call goes on from there."""


class StateFolder:
    """The last two states of one training run.

    A file is one line of JSON of a fixed length (format, step, what the state belongs to, size, and sha256 of the
    payload and these), then the payload, which is digested as it goes out. It is written under a temporary name,
    flushed to disk and renamed, so a kill at any moment leaves the previous states whole.
    """

    def __init__(self, folder: Path, belongs_to: str) -> None:
        self.folder, self.belongs_to = folder, belongs_to

    def save(self, step: int, content: dict) -> None:
        """Writes the state after `step` steps and keeps one older generation."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with complete(self.folder / _name(step), self.folder / f"writing-{os.getpid()}") as file:
            file.write(bytes(HEADER_BYTES))
            payload = Digested(file)
            torch.save(content, payload)  # pyright: ignore[reportArgumentType]  # it asks for no more than these
            facts = {"format": FORMAT, "step": step, "belongs_to": self.belongs_to, "size": payload.size}
            line = json.dumps({**facts, "sha256": _digest(facts, payload.digest)}, sort_keys=True)
            file.seek(0)
            file.write(line.encode().ljust(HEADER_BYTES - 1) + b"\n")
        self._forget(step)

    def load(self) -> tuple[int, dict] | None:
        """(step, content) of the newest good state, or None in a folder without states.

        Raises: ValueError if there are states and none is good: starting over is the user's decision.
        """
        faults = []
        for path in sorted(self.folder.glob("state-*"), reverse=True):
            try:
                step, content = self._read(path)
            except ValueError as fault:
                faults.append(str(fault))
                continue
            for fault in faults:
                log.warning("%s; going on from the previous state, %s of step %d", fault, path.name, step)
            return step, content
        if faults:
            raise ValueError(f"no good state in {self.folder}: {'; '.join(faults)}. Remove that folder to start over")
        return None

    def _read(self, path: Path) -> tuple[int, dict]:
        with open(path, "rb") as file:
            line = file.readline(HEADER_BYTES)
            payload = file.read()
        try:
            header = json.loads(line)
            facts = {key: header[key] for key in ("format", "step", "belongs_to", "size")}
            digest = header["sha256"]
        except (ValueError, KeyError, TypeError) as fault:
            raise ValueError(f"state {path.name} has an unreadable header") from fault
        if facts["format"] != FORMAT:
            raise ValueError(f"state {path.name} has format {facts['format']}, expected {FORMAT}")
        if facts["belongs_to"] != self.belongs_to:
            raise ValueError(f"state {path.name} belongs to another run ({facts['belongs_to']!s:.12}…)")
        if facts["size"] != len(payload):
            raise ValueError(f"state {path.name} is truncated: {len(payload)} bytes of {facts['size']}")
        if digest != _digest(facts, hashlib.sha256(payload)) or path.name != _name(facts["step"]):
            raise ValueError(f"state {path.name} is damaged: its bytes do not match their sha256")
        try:
            return facts["step"], torch.load(io.BytesIO(payload), map_location="cpu", weights_only=True)
        except pickle.UnpicklingError as fault:
            raise ValueError(f"state {path.name} holds more than tensors and plain values") from fault

    def _forget(self, step: int) -> None:
        """Removes all but the newest states up to this step, and what killed writers left."""
        kept = [path for path in sorted(self.folder.glob("state-*")) if path.name <= _name(step)][-GENERATIONS:]
        for path in [*self.folder.glob("state-*"), *self.folder.glob("writing-*")]:
            if path not in kept:
                path.unlink(missing_ok=True)


def _name(step: object) -> str:
    return f"state-{step:012d}" if isinstance(step, int) else "no state"


def _digest(facts: dict, payload: "hashlib._Hash") -> str:
    whole = payload.copy()
    whole.update(json.dumps(facts, sort_keys=True).encode())
    return whole.hexdigest()


class Digested:
    """A file whose bytes are counted and digested as they are written."""

    def __init__(self, file: BinaryIO) -> None:
        self.file, self.digest, self.size = file, hashlib.sha256(), 0

    def write(self, data: bytes | memoryview) -> int:
        """Writes them all."""
        self.digest.update(data)
        self.size += len(data)
        return self.file.write(data)

    def flush(self) -> None:
        """As any file's."""
        self.file.flush()
