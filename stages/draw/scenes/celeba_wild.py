"""The drawn CelebA in the wild: photos of many sizes, a face anywhere in them, boxes, landmarks and MAFL's lists."""

from pathlib import Path

import numpy as np

from stages.draw.scenes.backdrop import ramp
from stages.draw.scenes.canvas import Canvas, Colour, Scene, ellipse, place, smooth, tint, trace
from stages.draw.scenes.chance import generator
from stages.draw.scenes.encode import jpeg, spoiled
from stages.draw.scenes.faults import SPOILED, planted_faults
from stages.draw.scenes.marks import tight_box
from stages.draw.scenes.supply import Progress, RawBlock

LAYOUT = """  img_celeba/<6 digits>.jpg
  list_landmarks_celeba.txt, list_bbox_celeba.txt (here or in Anno/)
  MAFL/celebA_training.txt, MAFL/training.txt, MAFL/testing.txt"""
NAME = "celeba_wild"
HIGHEST = 202599
FRAME_AT_SHARE = (100, 80)  # 2,400 of its 8,000 pixels are exactly three tenths
BOXES = {"box_at_share": (60, 40), "box_below_share": (61, 39), "zero_box": (0, 0)}
LISTS = {"train": "celebA_training", "reg_train": "training", "test": "testing"}
POINTS = {"lefteye": (-0.34, -0.12), "righteye": (0.34, -0.12), "nose": (0.0, 0.18),
          "leftmouth": (-0.26, 0.50), "rightmouth": (0.26, 0.50)}  # fmt: skip
SKINS: tuple[Colour, ...] = ((246, 204, 172), (228, 174, 134), (190, 130, 92), (140, 92, 64))
HAIRS: tuple[Colour, ...] = ((34, 26, 24), (92, 56, 32), (206, 164, 88), (150, 66, 36))
WALLS: tuple[Colour, ...] = ((88, 128, 190), (120, 170, 150), (150, 150, 165), (70, 96, 110), (160, 190, 215))
CLOTHES: tuple[Colour, ...] = ((40, 60, 110), (110, 30, 60), (60, 60, 64), (30, 100, 90))


class Block(RawBlock):
    """Drawing numbers; counts are of good photos in each list."""

    train: int
    reg_train: int
    test: int
    reg_train_also_train: float
    width_px: tuple[int, int]
    height_px: tuple[int, int]
    face_share: tuple[float, float]
    quality: int


def listing(block: Block) -> list[tuple[int, str, tuple[str, ...], str]]:
    """(item number, file name, the lists it stands in, its fault or an empty text) of all photos."""
    good = block.train + block.reg_train + block.test
    faults = planted_faults(NAME, good, block.faults)
    total = good + len(faults)
    files = generator(block.seed, NAME, "files").choice(np.arange(1, HIGHEST + 1), total, replace=False)
    places = ["train"] * block.train + ["reg_train"] * block.reg_train + ["test"] * block.test
    both = int(block.reg_train_also_train * block.reg_train)
    rows = []
    for number in range(total):
        split = places[number] if number < good else tuple(LISTS)[number % 3]
        also = ("train",) if block.train <= number < block.train + both else ()
        kind = faults[number].kind if number in faults else ""
        rows.append((number, f"{files[number]:06d}.jpg", (split, *also), kind))
    return rows


def scene_of(block: Block, number: int, kind: str = "") -> Scene:
    """The scene of item `number`; factors hold the five landmarks (x, y) in pixels and the face's box."""
    rng = generator(block.seed, NAME, "scene", number)
    width, height = int(rng.integers(*block.width_px)), int(rng.integers(*block.height_px))
    if kind in BOXES:
        width, height = FRAME_AT_SHARE
    first, second = (WALLS[int(i)] for i in rng.choice(len(WALLS), 2, replace=False))
    canvas = Canvas(ramp(rng, width, height, first, second))
    share = block.face_share[1] if kind else float(rng.uniform(*block.face_share))
    unit = float(np.sqrt(share * width * height / (4 * 0.78)))
    centre = (_inside(rng, width, 0.85 * unit), _inside(rng, height, 1.05 * unit))
    tilt = float(rng.uniform(-0.3, 0.3))
    _paint(canvas, rng, centre, unit, tilt)
    points = place(np.array(list(POINTS.values())), centre, unit, tilt)
    x1, y1, x2, y2 = tight_box(canvas.mask("skin"))
    box = (x1, y1, *BOXES.get(kind, (x2 - x1 + 1, y2 - y1 + 1)))
    return Scene(canvas.image(), {"main": canvas.coverage("main") >= 0.5}, [], {"points": points, "box": box})


def _inside(rng: np.random.Generator, side: int, margin: float) -> float:
    """A place at least `margin` from both ends, or the middle where there is none."""
    return float(rng.uniform(margin, side - margin)) if side > 2 * margin else side / 2


def _paint(canvas: Canvas, rng: np.random.Generator, centre: tuple[float, float], unit: float, tilt: float) -> None:
    """Clothes, hair, head and features, in head units about the head's centre."""
    skin, hair = SKINS[int(rng.integers(len(SKINS)))], HAIRS[int(rng.integers(len(HAIRS)))]
    cloth, long_hair = CLOTHES[int(rng.integers(len(CLOTHES)))], rng.random() < 0.5

    def fill(points: np.ndarray, colour: Colour, *parts: str, turned: float = tilt) -> None:
        canvas.fill(place(points, centre, unit, turned), colour, ("main", *parts))

    if long_hair:
        fill(smooth(trace("0 -1.22, 0.98 -0.6, 1.02 0.5, 0.9 1.15, -0.9 1.15, -1.02 0.5, -0.98 -0.6")), hair)
    fill(trace("-0.4 0.6, 0.4 0.6, 0.5 1.2, 1.5 1.6, 1.7 4, -1.7 4, -1.5 1.6, -0.5 1.2"), cloth, turned=0.0)
    fill(trace("-0.28 0.6, 0.28 0.6, 0.3 1.25, -0.3 1.25"), tint(skin, 0.8), turned=0.0)
    fill(ellipse((0, -0.16), 0.88, 1.04), hair)
    fill(ellipse((0, 0), 0.76, 0.98), skin, "skin")
    fill(smooth(trace("0 -0.62, 0.6 -0.42, 0.78 -0.1, 0.82 -0.7, 0 -1.16, -0.82 -0.7, -0.78 -0.1, -0.6 -0.42")), hair)
    for side in (-1, 1):
        eye = (side * 0.34, -0.12)
        fill(ellipse(eye, 0.19, 0.12), (246, 244, 240))
        fill(ellipse(eye, 0.10, 0.11), (38, 42, 60))
        fill(trace("0.14 -0.34, 0.54 -0.36, 0.54 -0.28, 0.14 -0.26") * (side, 1), tint(hair, 0.8))
    fill(trace("0 -0.08, 0.14 0.24, -0.14 0.24"), tint(skin, 0.78))
    fill(smooth(trace("-0.28 0.50, 0 0.45, 0.28 0.50, 0 0.62")), (176, 52, 60))


def draw(block: Block, out: Path, progress: Progress | None = None) -> None:
    """Writes the set's raw folder."""
    rows = listing(block)
    (out / "img_celeba").mkdir(parents=True)
    (out / "MAFL").mkdir()
    boxes, points, lists = {}, {}, {split: [] for split in LISTS}
    for number, file, splits, kind in rows:
        scene = scene_of(block, number, kind)
        if kind != "missing_photo":
            damaged = kind in SPOILED
            content = spoiled(scene.image, kind, block.quality) if damaged else jpeg(scene.image, block.quality)
            (out / "img_celeba" / file).write_bytes(content)
        boxes |= {} if kind == "no_box_row" else {file: scene.factors["box"]}
        marks = np.rint(np.asarray(scene.factors["points"])).astype(int).ravel()
        points |= {} if kind == "no_landmarks_row" else {file: marks}
        for split in splits:
            lists[split].append(file)
        if progress:
            progress(number + 1, len(rows))
    columns = [f"{name}_{axis}" for name in POINTS for axis in "xy"]
    _write(out / "list_bbox_celeba.txt", "image_id x_1 y_1 width height", boxes)
    _write(out / "list_landmarks_celeba.txt", " ".join(columns), points)
    for split, name in LISTS.items():
        (out / "MAFL" / f"{name}.txt").write_text("".join(f"{file}\n" for file in sorted(lists[split])), "ascii")


def _write(path: Path, header: str, rows: dict) -> None:
    """One of CelebA's lists: count, columns, then a file name and numbers in columns."""
    lines = [f"{file} {' '.join(f'{value:4d}' for value in values)}" for file, values in sorted(rows.items())]
    path.write_text("\n".join([str(len(rows)), header, *lines]) + "\n", encoding="ascii")
