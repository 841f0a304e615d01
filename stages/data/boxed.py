"""Sets of photos with one box and one class each, in one form: CUB-200-2011, Stanford Dogs, Stanford Cars."""

from collections.abc import Callable
from dataclasses import dataclass

from stages.data import cub, cub_masks, stanford_cars, stanford_dogs
from stages.data.layout import NotLaidOut, beside
from stages.data.raw import RawFolder

# What users and drawn sets keep beside a set's own layout; masks/ has its folders again.
BESIDE = ("masks/", "backgrounds/", "extras/")
BIRDS = "CUB-200-2011 with boxes and segmentations"
BIRDS_LAYOUT = f"""{cub.LAYOUT}
  segmentations/<class>/<file>.png      in CUB_200_2011/ or beside it"""

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Boxed:
    """One photo: key, path, class from 0 (-1 = not given), split, annotation and segmentation ("" = the set has none).

    `box` is (x1, y1, x2, y2) in pixels from 0, limits as edges; where it is None `annotation` holds it.
    """

    key: str
    photo: str
    label: int
    split: str
    box: Box | None
    annotation: str = ""
    segmentation: str = ""


def read_birds(raw: RawFolder) -> tuple[list[str], list[Boxed]]:
    """CUB-200-2011 with segmentations, in CUB_200_2011/ or beside it.

    Raises: as the reader of its lists; FileNotFoundError without boxes or segmentations.
    """
    raw = raw.without(*BESIDE)
    base = cub.find_lists(raw)
    found = beside(raw, base, "segmentations/*/*")
    if found is None:
        raise NotLaidOut(raw, BIRDS, BIRDS_LAYOUT, "no segmentations/<class>/<file>.png")
    masks = found.removesuffix("segmentations/")
    classes, birds = cub.read_birds(raw, base)
    rows = []
    for bird in birds:
        if bird.box is None:
            raise NotLaidOut(raw, BIRDS, BIRDS_LAYOUT, "no bounding_boxes.txt")
        left, top, width, height = bird.box
        box = (left, top, left + width, top + height)
        place = cub_masks.mask_name(masks, bird.name)
        rows.append(Boxed(bird.name, f"{base}images/{bird.name}", bird.class_id, bird.split, box, segmentation=place))
    return classes, rows


def read_dogs(raw: RawFolder) -> tuple[list[str], list[Boxed]]:
    """Stanford Dogs; boxes are read one by one, from the annotations. Raises: as its reader."""
    classes, dogs = stanford_dogs.read_dogs(raw.without(*BESIDE))
    rows = [Boxed("/".join(dog.name.split("/")[-2:]), dog.name, dog.class_id, dog.split, None, dog.annotation)
            for dog in dogs]  # fmt: skip
    return classes, rows


def read_cars(raw: RawFolder) -> tuple[list[str], list[Boxed]]:
    """Stanford Cars; its limits from 1, inclusive, are edges from 0 here. Raises: as its reader."""
    classes, cars = stanford_cars.read_cars(raw.without(*BESIDE))
    rows = []
    for car in cars:
        x1, y1, x2, y2 = (float(value) for value in car.box)
        rows.append(Boxed(car.name, car.name, car.class_id, car.split, (x1, y1, x2 + 1, y2 + 1)))
    return classes, rows


READERS: dict[str, Callable[[RawFolder], tuple[list[str], list[Boxed]]]] = {
    "bird_boxes": read_birds,
    "dog_boxes": read_dogs,
    "car_boxes": read_cars,
}


def box_of(raw: RawFolder, item: Boxed) -> Box | None:
    """A photo's box; None where nothing gives one. Raises: ValueError for an annotation that is none."""
    return stanford_dogs.read_box(raw, item.annotation) if item.box is None and item.annotation else item.box
