"""Disentanglement of one dataset: on grids of codes, what changes along columns and along rows (figures 8 and 15)."""

from collections.abc import Callable
from pathlib import Path

from pydantic import Field

from stages.block import Block as Base
from stages.papers.contrasfill.sampled import check_alike, read_samples
from stages.papers.contrasfill.varied import grid_values, trained_values

Progress = Callable[[int, int, str], None]


class Block(Base):
    """How many images go through an encoder at once, and what the tables call the grids' dataset and known factor."""

    dataset: str
    batch: int = Field(gt=0)


def measure(block: Block, inputs: dict[str, Path], out: Path, device: str, progress: Progress) -> None:
    """Measure the input `grid` by E_k (input encoder), its independent twin, and the model's own E_u.

    Source: supp Fig. 8, Fig. 15; spec §8.5.
    Raises: ValueError where the samples are no grids of codes.
    """
    from stages.data.files import write_json
    from stages.data.prepared.packed import Packed
    from stages.nets.encoders.load import load_encoder

    grid = read_samples(inputs["grid"])
    data = Packed.open(inputs["data"])
    shared = check_alike({"grid": grid}, data)
    names = {"known": "encoder", "known_indep": "encoder_indep"}
    encoders = {name: load_encoder(inputs[path]).to(device) for name, path in names.items()}
    common = {"hole": shared["hole"], "split": shared["split"]}
    values = grid_values(grid, data, encoders, inputs["model"], block.batch, device, common)
    values += trained_values(encoders, inputs["model"], common)
    for value in values:
        value["dataset"] = block.dataset
    progress(1, 1, "grids")
    write_json(out / "score.json", {"paper": "contrasfill", **shared, "methods": ["contrasfill"], "values": values})
