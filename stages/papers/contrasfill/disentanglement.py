"""Disentanglement of one dataset: on grids of codes, what changes along columns and along rows (figures 8 and 15)."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from pydantic import Field

from stages.block import Block as Base
from stages.papers.contrasfill.measuring import Value, entry
from stages.papers.contrasfill.sampled import check_alike, read_samples

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
    from stages.metrics.disentangled import grids_to_angles
    from stages.metrics.features import samples_to_features
    from stages.metrics.scorer import encoder_to_protocol
    from stages.nets.encoders.load import load_encoder

    grid = read_samples(inputs["grid"])
    shared = check_alike({"grid": grid}, Packed.open(inputs["data"]))
    side = grid.facts["codes"]
    if not side:
        raise ValueError(f"{inputs['grid']}: expected grids of codes, came samples with codes of their own (codes 0)")
    known, twin = (load_encoder(inputs[name]).to(device) for name in ("encoder", "encoder_indep"))
    encoders: dict[str, tuple[Callable, dict[str, Any]]] = {
        "known": (known.encode, encoder_to_protocol(known)),
        "known_indep": (twin.encode, encoder_to_protocol(twin)),
        "unknown": unknown_encoder(inputs["model"], device),
    }
    values: list[Value] = []
    for done, (name, (encode, protocol)) in enumerate(encoders.items(), start=1):
        features = samples_to_features(encode, grid.multiple, block.batch, device)
        angles = grids_to_angles(features.reshape(len(features), side, side, -1))
        rows = {
            f"angle_{name}_between_columns": angles.between_columns,
            f"angle_{name}_between_rows": angles.between_rows,
        }
        sign = -1 if name == "unknown" else 1
        rows[f"score_{name}"] = sign * (angles.between_columns - angles.between_rows)
        said = protocol | {"hole": shared["hole"], "split": shared["split"], "grid": f"{side} x {side} codes an image"}
        for metric, found in rows.items():
            spread = float(found.std()) if len(found) > 1 else 0.0
            values.append(
                entry("contrasfill", metric, "degrees", float(found.mean()), len(found), said | {"sd": spread})
            )
        progress(done, len(encoders), name)
    for value in values:
        value["dataset"] = block.dataset
    write_json(out / "score.json", {"paper": "contrasfill", **shared, "methods": ["contrasfill"], "values": values})


def unknown_encoder(folder: Path, device: str) -> tuple[Callable, dict[str, Any]]:
    """E_u of a trained ContrasFill: its encoding function and protocol.

    Raises: ValueError for a model that trained none.
    """
    import hashlib

    from stages.data.files import read_json
    from stages.engine.weights import load_weights
    from stages.engine.world import World
    from stages.papers.contrasfill.methods.contrasfill.method import Block as Trained
    from stages.papers.contrasfill.methods.contrasfill.method import for_sampling

    trained = Trained.model_validate(read_json(folder / "model.json")["block"], strict=False)
    method = for_sampling(trained, World.single())
    load_weights(method, folder)
    if "unknown" not in method.nets:
        raise ValueError(
            f"{folder}: expected a model with its own encoder of the unknown factor (unknown_encoder: joint)"
        )
    net = method.nets["unknown"].to(device).eval()
    digest = hashlib.sha256((folder / "weights.safetensors").read_bytes()).hexdigest()
    said = {"extractor": "unknown_encoder", "extractor_sha256": digest, "view": f"whole image, {trained.size_px} px"}
    return net, said
