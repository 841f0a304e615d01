"""The factors of a drawn bird: its species (inside the mask), its pose, and the place it is in."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from stages.draw.scenes.canvas import Colour, tint
from stages.draw.scenes.chance import generator, spread

PLUMAGE: dict[str, Colour] = {
    "Black": (34, 34, 40), "White": (240, 238, 232), "Scarlet": (204, 38, 40), "Azure": (44, 110, 206),
    "Golden": (244, 196, 40), "Chestnut": (130, 74, 40), "Green": (60, 140, 70), "Slate": (108, 118, 132),
    "Orange": (236, 126, 36), "Teal": (28, 142, 148), "Violet": (116, 70, 158), "Sandy": (206, 172, 124),
}  # fmt: skip
BEAKS = ("Finch", "Warbler", "Hawk", "Heron", "Duck")
BEAK_COLOURS: tuple[Colour, ...] = ((60, 56, 56), (240, 170, 40), (206, 78, 50), (226, 210, 170))


@dataclass(frozen=True)
class Species:
    """What makes a species: four plumage colours, a beak and a build. Lengths are shares of the body's half length."""

    name: str
    back: Colour
    wing: Colour
    head: Colour
    belly: Colour
    beak: str
    beak_colour: Colour
    stripe: bool
    plump: float
    tail: float
    neck: float
    head_size: float


@dataclass(frozen=True)
class BirdPose:
    """How a bird holds itself and where; centre and size are shares of the shorter side, angles radians."""

    centre: tuple[float, float]
    size: float
    flip: bool
    lean: float
    posture: str
    wing_angle: float
    nod: float


@lru_cache(maxsize=4)
def species_list(count: int, seed: int) -> tuple[Species, ...]:
    """`count` species that differ: the most spread among sixteen times as many candidates; names are distinct."""
    rows = np.stack([generator(seed, "species", number).random(12) for number in range(16 * count)])
    colours = np.array(list(PLUMAGE.values())) / 255
    looks = colours[(rows[:, :4] * len(colours)).astype(int)].reshape(len(rows), -1)
    beaks = np.eye(len(BEAKS))[(rows[:, 4] * len(BEAKS)).astype(int)] * 0.7
    found, used = [], set()
    for position in spread(np.concatenate([looks, beaks, rows[:, 6:] * 0.4], 1), 3 * count):
        kind = _species(rows[position])
        if kind.name not in used:
            found.append(kind)
            used.add(kind.name)
        if len(found) == count:
            return tuple(found)
    raise ValueError(f"expected {count} species with distinct names, came {len(found)}; ask for fewer")


def _species(u: np.ndarray) -> Species:
    names = list(PLUMAGE)
    back, wing, head, belly = (names[int(v * len(names))] for v in u[:4])
    beak = BEAKS[int(u[4] * len(BEAKS))]
    return Species(
        name=f"{head}_headed_{back}_{beak}",
        back=PLUMAGE[back],
        wing=PLUMAGE[wing],
        head=PLUMAGE[head],
        belly=PLUMAGE[belly],
        beak=beak,
        beak_colour=BEAK_COLOURS[int(u[5] * len(BEAK_COLOURS))],
        stripe=bool(u[6] < 0.4),
        plump=0.46 + 0.20 * u[7],
        tail=0.40 + 0.50 * u[8],
        neck=(0.48 if beak == "Heron" else 0.25 if beak == "Duck" else 0.0) + 0.12 * u[9],
        head_size=0.34 + 0.12 * u[10],
    )


def bird_pose(rng: np.random.Generator) -> BirdPose:
    """One pose, drawn without knowing the species."""
    posture = str(rng.choice(["perched", "standing", "flying"], p=[0.45, 0.30, 0.25]))
    lean = rng.uniform(*{"perched": (-0.75, -0.30), "standing": (-0.35, 0.05), "flying": (-0.45, 0.25)}[posture])
    return BirdPose(
        centre=(float(rng.uniform(0.45, 0.55)), float(rng.uniform(0.50, 0.58))),
        size=float(rng.uniform(0.26, 0.33)),
        flip=bool(rng.random() < 0.5),
        lean=float(lean),
        posture=posture,
        wing_angle=float(rng.uniform(-1.0, 0.5)),
        nod=float(rng.uniform(-0.25, 0.35)),
    )


def branch_colour(rng: np.random.Generator) -> Colour:
    """Bark."""
    return tint((110, 84, 62), float(rng.uniform(0.6, 1.3)))
