"""The identity direction of the generator's latent space, and what changes along it (supp §4.2, figure 7)."""

from typing import Literal

import numpy as np
import torch
from pydantic import Field

from stages.data.files import write_json
from stages.data.image import to_tensor
from stages.data.prepared.packed import Packed
from stages.nets.encoders.load import load_encoder
from stages.papers.contrasfill.directions.regressor import RegressorBlock, find
from stages.papers.contrasfill.directions.walk import described
from stages.papers.contrasfill.discovering import Study, open_model
from stages.papers.contrasfill.identity.drift import real_angles, to_values
from stages.papers.contrasfill.identity.inversion import Inversion, open_inversion
from stages.papers.contrasfill.identity.walks import Walks, measured, windows_of
from stages.papers.contrasfill.sampling import positions_to_spread


class Block(RegressorBlock):
    """Keys of the study.

    Units: range_* in lengths of W+; window_margin and colour_threshold as shares of the side and of full scale.
    """

    profile: Literal["smoke", "demo", "lite", "paper"]
    split: str
    codes: Literal["w_plus", "mean_w"]
    min_images: int = Field(gt=1)
    images: int = Field(gt=0)
    shown: int = Field(gt=0)
    offsets: int = Field(gt=0)
    batch: int = Field(gt=0)
    companions: int = Field(ge=0)
    bound_drop: float = Field(gt=0)
    range_start: float = Field(gt=0)
    range_limit: float = Field(gt=0)
    halvings: int = Field(gt=0)
    window_margin: float = Field(ge=0)
    colour_threshold: float = Field(gt=0)
    reference_pairs: int = Field(gt=0)


def discover(study: Study) -> None:
    """Inputs: model, inversion, data, encoder (E_k), raw (part masks).

    Leaves direction.npy [styles latent], walk.npy uint8 [shown, 2 offsets + 1, R, R, 3], study.json and score.json.
    """
    block, data, world = study.block, Packed.open(study.inputs["data"]), study.session.world
    stylegan = open_model(study.inputs["model"], study.paper, study.method, study.seed, world).method
    inversion = open_inversion(study, study.inputs["inversion"], stylegan)
    encoder = load_encoder(study.inputs["encoder"]).to(world.device)
    labelled, labels = several_of(data.column("identity"), block.min_images)
    codes = inverted(study, inversion, data, labelled, "codes of labelled faces")
    flat = codes.mean(1) if block.codes == "mean_w" else codes.reshape(len(codes), -1)
    found = find(flat, labels, block, study.seed, study.session)
    direction = to_layers(found.vector, codes.shape[1], block.codes)
    np.save(study.session.out / "direction.npy", direction)
    walked = positions_to_spread(np.asarray(data.positions(block.split)), block.images)
    path = Walks(study, stylegan, inverted(study, inversion, data, walked, "codes of walked faces"), direction)
    extremes, limited = path.extremes()
    if limited.any() and not limited.all():
        # Nothing can drop by 0.1 from a realness of at most 0.1: such faces walk as far as the others do on average.
        extremes[limited] = np.median(extremes[~limited])
    windows = windows_of(study, data, walked, stylegan.block.size_px)
    moved, shown = measured(study, path, extremes, windows, encoder)
    np.save(study.session.out / "walk.npy", shown)
    real = real_angles(encoder, data, labelled, labels, block, study.seed, world)
    real["identity_angle_inversion"] = moved.angle_to_photos(encoder, data, walked, block.batch, world)
    keys = [str(data.keys[position]) for position in walked]
    facts = {
        "paper": study.paper, "method": study.method, "data": data.card["name"], "seed": study.seed,
        "profile": block.profile, "split": block.split, "codes": block.codes, "faces": len(labelled),
        "identities": len(np.unique(labels)), "direction": described(found), "images": len(keys),
        "bound_drop": block.bound_drop,
        "shown": keys[: block.shown], "extremes": [float(a) for a in extremes], "limited": int(limited.sum()),
        "realness": [float(r) for r in path.realness], "measured_attributes": int(moved.seen.sum()),
        "free_images": int((path.realness <= block.bound_drop).sum()),
    }  # fmt: skip
    write_json(study.session.out / "study.json", facts)
    common = {name: facts[name] for name in ("paper", "data", "seed", "profile", "split")}
    write_json(study.session.out / "score.json", {**common, "values": to_values(study.method, facts, moved, real)})


def several_of(labels: np.ndarray, minimum: int) -> tuple[np.ndarray, np.ndarray]:
    """Positions and labels of identities with at least `minimum` photos. Raises: ValueError where fewer than two."""
    values, counts = np.unique(labels[labels >= 0], return_counts=True)
    kept = values[counts >= minimum]
    if len(kept) < 2:
        raise ValueError(f"an identity direction needs two people with {minimum} photos each, the set has {len(kept)}")
    positions = np.flatnonzero(np.isin(labels, kept))
    return positions, labels[positions]


def inverted(study: Study, inversion: Inversion, data: Packed, positions: np.ndarray, name: str) -> np.ndarray:
    """W+ codes of photos, kept under a name as they come: float32 [N styles latent]."""
    batch, device = study.block.batch, study.session.world.device

    @torch.no_grad()
    def found(numbers: range) -> dict[str, np.ndarray]:
        codes = []
        for start in range(numbers.start, numbers.stop, batch):
            rows = positions[start : min(start + batch, numbers.stop)]
            codes.append(inversion.invert(to_tensor(data.images[rows]).to(device)).float().cpu().numpy())
            study.advance(start + len(rows), len(positions), "inversions")
        return {"codes": np.concatenate(codes)}

    return study.kept(name).joined(len(positions), batch, found)["codes"]


def to_layers(vector: np.ndarray, layers: int, codes: str) -> np.ndarray:
    """The unit vector of W+: as it was found, or one vector for all layers. Shapes: -> float64 [layers latent]."""
    if codes == "w_plus":
        return vector.reshape(layers, -1)
    return np.tile(vector / layers**0.5, (layers, 1))
