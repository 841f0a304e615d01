"""The drawn DeepFashion: people in clothes on pale ground, a detector's joints as two texts each, and two lists."""

from pathlib import Path

import numpy as np

from stages.data.truth import FOLDER
from stages.draw.scenes.backdrop import ramp
from stages.draw.scenes.canvas import Canvas, Scene
from stages.draw.scenes.fashion import look_of, paint_look, pose_of, seen_joints
from stages.draw.scenes.faults import planted_faults
from stages.draw.scenes.supply import Progress
from stages.draw.scenes.taught import TaughtBlock, Truth, picture_bytes, write

LAYOUT = """  DeepFashion/img/<...>/<name>.jpg
  DeepFashion/pose/<...>/<name>_candidate.txt, <name>_subset.txt
  DeepFashion/train.txt, val.txt (one path of a photo a line)"""
NAME = "deepfashion"
SHELVES = {"dress": "WOMEN/Dresses", "skirt": "WOMEN/Skirts", "trousers": "MEN/Denim", "shorts": "WOMEN/Shorts"}


class Block(TaughtBlock):
    """Drawing numbers; counts are of good photos."""

    train: int
    val: int
    image_px: int
    missing_share: float
    quality: int


def listing(block: Block) -> list[tuple[str, int, str]]:
    """(split, number, its fault or an empty text); faults stand in train."""
    faults = planted_faults(NAME, block.train, block.faults)
    counts = {"train": block.train + len(faults), "val": block.val, "teach": block.teach}
    return [
        (split, number, faults[number].kind if split == "train" and number in faults else "")
        for split, count in counts.items()
        for number in range(count)
    ]


def scene_of(block: Block, split: str, number: int) -> Scene:
    """One photo; factors: kind, `where` the person is, joints as seen [18 2] in frame sides, and the photo's name."""
    rng = block.rng(NAME, split, "scene", split, number)
    side, look = block.image_px, look_of(rng)
    joints, scale = pose_of(rng)
    grey = int(rng.integers(222, 246))
    canvas = Canvas(ramp(rng, side, side, (grey, grey, grey), (grey - 22, grey - 20, grey - 16)))
    paint_look(canvas, joints * side, scale * side, look)
    identity = number + (50000 if split == "val" else 0)
    name = f"{SHELVES[look.outfit]}/id_{identity:08d}/{number % 4 + 1:02d}_{3 if look.back else 1}_" + (
        "back" if look.back else "front")  # fmt: skip
    where = (canvas.coverage("main") >= 0.5).astype(np.uint8)
    facts = {
        "kind": look.outfit,
        "where": where,
        "joints": seen_joints(joints, look, rng, block.missing_share),
        "name": name,
    }
    return Scene(canvas.image(), {"main": where > 0}, [], facts)


def draw(block: Block, out: Path, progress: Progress | None = None) -> None:
    """Writes the set's raw folder."""
    truth, rows = Truth(out), listing(block)
    lists: dict[str, list[str]] = {"train": [], "val": [], "teach": []}
    for done, (split, number, kind) in enumerate(rows, 1):
        scene = scene_of(block, split, number)
        base, name = FOLDER if split == "teach" else "DeepFashion", scene.factors["name"]
        photo = f"{base}/img/{name}.jpg"
        lists[split].append(f"{name}.jpg" if number % 2 else f"img/{name}.jpg")  # both occur
        if kind != "missing_photo":
            write(out / photo, picture_bytes(scene.image, kind, block.quality))
        if kind != "no_pose":
            candidate, subset = pose_texts(np.asarray(scene.factors["joints"]) * block.image_px, kind)
            write(out / f"{base}/pose/{name}_candidate.txt", candidate.encode("ascii"))
            write(out / f"{base}/pose/{name}_subset.txt", subset.encode("ascii"))
        truth.add(photo, str(scene.factors["kind"]), np.asarray(scene.factors["where"]))
        if progress:
            progress(done, len(rows))
    for split, names in lists.items():
        base = FOLDER if split == "teach" else "DeepFashion"
        write(out / f"{base}/{split}.txt", "".join(f"{name}\n" for name in sorted(names)).encode("ascii"))
    truth.close()


def pose_texts(joints: np.ndarray, kind: str = "") -> tuple[str, str]:
    """OpenPose's two tables: points (x, y, score, number); for each person 18 numbers of points, score and count."""
    seen = ~np.isnan(joints[:, 0])
    points = [(*joints[joint], 0.9, number) for number, joint in enumerate(np.flatnonzero(seen))]
    numbers = np.where(seen, np.cumsum(seen) - 1, -1)
    if kind == "joint_without_row":
        numbers[np.flatnonzero(seen)[-1]] = len(points)
    people = [] if kind == "nobody_seen" else [[*numbers, 0.9 * seen.sum(), seen.sum()]]
    if kind == "several_people":  # a detector's second find, of one joint; who has more counts
        people.append([*np.where(np.arange(18) == 0, 0, -1), 0.2, 1])
    candidate, subset = (_lines(table) for table in (points, people))
    return candidate, subset


def _lines(table: list) -> str:
    """One line a row; a table without rows is an empty line, since an empty file would look like a failed write."""
    return "".join(" ".join(f"{value:.6e}" for value in row) + "\n" for row in table) or "\n"
