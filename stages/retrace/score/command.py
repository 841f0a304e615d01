"""`retrace score`: how near two folders of pictures are, by the measures of the graph, with their protocol."""

from dataclasses import dataclass
from typing import Any

from stages.retrace.answer import FINE


@dataclass(frozen=True)
class Scored:
    """The numbers, what was compared, and what could not be measured."""

    content: dict[str, Any]
    code: int = FINE

    def as_dict(self) -> dict[str, Any]:
        return self.content


def run(folder: str, against: str, extractor: str, size: int | None, split: str, gpu: bool, threads: int) -> Scored:
    """Measures. Raises: FileNotFoundError and ValueError naming what cannot be compared, and why."""
    from stages.use.devices import devices

    with devices(gpu, threads) as gpus:
        from stages.use.scoring import score

        return Scored(score(folder, against, extractor, size, split, gpus))
