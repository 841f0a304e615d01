"""The drawn Stanford Cars with boxes: the shape is the class, paint is drawn apart; masks as a network finds them."""

from pathlib import Path

from stages.draw.scenes.boxed import BoxedBlock, Drawn, compose, degraded, frame_of, listing, write_photo
from stages.draw.scenes.canvas import Canvas, Colour, Instance, Scene
from stages.draw.scenes.car import CarPose, car_of, paint_car
from stages.draw.scenes.car_shapes import COLOURS, SHAPES
from stages.draw.scenes.chance import generator
from stages.draw.scenes.lsun import record_of
from stages.draw.scenes.marks import tight_box
from stages.draw.scenes.mat import write_annotations, write_class_names
from stages.draw.scenes.stanford_cars import FIELDS
from stages.draw.scenes.supply import Progress
from stages.draw.scenes.taught import write

LAYOUT = """  cars_train/00001.jpg ..     cars_test/00001.jpg ..
  devkit/cars_meta.mat, devkit/cars_train_annos.mat, devkit/cars_test_annos.mat
  cars_test_annos_withlabels.mat; detections.jsonl where detections are precomputed"""
NAME = "car_boxes"
GROUNDS: tuple[Colour, ...] = ((112, 112, 112), (128, 120, 108), (100, 106, 112), (92, 90, 88))


class Block(BoxedBlock):
    """Drawing numbers."""


def path_of(block: Block, number: int) -> str:
    """File numbers count from 1 in each folder."""
    return (
        f"cars_train/{number + 1:05d}.jpg" if number < block.train else f"cars_test/{number - block.train + 1:05d}.jpg"
    )


def scene_of(block: Block, number: int) -> Drawn:
    """One photo: shapes take turns; paint, place, size and heading are drawn apart from them."""
    _, _, length = frame_of(NAME, block, number)
    rng = generator(block.seed, NAME, "pose", number)
    shape, colour = list(SHAPES)[number % len(SHAPES)], str(rng.choice(list(COLOURS)))
    car = car_of(shape, colour, generator(block.seed, NAME, "car", number))
    turn, flip = float(rng.uniform(-1, 1)), bool(rng.random() < 0.5)
    depth, roll = (0.10 * turn, float(rng.uniform(0.03, 0.06))), float(rng.uniform(-0.03, 0.03))

    def paint(canvas: Canvas, x: float, y: float) -> None:
        side = min(canvas.width, canvas.height)
        centre = ((x - (canvas.width - side) / 2) / side, y / canvas.height)
        paint_car(canvas, car, CarPose(centre, length / side, flip, depth, 1 - 0.08 * abs(turn), roll), "main")

    return compose(NAME, block, number, GROUNDS, paint, shape=shape, colour=colour)


def draw(block: Block, out: Path, progress: Progress | None = None) -> None:
    """Writes the set's raw folder."""
    rows: dict[str, list[dict[str, int | str]]] = {"train": [], "test": []}
    lines, listed = [], listing(NAME, block)
    for number, split, kind in listed:
        drawn, path = scene_of(block, number), path_of(block, number)
        write_photo(out, block, path, drawn, kind)
        if kind != "photo_without_row":
            rows[split].append(_row(number, path, drawn, kind))
        if kind != "missing_photo":
            found = degraded(drawn.mask, generator(block.seed, NAME, "found", number))
            instances = [] if kind == "no_detection" else [Instance("car", found, 0.95)]
            lines.append(record_of(path, Scene(drawn.image, {}, instances)))
        if progress:
            progress(number + 1, len(listed))
    devkit = out / "devkit"
    devkit.mkdir()
    unlabelled = [field for field in FIELDS if field != "class"]
    write_class_names(devkit / "cars_meta.mat", [f"Drawn {shape} 2020" for shape in SHAPES])
    write_annotations(devkit / "cars_train_annos.mat", rows["train"], FIELDS)
    write_annotations(devkit / "cars_test_annos.mat", rows["test"], unlabelled)
    write_annotations(out / "cars_test_annos_withlabels.mat", rows["test"], FIELDS)
    write(out / "detections.jsonl", "".join(f"{line}\n" for line in sorted(lines)).encode("utf-8"))


def _row(number: int, path: str, drawn: Drawn, kind: str) -> dict[str, int | str]:
    """One annotation; boxes count from 1 and include both limits."""
    x1, y1, x2, y2 = (value + 1 for value in tight_box(drawn.mask))
    if kind == "box_outside":
        x2 = drawn.mask.shape[1] + 60
    corners = {"bbox_x1": x1, "bbox_y1": y1, "bbox_x2": x2, "bbox_y2": y2}
    return corners | {"class": number % len(SHAPES) + 1, "fname": path.split("/")[1]}
