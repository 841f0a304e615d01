"""The identity direction of the generator's latent space, and what changes along it (supp §4.2, figure 7)."""

from typing import Literal

import numpy as np
import torch
from pydantic import Field
from torch import Tensor

from stages.data.celebamask import CelebAMaskHQ
from stages.data.files import write_json
from stages.data.image import from_tensor, to_tensor
from stages.data.prepared.packed import Packed
from stages.data.raw import RawFolder
from stages.nets.encoders.load import load_encoder
from stages.papers.contrasfill.directions.calibrate import accepted
from stages.papers.contrasfill.directions.realness import Judge
from stages.papers.contrasfill.directions.regressor import RegressorBlock, find
from stages.papers.contrasfill.directions.walk import described
from stages.papers.contrasfill.discovering import Study, open_model
from stages.papers.contrasfill.identity.drift import Moved, real_angles, to_values
from stages.papers.contrasfill.identity.extreme import largest
from stages.papers.contrasfill.identity.inversion import Inversion, open_inversion
from stages.papers.contrasfill.identity.proxies import Windows, attributes, parts_to_windows
from stages.papers.contrasfill.methods.stylegan.method import StyleGAN
from stages.papers.contrasfill.sampling import positions_to_spread

PARTS = ("skin", "l_eye", "r_eye", "mouth", "u_lip", "l_lip")


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
    codes = inverted(study, inversion, data, labelled)
    flat = codes.mean(1) if block.codes == "mean_w" else codes.reshape(len(codes), -1)
    found = find(flat, labels, block, study.seed, study.session)
    direction = to_layers(found.vector, codes.shape[1], block.codes)
    np.save(study.session.out / "direction.npy", direction)
    walked = positions_to_spread(np.asarray(data.positions(block.split)), block.images)
    path = Walks(study, stylegan, inverted(study, inversion, data, walked), direction)
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


def inverted(study: Study, inversion: Inversion, data: Packed, positions: np.ndarray) -> np.ndarray:
    """W+ codes of photos: float32 [N styles latent]."""
    codes = []
    with torch.no_grad():
        for start in range(0, len(positions), study.block.batch):
            rows = positions[start : start + study.block.batch]
            codes.append(
                inversion.invert(to_tensor(data.images[rows]).to(study.session.world.device)).float().cpu().numpy()
            )
            study.advance(start + len(rows), len(positions), "inversions")
    return np.concatenate(codes)


def to_layers(vector: np.ndarray, layers: int, codes: str) -> np.ndarray:
    """The unit vector of W+: as it was found, or one vector for all layers. Shapes: -> float64 [layers latent]."""
    if codes == "w_plus":
        return vector.reshape(layers, -1)
    return np.tile(vector / layers**0.5, (layers, 1))


class Walks:
    """Images at offsets along the direction from each inverted face, and their realness."""

    def __init__(self, study: Study, stylegan: StyleGAN, codes: np.ndarray, direction: np.ndarray) -> None:
        self.study, self.stylegan, self.codes, self.direction = study, stylegan, codes, direction
        everyone = np.arange(len(codes))
        middle = torch.cat([images for _, images in self.at(everyone, np.zeros(len(codes)))])
        block = study.block
        self.judge = Judge(stylegan.discriminator, middle, block.companions, block.batch)
        self.realness = self.judged(everyone, np.zeros(len(codes)))

    def at(self, which: np.ndarray, offsets: np.ndarray):
        """(places, images) batch by batch. Shapes: int64 [K], [K] -> int64 [b], float32 [b 3 R R]."""
        device = self.study.session.world.device
        for start in range(0, len(which), self.study.block.batch):
            places = np.arange(start, min(start + self.study.block.batch, len(which)))
            codes = self.codes[which[places]] + offsets[places][:, None, None] * self.direction
            with torch.no_grad():
                yield places, self.stylegan.synthesise(torch.from_numpy(codes).float().to(device))

    def judged(self, which: np.ndarray, offsets: np.ndarray) -> np.ndarray:
        """Realness of images at offsets: [K]."""
        scores = []
        for places, images in self.at(which, offsets):
            scores.append(self.judge.realness(images, torch.from_numpy(which[places]).to(images.device)).cpu())
        return torch.cat(scores).double().numpy()

    def extremes(self) -> tuple[np.ndarray, np.ndarray]:
        """The largest offset of each face at which both sides are still real enough."""
        block = self.study.block

        def holds(which: np.ndarray, offsets: np.ndarray) -> np.ndarray:
            both = self.judged(np.concatenate([which, which]), np.concatenate([offsets, -offsets]))
            good = accepted(both, np.tile(self.realness[which], 2), block.bound_drop)
            self.study.advance(1, 1, "extreme offsets")
            return good[: len(which)] & good[len(which) :]

        return largest(holds, len(self.codes), block.range_start, block.range_limit, block.halvings)


def windows_of(study: Study, data: Packed, positions: np.ndarray, side: int) -> list[Windows | None]:
    """Where each face's attributes are measured, from the part masks of its photo."""
    reader = CelebAMaskHQ.open(RawFolder.open(study.inputs["raw"]))
    margin = round(study.block.window_margin * side)
    parts = (reader.parts(int(data.keys[position]), PARTS) for position in positions)
    return [parts_to_windows(found, side, margin) for found in parts]


def measured(
    study: Study, path: Walks, extremes: np.ndarray, windows: list[Windows | None], encoder
) -> tuple[Moved, np.ndarray]:
    """Features and attributes of all images along the walks; the pictures of the first `shown` faces."""
    block, faces = study.block, len(extremes)
    steps = np.arange(-block.offsets, block.offsets + 1)
    which = np.repeat(np.arange(faces), len(steps))
    offsets = np.outer(extremes / block.offsets, steps).reshape(-1)
    features, shown, found = [], [], []
    for places, images in path.at(which, offsets):
        pictures = from_tensor(images)
        with torch.no_grad():
            features.append(encoder.encode(_seen(pictures, images)).float().cpu().numpy())
        for place, picture in zip(places, pictures, strict=True):
            window = windows[which[place]]
            found.append(None if window is None else attributes(picture, window, block.colour_threshold))
            if which[place] < block.shown:
                shown.append(picture)
        study.advance(int(places[-1]) + 1, len(which), "walks")
    columns = len(steps)
    moved = Moved(np.concatenate(features).reshape(faces, columns, -1), np.array([w is not None for w in windows]),
                  [found[face * columns : (face + 1) * columns] for face in range(faces)])  # fmt: skip
    return moved, np.stack(shown).reshape(-1, columns, *shown[0].shape)


def _seen(pictures: np.ndarray, images: Tensor) -> Tensor:
    """The 8-bit pictures as network input: what is measured is what is shown."""
    return to_tensor(pictures).to(images.device)
