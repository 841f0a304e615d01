"""The drawn CUB-200-2011 with segmentations: birds of one colour, four builds in three plumages, anywhere."""

from pathlib import Path

from stages.draw.scenes.bird import paint_bird
from stages.draw.scenes.bird_factors import PLUMAGE, BirdPose, Species
from stages.draw.scenes.boxed import BoxedBlock, Drawn, compose, frame_of, listing, write_photo
from stages.draw.scenes.canvas import Canvas, Colour, tint
from stages.draw.scenes.chance import generator
from stages.draw.scenes.encode import png_mask
from stages.draw.scenes.marks import tight_box
from stages.draw.scenes.supply import Progress
from stages.draw.scenes.taught import write

LAYOUT = """  CUB_200_2011/images.txt, image_class_labels.txt, classes.txt, train_test_split.txt, bounding_boxes.txt
  CUB_200_2011/images/<class>/<file>.jpg
  segmentations/<class>/<file>.png, beside CUB_200_2011 or in it"""
NAME = "bird_boxes"
PLUMAGES = ("Scarlet", "Azure", "Golden")
GROUNDS: tuple[Colour, ...] = ((104, 118, 84), (124, 112, 94), (98, 112, 112), (136, 128, 108))
# Beak, plumpness, tail, neck, size of the head; and the bird's whole length in halves of its body's.
BUILDS: dict[str, tuple[str, float, float, float, float, float]] = {
    "Finch": ("Finch", 0.74, 0.30, 0.00, 0.54, 3.0),
    "Magpie": ("Hawk", 0.60, 0.95, 0.00, 0.48, 3.65),
    "Duck": ("Duck", 0.62, 0.10, 0.45, 0.46, 3.1),
    "Swan": ("Duck", 0.66, 0.25, 1.25, 0.42, 3.3),
}


class Block(BoxedBlock):
    """Drawing numbers."""


def kinds() -> list[Species]:
    """The twelve classes, builds by threes: a class number over three is its build's."""
    found = []
    for build, (beak, plump, tail, neck, head, _) in BUILDS.items():
        for plumage in PLUMAGES:
            colour = PLUMAGE[plumage]
            shades = {"back": colour, "wing": tint(colour, 0.86), "head": colour, "belly": tint(colour, 1.08)}
            found.append(
                Species(
                    f"{plumage}_{build}", **shades, beak=beak, beak_colour=tint(colour, 0.70), stripe=False,
                    plump=plump, tail=tail, neck=neck, head_size=head,
                )
            )  # fmt: skip
    return found


def path_of(number: int) -> str:
    """<class>/<file>.jpg."""
    listed = kinds()
    which, name = number % len(listed), listed[number % len(listed)].name
    return f"{which + 1:03d}.{name}/{name}_{number // len(listed) + 1:04d}.jpg"


def scene_of(block: Block, number: int) -> Drawn:
    """One photo: classes take turns; place, size and posture are drawn apart from them."""
    _, _, length = frame_of(NAME, block, number)
    rng = generator(block.seed, NAME, "pose", number)
    kind = kinds()[number % len(kinds())]
    unit = length / list(BUILDS.values())[number % len(kinds()) // len(PLUMAGES)][-1]
    flip, lean, nod = bool(rng.random() < 0.5), float(rng.uniform(-0.35, 0.12)), float(rng.uniform(-0.15, 0.25))

    def paint(canvas: Canvas, x: float, y: float) -> None:
        side = min(canvas.width, canvas.height)
        centre = ((x - (canvas.width - side) / 2) / side, y / canvas.height)
        paint_bird(canvas, kind, BirdPose(centre, unit / side, flip, lean, "sitting", 0.0, nod), "main")

    return compose(NAME, block, number, GROUNDS, paint, kind=kind.name)


def draw(block: Block, out: Path, progress: Progress | None = None) -> None:
    """Writes the set's raw folder."""
    rows, listed = [], listing(NAME, block)
    for number, split, kind in listed:
        drawn, path = scene_of(block, number), path_of(number)
        write_photo(out, block, f"CUB_200_2011/images/{path}", drawn, kind)
        if kind != "missing_mask":
            shrunk = drawn.mask[::2, ::2] if kind == "mask_of_other_size" else drawn.mask
            mask = png_mask(shrunk, three_channels=kind == "mask_of_three_channels")
            write((out / "segmentations" / path).with_suffix(".png"), mask)
        x1, y1, x2, y2 = tight_box(drawn.mask)
        box = f"{x1:.1f} {y1:.1f} {x2 - x1 + 1:.1f} {y2 - y1 + 1:.1f}"
        rows.append((path, number % len(kinds()) + 1, int(split == "train"), box))
        if progress:
            progress(number + 1, len(listed))
    rows.sort()  # the official lists go by class and file name
    names = [
        f"{which}.{kind.name}" for which, kind in ((f"{place:03d}", kind) for place, kind in enumerate(kinds(), 1))
    ]
    lists = {"classes": names}
    for place, name in enumerate(("images", "image_class_labels", "train_test_split", "bounding_boxes")):
        lists[name] = [row[place] for row in rows]
    for name, values in lists.items():
        text = "".join(f"{number} {value}\n" for number, value in enumerate(values, 1))
        write(out / "CUB_200_2011" / f"{name}.txt", text.encode("ascii"))
