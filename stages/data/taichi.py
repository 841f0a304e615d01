"""Taichi: frames of videos to train on, test frames with 18 joints and foreground masks."""

import numpy as np

from stages.data import layout
from stages.data.image import resize_bilinear
from stages.data.raw import RawFolder
from stages.data.reading import npz, reading

LAYOUT = """
  train/<video>/<frame>.png                          frames to train on
  eval_images/taichi-256/{train,test}/<5 digits>.png frames with joints
  landmark/taichi_{train,test}_gt.npz                file_name, value [n 18 2] (x, y) in 256-px units, -1 = not seen
  taichi-test-masks/<5 digits>.png                   foreground of the test frames, 0 and 255
  (all of it may lie some folders deeper, as in taichi/; from pickles: python -m stages.data.convert.taichi_pickle)"""
JOINTS = 18
TITLE = "Taichi"
FOLDERS = {"reg_train": "train", "test": "test"}


def find_base(raw: RawFolder) -> str:
    """The folder of the training frames. Raises: as layout.find_base."""
    return layout.find_base(raw, TITLE, LAYOUT, "train/*/*")


def find_frames(raw: RawFolder, base: str, split: str) -> str:
    """The folder of the frames with joints. Raises: FileNotFoundError with the layout; ValueError for several."""
    return _beside(raw, base, f"eval_images/taichi-256/{FOLDERS[split]}/*")


def find_masks(raw: RawFolder, base: str) -> str:
    """The folder of the masks. Raises: as find_frames."""
    return _beside(raw, base, "taichi-test-masks/*")


def train_frames(raw: RawFolder, base: str) -> list[str]:
    """<video>/<frame>.png of all training frames, sorted; other files beside them are left out."""
    names = [name.removeprefix(f"{base}train/") for name in raw.files(f"{base}train/")]
    return [name for name in names if name.count("/") == 1 and layout.is_picture(name)]


def read_joints(raw: RawFolder, base: str, split: str) -> dict[str, np.ndarray]:
    """{file name: joints}, by name. -1 in both coordinates becomes NaN, and NaN stays: not seen.

    Source: spec §2.4; settled 34 (npz only, no object inside is ever unpickled).
    Shapes: -> float32 [18 2] (x, y). Units: 256-px frame.
    Raises: FileNotFoundError with the layout; ValueError where arrays are missing, of another shape, or no numbers.
    """
    name = _beside(raw, base, f"landmark/taichi_{FOLDERS[split]}_gt.npz")
    place = raw.root / name
    remedy = "convert the published pickle with python -m stages.data.convert.taichi_pickle"
    files, values = npz(raw.read(name), place, ("file_name", "value"), remedy)
    if files.dtype.kind == "S":
        with reading(place, "file names in UTF-8", remedy):
            files = np.char.decode(files, "utf-8")
    # Joints of any type of number are numbers; names and flags are not.
    fitting = files.dtype.kind == "U" and values.dtype.kind in "fiu"
    if files.ndim != 1 or values.shape != (len(files), JOINTS, 2) or not fitting:
        raise ValueError(
            f"{place}: expected n names and numbers [n {JOINTS} 2], came {files.dtype} {files.shape}, "
            f"{values.dtype} {values.shape}"
        )
    if len(set(files.tolist())) != len(files):
        raise ValueError(f"{place}: expected each file name once, came {len(files)} names, some twice")
    with np.errstate(over="ignore"):
        joints = np.where((values == -1).all(axis=2, keepdims=True), np.nan, values).astype(np.float32)
    if np.isinf(joints).any():
        raise ValueError(f"{place}: expected joints in pixels, -1 or NaN where not seen, came infinite ones; {remedy}")
    return dict(sorted(zip(files.tolist(), joints, strict=True)))


def _beside(raw: RawFolder, base: str, mark: str) -> str:
    found = layout.beside(raw, base, mark)
    if found is None:
        raise layout.NotLaidOut(raw, TITLE, LAYOUT, f"no {mark}")
    return found


def foreground(levels: np.ndarray, size_px: int, rule: str) -> np.ndarray:
    """The mask at S px: truncate keeps pixels that are 255 after the bilinear resize, half those above 127.5.

    Source: code (truncate: divided by 255 and cut to an integer), spec §2.4. Shapes: uint8 [H W] -> uint8 0/1 [S S].
    Raises: ValueError for another rule.
    """
    limits = {"truncate": 254, "half": 127}
    if rule not in limits:
        raise ValueError(f"mask_binarise: expected truncate or half, came {rule!r}")
    return (resize_bilinear(levels, size_px, size_px) > limits[rule]).astype(np.uint8)
