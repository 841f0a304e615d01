"""Detections made elsewhere: a JSONL file in the raw folder, of the photos as they are shown, upright."""

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property
from pathlib import Path

from stages.data.detection_records import Records
from stages.data.instances import ImageDetections
from stages.data.raw import RawFolder
from stages.teachers.detectors.found import Block, Files


class Precomputed:
    """The file's records for the wanted images, instances below the threshold left out."""

    def __init__(self, path: Path, threshold: float, digest: str):
        self.path, self.threshold = path, threshold
        self.facts = {"source": "precomputed", "model": path.name, "digest": digest, "threshold": threshold}

    def find(self, files: Files) -> Iterator[tuple[str, ImageDetections]]:
        """Raises: ValueError for a record that is no such thing, or a key that comes twice."""
        for key, _ in files:
            found = self.records.get(key)
            if found is not None:
                kept = tuple(instance for instance in found.instances if instance.score >= self.threshold)
                yield key, replace(found, instances=kept)

    @cached_property
    def records(self) -> Records:
        """Where each record is: the file is read once for it."""
        return Records(self.path)


def open_detector(block: Block, raw: RawFolder, folder: Path | None, device: str) -> Precomputed:
    """Raises: FileNotFoundError where the raw folder has no such file."""
    path = raw.path(block.precomputed_file)
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    return Precomputed(path, block.threshold, digest)
