"""DeepFashion (in-shop clothes): listed photos, and of each the joints that a pose detector found."""

from dataclasses import dataclass
from pathlib import PurePosixPath

import numpy as np

from stages.data import layout
from stages.data.image import ImageError
from stages.data.probing import spread
from stages.data.raw import RawFolder
from stages.data.truth import FOLDER

LAYOUT = """
  img/<...>/<name>.jpg
  pose/<...>/<name>_candidate.txt    rows of x, y, score, number
  pose/<...>/<name>_subset.txt       a row a person: for each of 18 joints a row of the other table, -1 = not seen
  train.txt, val.txt                 one path a line, from img/ on or below it"""
TITLE = "DeepFashion"
JOINTS = 18
POSE = ("_candidate.txt", "_subset.txt")


@dataclass(frozen=True)
class Listed:
    """One listed photo: its path, and that of its joints without the end of the name."""

    split: str
    name: str
    photo: str
    pose: str


def read_listed(raw: RawFolder) -> list[Listed]:
    """All listed photos of train and val, and those for teaching of a drawn set, by split and name.

    Raises: NotLaidOut where lists, photos or joints are missing; ValueError for a bad path, or a photo in both lists.
    """
    listed: list[Listed] = []
    for split in ("train", "val"):
        place = layout.beside(raw, "", f"{split}.txt")
        if place is None:
            raise layout.NotLaidOut(raw, TITLE, LAYOUT, f"no {split}.txt")
        names = _names(raw, place)
        images = _base(raw, "img/", names, "")
        poses = _base(raw, "pose/", [name.rpartition(".")[0] for name in names], POSE[0])
        listed += _rows(split, names, images, poses)
    if both := sorted(
        {row.name for row in listed if row.split == "train"} & {row.name for row in listed if row.split == "val"}
    ):
        raise ValueError(f"{raw.root}: expected no photo of val.txt in train.txt, came {both[:3]}; restore the lists")
    if raw.exists(f"{FOLDER}/teach.txt"):
        listed += _rows("teach", _names(raw, f"{FOLDER}/teach.txt"), f"{FOLDER}/img/", f"{FOLDER}/pose/")
    return listed


def _rows(split: str, names: list[str], images: str, poses: str) -> list[Listed]:
    return [Listed(split, name, f"{images}{name}", f"{poses}{name.rpartition('.')[0]}") for name in names]


def _names(raw: RawFolder, place: str) -> list[str]:
    """Paths below img/, sorted."""
    names = []
    for number, line in enumerate(raw.text(place).splitlines(), 1):
        name = line.strip().replace("\\", "/").removeprefix("./").removeprefix("img/")
        if not name:
            continue
        if name.startswith("/") or ".." in PurePosixPath(name).parts:
            raise ValueError(f"{raw.root / place}, line {number}: expected a path below img/, came {line!r}")
        names.append(name)
    if not names or len(set(names)) != len(names):
        raise ValueError(f"{raw.root / place}: expected paths, each once, came {len(names)}, some twice or none")
    return sorted(names)


def _base(raw: RawFolder, folder: str, names: list[str], end: str) -> str:
    """The folder below which the names lie: some listed ones are looked for."""
    for name in spread(names):
        found = layout.bases_of(raw, f"{folder}{name}{end}")
        if len(found) > 1:
            raise ValueError(
                f"{raw.root}: expected {folder} once, came one in {found[0]} and one in {found[1]}; move one away"
            )
        if found:
            return f"{found[0]}{folder}"
    raise layout.NotLaidOut(raw, TITLE, LAYOUT, f"no {folder}{names[0]}{end}")


def read_joints(raw: RawFolder, listed: Listed) -> np.ndarray:
    """The joints of the person with most of them; NaN = not seen.

    Order: nose, neck, right shoulder, elbow, wrist, left ones, right hip, knee, ankle, left ones, right and left eye,
    right and left ear. Shapes: -> float32 [18 2] (x, y). Units: photo pixels. Raises: ImageError.
    """
    points, people = (_table(raw, listed.pose + end) for end in POSE)
    if not people:
        raise ImageError("no_person", f"expected a row for a person in {listed.pose}{POSE[1]}, came none")
    if any(len(row) < JOINTS for row in people) or any(len(row) < 2 for row in points):
        raise ImageError(
            "pose_value", f"expected rows of {JOINTS} numbers and more, came shorter ones in {listed.pose}"
        )
    rows = np.array([row[:JOINTS] for row in people])
    chosen = rows[int((rows >= 0).sum(1).argmax())]
    if (chosen >= len(points)).any() or (chosen != np.rint(chosen)).any():
        raise ImageError(
            "pose_value", f"expected rows of 0 to {len(points) - 1} in {listed.pose}{POSE[1]}, came others"
        )
    joints = np.full((JOINTS, 2), np.nan, np.float32)
    for joint, row in enumerate(chosen.astype(int).tolist()):
        if row >= 0:
            joints[joint] = points[row][:2]
    return joints


def _table(raw: RawFolder, name: str) -> list[list[float]]:
    found = raw.find(name)
    if found is None:
        raise ImageError("no_pose", f"expected {name}, came no such file")
    try:
        rows = [[float(word) for word in line.replace(",", " ").split()] for line in raw.text(found).splitlines()]
    except ValueError as error:
        raise ImageError("pose_value", f"expected numbers in {found}, came other text ({error})") from error
    if not np.isfinite([value for row in rows for value in row]).all():
        raise ImageError("pose_value", f"expected finite numbers in {found}")
    return [row for row in rows if row]
