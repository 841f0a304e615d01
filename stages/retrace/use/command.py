"""`retrace use`: a trained model on photos of one's own, without the graph, into a new folder with a receipt."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stages.retrace.answer import FINE


@dataclass(frozen=True)
class Used:
    """What was made: the folder, and what its use.json and its receipt say."""

    out: str
    does: str
    facts: dict[str, Any]
    receipt: dict[str, Any]
    code: int = FINE

    def as_dict(self) -> dict[str, Any]:
        return {"out": self.out, "use": self.facts, "receipt": self.receipt}


def run(
    model: str, photos: str | None, mask: str | None, out: str, seed: int, gpu: bool, threads: int,
    options: Mapping[str, int | float | None],
) -> Used:  # fmt: skip
    """Uses the model and writes OUT.

    Raises: ValueError for what cannot be used or asked so, FileNotFoundError and FileExistsError for what is not there
    or in the way; all before anything is made.
    """
    from stages.use.devices import devices

    with devices(gpu, threads) as gpus:
        from stages.data.files import read_json
        from stages.use.model import open_model
        from stages.use.written import FACTS, refuse_taken

        refuse_taken(Path(out))
        opened = open_model(model, gpus)
        made = opened.write(out, photos, mask, seed, **options)
    return Used(out, opened.kind.does, read_json(Path(out) / FACTS), made)
