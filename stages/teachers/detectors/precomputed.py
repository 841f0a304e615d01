"""Detections made elsewhere: a JSONL file in the raw folder, of the photos as they are shown, upright."""

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from stages.data.detections import ImageDetections, read_records
from stages.data.raw import RawFolder
from stages.teachers.detectors.found import Block, Files


class Precomputed:
    """The file's records for the wanted images, instances below the threshold left out."""

    def __init__(self, path: Path, threshold: float, digest: str):
        self.path, self.threshold = path, threshold
        self.facts = {"source": "precomputed", "model": path.name, "digest": digest, "threshold": threshold}

    def find(self, files: Files) -> Iterator[tuple[str, ImageDetections]]:
        """Raises: ValueError for a record that is no such thing, or a key that comes twice."""
        wanted, seen = {key for key, _ in files}, set()
        for key, found in read_records(self.path):
            if key in seen:
                raise ValueError(f"{self.path}: expected one record per image, came two for key {key!r}")
            seen.add(key)
            if key in wanted:
                kept = tuple(instance for instance in found.instances if instance.score >= self.threshold)
                yield key, replace(found, instances=kept)


def open_detector(block: Block, raw: RawFolder, folder: Path | None, device: str) -> Precomputed:
    """Raises: FileNotFoundError where the raw folder has no such file."""
    path = raw.path(block.precomputed_file)
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    return Precomputed(path, block.threshold, digest)
