"""CUB-200-2011 with foreground masks and ReDO's split, which is not the dataset's own."""

from stages.data.layout import NotLaidOut, beside, find_base
from stages.data.raw import RawFolder

LAYOUT = """
  images.txt                            id path            images/<class>/<file>.jpg
  train_val_test_split.txt              id code            segmentations/<class>/<file>.png
  (all of it may lie some folders deeper, as in CUB_200_2011/; code: 0 train, 1 val, 2 test)"""
SPLITS = {"0": "train", "1": "val", "2": "test"}
TITLE = "CUB-200-2011 with masks"


def read_split(raw: RawFolder) -> tuple[str, dict[str, str]]:
    """The folder of the lists, and {path under images/: train, val or test}, by path.

    Source: code (ReDO, GANSeg), spec §2.2.
    Raises: FileNotFoundError with the layout, ValueError naming file and line.
    """
    base = find_base(raw, TITLE, LAYOUT, "images.txt", "images/*/*")
    listed = beside(raw, base, "train_val_test_split.txt")
    if listed is None:
        raise NotLaidOut(raw, TITLE, LAYOUT, "no train_val_test_split.txt")
    names = _rows(raw, base + "images.txt")
    codes = _rows(raw, listed)
    if names.keys() != codes.keys():
        stray = sorted(names.keys() ^ codes.keys())[:5]
        raise ValueError(f"{raw.root / listed}: expected the ids of images.txt, came {stray}")
    if wrong := sorted(set(codes.values()) - set(SPLITS)):
        raise ValueError(f"{raw.root / listed}: expected codes 0, 1 and 2, came {wrong[:5]}")
    return base, dict(sorted((name, SPLITS[codes[key]]) for key, name in names.items()))


def find_masks(raw: RawFolder, base: str) -> str:
    """The folder of segmentations/: the set's own, or another where their archive was unpacked.

    Raises: FileNotFoundError with the layout; ValueError for several.
    """
    found = beside(raw, base, "segmentations/*/*")
    if found is None:
        raise NotLaidOut(raw, TITLE, LAYOUT, "no segmentations/<class>/<file>.png")
    return found.removesuffix("segmentations/")


def mask_name(base: str, name: str) -> str:
    """The mask's path of a photo's, in the folder of segmentations/."""
    return f"{base}segmentations/{name.rsplit('.', 1)[0]}.png"


def _rows(raw: RawFolder, name: str) -> dict[str, str]:
    rows: dict[str, str] = {}
    for number, line in enumerate(raw.text(name).splitlines(), 1):
        words = line.split()
        if not words:
            continue
        if len(words) != 2 or not words[0].isdecimal() or words[0] in rows:
            raise ValueError(f"{raw.root / name}, line {number}: expected a new id and one value, came {line!r}")
        rows[words[0]] = words[1]
    return rows
