"""The drawn Taichi set: videos of a figure in front of a wall, frames with joints, and foreground masks."""

from pathlib import Path

import numpy as np

from stages.draw.scenes.canvas import Canvas, Colour, Scene, ellipse, tint
from stages.draw.scenes.chance import generator
from stages.draw.scenes.encode import png, png_mask, spoiled
from stages.draw.scenes.faults import SPOILED, planted_faults
from stages.draw.scenes.figure import figure_joints, paint_figure
from stages.draw.scenes.supply import Progress, RawBlock

LAYOUT = """  taichi/train/<video>/<frame>.png
  taichi/eval_images/taichi-256/{train,test}/<5 digits>.png
  taichi/landmark/taichi_train_gt.npz, taichi_test_gt.npz, taichi/taichi-test-masks/<5 digits>.png"""
NAME = "taichi"
JOINT_UNITS = 256  # joints are written in the units of a 256-px frame
WALLS: tuple[Colour, ...] = ((206, 200, 186), (150, 176, 196), (172, 190, 150), (196, 170, 150))
FLOORS: tuple[Colour, ...] = ((120, 84, 56), (96, 104, 110), (84, 116, 70), (150, 120, 90))


class Block(RawBlock):
    """Drawing numbers; counts are of good frames."""

    videos: int
    frames: int
    reg_train: int
    test: int
    frame_px: int
    missing_share: float


def listing(block: Block) -> list[tuple[str, str, str]]:
    """(split, file, its fault or an empty text); faults stand among the test frames. train: <video>/<frame>.png."""
    rows = [("train", f"{v:05d}/{f:04d}.png", "") for v in range(block.videos) for f in range(block.frames)]
    rows += [("reg_train", f"{number:05d}.png", "") for number in range(block.reg_train)]
    faults = planted_faults(NAME, block.test, block.faults)
    kinds = {number: fault.kind for number, fault in faults.items()}
    rows += [("test", f"{number:05d}.png", kinds.get(number, "")) for number in range(block.test + len(faults))]
    return rows


def scene_of(block: Block, split: str, file: str) -> Scene:
    """One frame; frames of one video share wall, floor, clothes and the place of the feet, roughly.

    Factors: joints [18 2] (x, y) in frame pixels.
    """
    side = block.frame_px
    video = file.split("/")[0] if split == "train" else f"{split} {file}"
    place = generator(block.seed, NAME, "video", video)
    wall, floor = WALLS[int(place.integers(len(WALLS)))], FLOORS[int(place.integers(len(FLOORS)))]
    horizon = float(place.uniform(0.55, 0.8)) * side
    backdrop = np.empty((side, side, 3), np.uint8)
    backdrop[: int(horizon)], backdrop[int(horizon) :] = wall, floor
    canvas = Canvas(backdrop)
    suit = int(place.integers(4))
    foot = float(place.uniform(0.32, 0.68))
    rng = generator(block.seed, NAME, "frame", split, file)
    joints = figure_joints(rng, foot) * side
    shadow = (float(joints[[10, 13], 0].mean()), float(joints[[10, 13], 1].max()))
    canvas.fill(ellipse(shadow, 0.16 * side, 0.025 * side), tint(floor, 0.75))
    paint_figure(canvas, joints, side, suit)
    return Scene(canvas.image(), {"main": canvas.coverage("main") >= 0.5}, [], {"joints": joints})


def draw(block: Block, out: Path, progress: Progress | None = None) -> None:
    """Writes the set's raw folder."""
    base = out / "taichi"
    folders = {"train": base / "train", "reg_train": base / "eval_images/taichi-256/train"}
    folders["test"], masks = base / "eval_images/taichi-256/test", base / "taichi-test-masks"
    for folder in (*folders.values(), masks, base / "landmark"):
        folder.mkdir(parents=True, exist_ok=True)
    joints: dict[str, dict[str, np.ndarray]] = {"reg_train": {}, "test": {}}
    rows = listing(block)
    for done, (split, file, kind) in enumerate(rows, 1):
        scene = scene_of(block, split, file)
        target = folders[split] / file
        target.parent.mkdir(exist_ok=True)
        if kind != "missing_photo":
            target.write_bytes(spoiled(scene.image, kind, 90) if kind in SPOILED else png(scene.image))
        if split == "test" and kind != "missing_mask":
            mask = scene.parts["main"]
            (masks / file).write_bytes(png_mask(mask[::2, ::2] if kind == "mask_of_other_size" else mask))
        if split != "train":
            joints[split][file] = _seen(block, np.asarray(scene.factors["joints"]), f"{split} {file}", kind)
        if progress:
            progress(done, len(rows))
    for split, name in (("reg_train", "train"), ("test", "test")):
        order = generator(block.seed, NAME, "order", split).permutation(sorted(joints[split]))
        values = np.stack([joints[split][file] for file in order])
        numbers = np.arange(len(order), dtype=np.int64)
        path = base / "landmark" / f"taichi_{name}_gt.npz"
        np.savez_compressed(path, file_name=order.astype("U9"), frame_number=numbers, value=values)


def _seen(block: Block, joints: np.ndarray, name: str, kind: str) -> np.ndarray:
    """Joints as a detector writes them: whole numbers of the 256-px frame, and -1 where it saw none."""
    values = np.rint(joints * JOINT_UNITS / block.frame_px).clip(0, JOINT_UNITS - 1).astype(np.float32)
    missing = generator(block.seed, NAME, "missing", name).random(len(values)) < block.missing_share
    values[missing | (kind == "no_joint_seen")] = -1
    return values
