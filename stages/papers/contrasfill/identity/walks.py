"""Inverted faces at offsets along a direction: how far each can go, and what changes on the way (supp §4.2)."""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from stages.data.celebamask import CelebAMaskHQ
from stages.data.image import from_tensor, to_tensor
from stages.data.prepared.packed import Packed
from stages.data.raw import RawFolder
from stages.papers.contrasfill.directions.calibrate import accepted
from stages.papers.contrasfill.directions.realness import Judge
from stages.papers.contrasfill.discovering import Study
from stages.papers.contrasfill.identity.drift import Moved
from stages.papers.contrasfill.identity.extreme import largest
from stages.papers.contrasfill.identity.proxies import ATTRIBUTES, Windows, attributes, parts_to_windows
from stages.papers.contrasfill.methods.stylegan.method import StyleGAN

PARTS = ("skin", "l_eye", "r_eye", "mouth", "u_lip", "l_lip")


class Walks:
    """Images at offsets along the direction from each inverted face, and their realness."""

    def __init__(self, study: Study, stylegan: StyleGAN, codes: np.ndarray, direction: np.ndarray) -> None:
        self.study, self.stylegan, self.codes, self.direction = study, stylegan, codes, direction
        everyone = np.arange(len(codes))
        middle = torch.cat([images for _, images in self.at(everyone, np.zeros(len(codes)))])
        block, self.size = study.block, (*middle.shape[2:], middle.shape[1])
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
        block, tried = self.study.block, 0

        def holds(which: np.ndarray, offsets: np.ndarray) -> np.ndarray:
            nonlocal tried
            tried += 1
            twice, sides = np.concatenate([which, which]), np.concatenate([offsets, -offsets])

            def judged(numbers: range) -> dict[str, np.ndarray]:
                self.study.advance(1, 1, "extreme offsets")
                part = slice(numbers.start, numbers.stop)
                return {"realness": self.judged(twice[part], sides[part])}

            both = self.study.kept(f"offsets {tried}").joined(len(twice), block.batch, judged)["realness"]
            good = accepted(both, np.tile(self.realness[which], 2), block.bound_drop)
            return good[: len(which)] & good[len(which) :]

        return largest(holds, len(self.codes), block.range_start, block.range_limit, block.halvings)


def windows_of(study: Study, data: Packed, positions: np.ndarray, side: int) -> list[Windows | None]:
    """Where each face's attributes are measured, from the part masks of its photo."""
    reader = CelebAMaskHQ.open(RawFolder.open(study.inputs["raw"]))
    margin = round(study.block.window_margin * side)
    parts = (reader.parts(int(data.keys[position]), PARTS) for position in positions)
    return [parts_to_windows(found, side, margin) for found in parts]


def measured(
    study: Study, path: Walks, extremes: np.ndarray, windows: list[Windows | None], encoder: Any
) -> tuple[Moved, np.ndarray]:
    """Features and attributes of all images along the walks; the pictures of the first `shown` faces."""
    block, faces = study.block, len(extremes)
    steps = np.arange(-block.offsets, block.offsets + 1)
    which = np.repeat(np.arange(faces), len(steps))
    offsets = np.outer(extremes / block.offsets, steps).reshape(-1)

    def walked(numbers: range) -> dict[str, np.ndarray]:
        features, shown, found = [], [np.empty((0, *path.size), np.uint8)], []
        part = slice(numbers.start, numbers.stop)
        for places, images in path.at(which[part], offsets[part]):
            pictures = from_tensor(images)
            with torch.no_grad():
                features.append(encoder.encode(_seen(pictures, images)).float().cpu().numpy())
            for face, picture in zip(which[part][places], pictures, strict=True):
                window = windows[face]
                told = None if window is None else attributes(picture, window, block.colour_threshold)
                found.append([np.nan if told is None else told[name] for name in ATTRIBUTES])
            shown.append(pictures[which[part][places] < block.shown])
            study.advance(numbers.start + int(places[-1]) + 1, len(which), "walks")
        return {"features": np.concatenate(features), "shown": np.concatenate(shown), "attributes": np.array(found)}

    kept = study.kept("walks").joined(len(which), block.batch, walked)
    seen, columns = np.array([window is not None for window in windows]), len(steps)
    rows = kept["attributes"].reshape(faces, columns, -1).tolist()
    told: list[list[dict[str, float] | None]] = [
        [dict(zip(ATTRIBUTES, cell, strict=True)) if known else None for cell in row]
        for row, known in zip(rows, seen, strict=True)
    ]
    moved = Moved(kept["features"].reshape(faces, columns, -1), seen, told)
    return moved, kept["shown"].reshape(-1, columns, *path.size)


def _seen(pictures: np.ndarray, images: Tensor) -> Tensor:
    """The 8-bit pictures as network input: what is measured is what is shown."""
    return to_tensor(pictures).to(images.device)
