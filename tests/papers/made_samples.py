"""Made-up prepared data and sample folders in the documented formats; every filling is a formula of its place."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from stages.data.files import write_table
from stages.data.prepared.packed import Index, Packed, Row, write_packed
from stages.papers.contrasfill.sampled import positions_to_holes

SIDE = 16


def packed(folder: Path, name: str, count: int = 8) -> Path:
    """Noise with an off-centre object in each image; every item is for evaluation."""
    generator = np.random.default_rng(len(name))
    rows = []
    for number in range(count):
        mask = np.zeros((SIDE, SIDE), np.uint8)
        mask[4:9, 5:12] = 1
        mask[4, 5] = 0
        image = generator.integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8)
        rows.append(Row(f"{name}_key{number:02d}_long", image, mask, "made", "0" * 64))
    folder.mkdir(parents=True)
    write_packed(folder, name, SIDE, True, rows, lambda keys: Index(["test"] * len(keys), ("test",)))
    return folder


def filling(place: int, sample: int, shade: int = 0) -> tuple[int, int, int]:
    """The colour of a filling: its image, its number and its method can be read from it."""
    return 10 * place + 5, (3 * sample) % 256, shade


def samples(folder: Path, data: Path, *, hole: str, images: int, per_image: int, **facts) -> Path:
    """A sample folder of `images` evenly spread items; facts: shade, seed, profile, method, codes."""
    held = Packed.open(data)
    positions = np.asarray(held.positions("evaluation"))
    several = positions[np.arange(images) * len(positions) // images]
    shade, side = facts.pop("shade", 0), held.images.shape[1]
    holes = dict(zip(positions.tolist(), positions_to_holes(held, positions, hole), strict=True))

    def made(position: int, place: int, sample: int) -> np.ndarray:
        return np.where(holes[position][..., None] > 0, np.uint8(filling(place, sample, shade)), held.images[position])

    single = np.stack([made(int(position), 0, 0) for position in positions])
    multiple = np.stack(
        [np.stack([made(int(position), place, number) for number in range(per_image)])
         for place, position in enumerate(several)]
    )  # fmt: skip
    folder.mkdir(parents=True)
    np.save(folder / "single.npy", single)
    np.save(folder / "multiple.npy", multiple)
    index = {
        "key": [held.keys[position] for position in positions],
        "position": positions.astype(np.int64),
        "in_multiple": np.isin(positions, several),
    }
    write_table(folder / "index.parquet", index)
    common = {
        "paper": "contrasfill", "method": "made", "profile": "demo", "data": held.card["name"], "hole": hole,
        "split": "evaluation", "seed": 0, "images": images, "samples": per_image, "singles": len(positions),
        "size_px": side, "codes": 0,
    }  # fmt: skip
    (folder / "sample.json").write_text(json.dumps(common | facts), encoding="utf-8")
    return folder
