"""The 35 classes of Cityscapes: ids in the files, numbers in training and evaluation, colours."""

from dataclasses import dataclass

import numpy as np

VOID = 255  # the train id of what is not evaluated


@dataclass(frozen=True)
class Label:
    """One class; `things` are counted, so their instance ids are 1000 id + number."""

    name: str
    id: int
    train_id: int
    things: bool
    colour: tuple[int, int, int]


def _labels() -> tuple[Label, ...]:
    rows = (
        ("unlabeled", VOID, 0, (0, 0, 0)), ("ego vehicle", VOID, 0, (0, 0, 0)),
        ("rectification border", VOID, 0, (0, 0, 0)), ("out of roi", VOID, 0, (0, 0, 0)),
        ("static", VOID, 0, (0, 0, 0)),
        ("dynamic", VOID, 0, (111, 74, 0)), ("ground", VOID, 0, (81, 0, 81)), ("road", 0, 0, (128, 64, 128)),
        ("sidewalk", 1, 0, (244, 35, 232)), ("parking", VOID, 0, (250, 170, 160)),
        ("rail track", VOID, 0, (230, 150, 140)), ("building", 2, 0, (70, 70, 70)), ("wall", 3, 0, (102, 102, 156)),
        ("fence", 4, 0, (190, 153, 153)), ("guard rail", VOID, 0, (180, 165, 180)),
        ("bridge", VOID, 0, (150, 100, 100)),
        ("tunnel", VOID, 0, (150, 120, 90)), ("pole", 5, 0, (153, 153, 153)), ("polegroup", VOID, 0, (153, 153, 153)),
        ("traffic light", 6, 0, (250, 170, 30)), ("traffic sign", 7, 0, (220, 220, 0)),
        ("vegetation", 8, 0, (107, 142, 35)), ("terrain", 9, 0, (152, 251, 152)), ("sky", 10, 0, (70, 130, 180)),
        ("person", 11, 1, (220, 20, 60)), ("rider", 12, 1, (255, 0, 0)), ("car", 13, 1, (0, 0, 142)),
        ("truck", 14, 1, (0, 0, 70)), ("bus", 15, 1, (0, 60, 100)), ("caravan", VOID, 1, (0, 0, 90)),
        ("trailer", VOID, 1, (0, 0, 110)), ("train", 16, 1, (0, 80, 100)), ("motorcycle", 17, 1, (0, 0, 230)),
        ("bicycle", 18, 1, (119, 11, 32)),
    )  # fmt: skip
    return tuple(Label(name, at, train, bool(things), colour) for at, (name, train, things, colour) in enumerate(rows))


LABELS = _labels()  # the 35th, licence plate, has id -1 and no place in a file of bytes
ID = {label.name: label.id for label in LABELS}
TRAIN_NAMES = tuple(label.name for label in sorted(LABELS, key=lambda label: label.train_id) if label.train_id != VOID)
COLOURS = np.array([label.colour for label in LABELS], np.uint8)
TRAIN_IDS = np.array([label.train_id for label in LABELS], np.uint8)
PALETTE = np.array([LABELS[ID[name]].colour for name in TRAIN_NAMES], np.uint8)


def colours_of(ids: np.ndarray) -> np.ndarray:
    """The official colours. Shapes: ids [H W] -> uint8 [H W 3]."""
    return COLOURS[ids]


def train_ids_of_colours(colours: np.ndarray) -> np.ndarray:
    """The train id of each official colour; any other colour, or one that only void classes have, is VOID.

    Shapes: uint8 [H W 3] -> uint8 [H W].
    """
    whole = colours.astype(np.int32) @ (1 << 16, 1 << 8, 1)
    found = np.full(whole.shape, VOID, np.uint8)
    for train_id, colour in enumerate(PALETTE.astype(np.int32) @ (1 << 16, 1 << 8, 1)):
        found[whole == colour] = train_id
    return found
