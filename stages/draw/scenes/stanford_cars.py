"""The drawn Stanford Cars: photos in two folders, devkit .mat files, and what a perfect detector finds."""

from pathlib import Path

from stages.draw.scenes.canvas import Canvas, Instance, Scene
from stages.draw.scenes.car import car_backdrop, car_of, car_pose, paint_car
from stages.draw.scenes.car_names import CLASS_NAMES
from stages.draw.scenes.car_shapes import COLOURS, SHAPES
from stages.draw.scenes.chance import generator
from stages.draw.scenes.encode import jpeg, spoiled
from stages.draw.scenes.faults import SPOILED, planted_faults
from stages.draw.scenes.lsun import record_of
from stages.draw.scenes.marks import tight_box
from stages.draw.scenes.mat import write_annotations, write_class_names
from stages.draw.scenes.supply import Progress, RawBlock

LAYOUT = """  cars_train/00001.jpg ..     cars_test/00001.jpg ..
  devkit/cars_meta.mat, devkit/cars_train_annos.mat, devkit/cars_test_annos.mat
  cars_test_annos_withlabels.mat; detections.jsonl where detections are precomputed"""
NAME = "stanford_cars"
FIELDS = ("bbox_x1", "bbox_y1", "bbox_x2", "bbox_y2", "class", "fname")
# Real classes of each shape, numbered from 1 as in cars_meta.mat; some whose names mislead a careless grouping.
CLASSES = {
    "SUV": (1, 76, 189), "Sedan": (2, 3, 194), "Hatchback": (7, 19, 193), "Coupe": (9, 11, 180),
    "Convertible": (8, 175, 196), "Wagon": (18, 30, 92), "Cab": (53, 111, 125), "Van": (78, 116, 174),
}  # fmt: skip
CLASS_WITHOUT_SHAPE = 4


class Block(RawBlock):
    """Drawing numbers."""

    images: int
    width_px: tuple[int, int]
    height_px: tuple[int, int]
    quality: int


def split_of(number: int) -> str:
    """Two thirds train, one third test, with every shape and colour in both."""
    return "test" if number % 3 == 2 else "train"


def scene_of(block: Block, number: int) -> Scene:
    """The scene of item `number`: shapes and colours take turns, everything else is drawn apart from them."""
    shape = list(SHAPES)[number % len(SHAPES)]
    colour = list(COLOURS)[(number // len(SHAPES)) % len(COLOURS)]
    rng = generator(block.seed, NAME, "frame", number)
    width, height = int(rng.integers(*block.width_px)), int(rng.integers(*block.height_px))
    pose = car_pose(generator(block.seed, NAME, "pose", number))
    backdrop, facts = car_backdrop(block.seed, f"{NAME}/{number}", width, height, pose)
    canvas = Canvas(backdrop)
    paint_car(canvas, car_of(shape, colour, generator(block.seed, NAME, "car", number)), pose, "main")
    mask = canvas.mask("main")
    found = Instance("truck" if shape == "Cab" else "car", mask, round(float(rng.uniform(0.93, 0.995)), 4))
    return Scene(canvas.image(), {"main": mask}, [found], {"shape": shape, "colour": colour, "pose": pose, **facts})


def names(block: Block) -> dict[int, str]:
    """{item number: relative path}; file numbers count from 1 in each folder, in an order that says nothing."""
    total = block.images + len(planted_faults(NAME, block.images, block.faults))
    found = {}
    for split in ("train", "test"):
        members = [number for number in range(total) if split_of(number) == split]
        for place, number in enumerate(generator(block.seed, NAME, "order", split).permutation(members).tolist(), 1):
            found[number] = f"cars_{split}/{place:05d}.jpg"
    return found


def draw(block: Block, out: Path, progress: Progress | None = None) -> None:
    """Writes the set's raw folder."""
    faults = planted_faults(NAME, block.images, block.faults)
    for folder in ("cars_train", "cars_test", "devkit"):
        (out / folder).mkdir()
    rows, lines = {"train": [], "test": []}, []
    paths = names(block)
    for number, path in sorted(paths.items(), key=lambda item: item[1]):
        kind = faults[number].kind if number in faults else ""
        scene = scene_of(block, number)
        if kind != "missing_photo":
            content = spoiled(scene.image, kind, block.quality) if kind in SPOILED else jpeg(scene.image, block.quality)
            (out / path).write_bytes(content)
        if kind != "photo_without_row":
            rows[split_of(number)].append(_row(block, number, path, kind, scene))
        if kind != "missing_photo":
            seen = Scene(scene.image, {}, [] if kind == "no_detection" else scene.instances)
            lines.append(record_of(path, seen))
        if progress:
            progress(len(lines), len(paths))
    write_class_names(out / "devkit" / "cars_meta.mat", CLASS_NAMES)
    write_annotations(out / "devkit" / "cars_train_annos.mat", rows["train"], FIELDS)
    write_annotations(
        out / "devkit" / "cars_test_annos.mat", rows["test"], [field for field in FIELDS if field != "class"]
    )
    write_annotations(out / "cars_test_annos_withlabels.mat", rows["test"], FIELDS)
    (out / "detections.jsonl").write_text("".join(line + "\n" for line in lines), encoding="utf-8")


def _row(block: Block, number: int, path: str, kind: str, scene: Scene) -> dict[str, int | str]:
    """One annotation; boxes count from 1 and include both limits."""
    x1, y1, x2, y2 = (value + 1 for value in tight_box(scene.parts["main"]))
    if kind == "box_outside":
        x2 = scene.image.shape[1] + 60
    choices = CLASSES[str(scene.factors["shape"])]
    which = int(generator(block.seed, NAME, "class", number).choice(choices))
    which = CLASS_WITHOUT_SHAPE if kind == "class_without_shape" else which
    return {"bbox_x1": x1, "bbox_y1": y1, "bbox_x2": x2, "bbox_y2": y2, "class": which, "fname": path.split("/")[1]}
