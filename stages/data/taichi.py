"""Taichi: frames of videos to train on, test frames with 18 joints and foreground masks."""

import io
import zipfile

import numpy as np

from stages.data.image import resize_bilinear
from stages.data.raw import RawFolder

LAYOUT = """
  train/<video>/<frame>.png                          frames to train on
  eval_images/taichi-256/{train,test}/<5 digits>.png frames with joints
  landmark/taichi_{train,test}_gt.npz                file_name, value [n 18 2] (x, y) in 256-px units, -1 = not seen
  taichi-test-masks/<5 digits>.png                   foreground of the test frames, 0 and 255
  (all of it may lie one folder deeper, in taichi/; npz from pickles: python -m stages.data.convert.taichi_pickle)"""
JOINTS = 18
BASES = ("", "taichi/")
FOLDERS = {"reg_train": "train", "test": "test"}


def find_base(raw: RawFolder) -> str:
    """The folder of the set. Raises: FileNotFoundError with the layout."""
    for base in BASES:
        if raw.files(base + "train/"):
            return base
    raise FileNotFoundError(f"{raw.root}: expected Taichi{LAYOUT}\ncame no train/<video>/<frame>.png")


def train_frames(raw: RawFolder, base: str) -> list[str]:
    """<video>/<frame>.png of all training frames, sorted; other files beside them are left out."""
    names = [name.removeprefix(f"{base}train/") for name in raw.files(f"{base}train/")]
    return [name for name in names if name.count("/") == 1 and name.endswith(".png")]


def read_joints(raw: RawFolder, base: str, split: str) -> dict[str, np.ndarray]:
    """{file name: joints}, by name. -1 in both coordinates becomes NaN.

    Source: spec §2.4; settled 34 (npz only, no object inside is ever unpickled).
    Shapes: -> float32 [18 2] (x, y). Units: 256-px frame.
    Raises: FileNotFoundError with the layout; ValueError where arrays are missing, of another shape, or hold objects.
    """
    name = f"{base}landmark/taichi_{FOLDERS[split]}_gt.npz"
    if not raw.exists(name):
        raise FileNotFoundError(f"{raw.root}: expected {name} of Taichi{LAYOUT}\ncame no such file")
    place = raw.root / name
    try:
        with np.load(io.BytesIO(raw.read(name)), allow_pickle=False) as content:
            files, values = content["file_name"], content["value"]
    except (ValueError, KeyError, EOFError, OSError, zipfile.BadZipFile) as error:
        raise ValueError(
            f"{place}: expected plain arrays file_name and value, came {error}; convert the published pickle with "
            "python -m stages.data.convert.taichi_pickle"
        ) from error
    kinds = (files.dtype.kind, values.dtype.kind)
    if files.ndim != 1 or values.shape != (len(files), JOINTS, 2) or kinds != ("U", "f"):
        raise ValueError(
            f"{place}: expected n names and numbers [n {JOINTS} 2], came {files.dtype} {files.shape}, "
            f"{values.dtype} {values.shape}"
        )
    if len(set(files.tolist())) != len(files):
        raise ValueError(f"{place}: expected each file name once, came {len(files)} names, some twice")
    joints = np.where((values == -1).all(axis=2, keepdims=True), np.nan, values).astype(np.float32)
    return dict(sorted(zip(files.tolist(), joints, strict=True)))


def foreground(levels: np.ndarray, size_px: int, rule: str) -> np.ndarray:
    """The mask at S px: truncate keeps pixels that are 255 after the bilinear resize, half those above 127.5.

    Source: code (truncate: divided by 255 and cut to an integer), spec §2.4. Shapes: uint8 [H W] -> uint8 0/1 [S S].
    Raises: ValueError for another rule.
    """
    limits = {"truncate": 254, "half": 127}
    if rule not in limits:
        raise ValueError(f"mask_binarise: expected truncate or half, came {rule!r}")
    return (resize_bilinear(levels, size_px, size_px) > limits[rule]).astype(np.uint8)
