"""The drawn Stanford Dogs: four builds in three coats of low contrast, and what a network would find of them."""

from pathlib import Path

from stages.draw.scenes.boxed import BoxedBlock, Drawn, compose, degraded, frame_of, listing, write_photo
from stages.draw.scenes.canvas import Canvas, Colour, Instance, Scene, tint
from stages.draw.scenes.chance import generator
from stages.draw.scenes.dog import BUILDS, COATS, Dog, paint_dog
from stages.draw.scenes.lsun import record_of
from stages.draw.scenes.marks import tight_box
from stages.draw.scenes.mat import write_photos
from stages.draw.scenes.supply import Progress
from stages.draw.scenes.taught import write

LAYOUT = """  Images/<class>/<file>.jpg, Annotation/<class>/<file> (XML without suffix)
  lists/train_list.mat, lists/test_list.mat, or both beside Images
  detections.jsonl where detections are precomputed"""
NAME = "dog_boxes"
GROUNDS: tuple[Colour, ...] = ((134, 126, 98), (118, 122, 104), (146, 130, 112), (112, 106, 96))
LENGTH = 1.8  # of a whole dog, in its body's


class Block(BoxedBlock):
    """Drawing numbers."""


def classes() -> list[tuple[str, str, str]]:
    """(ears, legs, coat) of the twelve classes, builds by threes: a class number over three is its build's."""
    return [(ears, legs, coat) for ears, legs in BUILDS for coat in COATS]


def path_of(number: int) -> str:
    """<class>/<file>, without suffix."""
    which = number % len(classes())
    synset = f"n{2085000 + 37 * which:08d}"
    return f"{synset}-{'_'.join(classes()[which])}/{synset}_{number // len(classes()) + 1}"


def scene_of(block: Block, number: int) -> Drawn:
    """One photo: classes take turns; place, size and gait are drawn apart from them."""
    _, _, length = frame_of(NAME, block, number)
    rng = generator(block.seed, NAME, "pose", number)
    ears, legs, coat = classes()[number % len(classes())]
    flip, shade = bool(rng.random() < 0.5), float(rng.uniform(0.95, 1.05))
    first, second, third, fourth = (float(value) for value in rng.uniform(-0.07, 0.07, 4))

    def paint(canvas: Canvas, x: float, y: float) -> None:
        steps = (first, second, third, fourth)
        paint_dog(canvas, Dog((x, y), length / LENGTH, flip, steps, ears, legs, tint(COATS[coat], shade)), "main")

    return compose(NAME, block, number, GROUNDS, paint, ears=ears, legs=legs, coat=coat)


def draw(block: Block, out: Path, progress: Progress | None = None) -> None:
    """Writes the set's raw folder."""
    lists: dict[str, list[tuple[str, int]]] = {"train": [], "test": []}
    lines, listed = [], listing(NAME, block)
    for number, split, kind in listed:
        drawn, path = scene_of(block, number), path_of(number)
        photo = f"Images/{path}.jpg"
        write_photo(out, block, photo, drawn, kind)
        if kind != "photo_without_row":
            lists[split].append((path, number % len(classes()) + 1))
        if kind != "no_annotation":
            write(out / "Annotation" / path, _annotation(path, drawn, kind).encode("ascii"))
        if kind != "missing_photo":
            found = degraded(drawn.mask, generator(block.seed, NAME, "found", number))
            instances = [] if kind == "no_detection" else [Instance("dog", found, 0.95)]
            lines.append(record_of(photo, Scene(drawn.image, {}, instances)))
        if progress:
            progress(number + 1, len(listed))
    (out / "lists").mkdir()
    for split, rows in lists.items():
        rows.sort(key=lambda row: row[0])
        paths = [path for path, _ in rows]
        files = [f"{path}.jpg" for path in paths]
        write_photos(out / "lists" / f"{split}_list.mat", files, paths, [label for _, label in rows])
    write(out / "detections.jsonl", "".join(f"{line}\n" for line in sorted(lines)).encode("utf-8"))


def _annotation(path: str, drawn: Drawn, kind: str) -> str:
    """The XML of one photo, limits as edges; a small second dog is no reason to take its box."""
    folder, _, name = path.rpartition("/")
    height, width = drawn.mask.shape
    x1, y1, x2, y2 = tight_box(drawn.mask)
    boxes = [] if kind == "no_object" else [(x1, y1, x2 + 1, y2 + 1)]
    if kind == "several_objects":
        boxes.insert(0, (0, 0, 12, 9))
    objects = "".join(
        f"\t<object>\n\t\t<name>{folder.partition('-')[2]}</name>\n\t\t<bndbox>\n"
        + "".join(
            f"\t\t\t<{side}>{value}</{side}>\n"
            for side, value in zip(("xmin", "ymin", "xmax", "ymax"), box, strict=True)
        )
        + "\t\t</bndbox>\n\t</object>\n"
        for box in boxes
    )
    size = f"\t<size>\n\t\t<width>{width}</width>\n\t\t<height>{height}</height>\n\t\t<depth>3</depth>\n\t</size>\n"
    start = f"<annotation>\n\t<folder>{folder.partition('-')[0][1:]}</folder>\n\t<filename>{name}</filename>\n"
    return f"{start}{size}{objects}</annotation>\n"
