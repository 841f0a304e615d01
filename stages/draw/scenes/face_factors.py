"""The factors of a drawn face: who it is (inside the mask), how it looks right now, and what surrounds it."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from stages.draw.scenes.canvas import Colour, tint
from stages.draw.scenes.chance import generator, spread

SKINS: tuple[Colour, ...] = (
    (254, 228, 210), (248, 206, 178), (238, 186, 142), (222, 164, 116),
    (200, 140, 94), (172, 112, 72), (136, 84, 54), (98, 60, 42),
)  # fmt: skip
BROWS: tuple[Colour, ...] = (
    (34, 26, 24), (86, 54, 30), (168, 118, 60), (206, 170, 110), (150, 66, 34), (128, 128, 130),
)  # fmt: skip
EYES: tuple[Colour, ...] = ((40, 26, 18), (92, 58, 28), (62, 122, 66), (58, 118, 190), (130, 140, 150))
LIPS: tuple[Colour, ...] = ((196, 100, 96), (178, 40, 58), (128, 60, 58), (222, 138, 134), (140, 34, 84))
HAIRS: tuple[Colour, ...] = (
    (32, 26, 26), (84, 52, 32), (140, 92, 50), (212, 176, 104), (160, 74, 40), (176, 176, 178),
)  # fmt: skip
WALLS: tuple[Colour, ...] = (
    (96, 124, 164), (150, 150, 146), (168, 126, 96), (92, 132, 108), (138, 104, 140), (178, 160, 112), (88, 92, 104),
)  # fmt: skip
BEARDS = ("none", "none", "moustache", "goatee", "full")
STYLES = ("short", "bob", "long", "bald", "curly")


@dataclass(frozen=True)
class Identity:
    """What makes a person; all of it is painted inside the face mask. Lengths are shares of the head's half height."""

    skin: Colour
    aspect: float
    jaw: float
    eye_spacing: float
    eye_size: float
    eye_colour: Colour
    nose_length: float
    nose_width: float
    brow_colour: Colour
    brow_thickness: float
    brow_slope: float
    lip_colour: Colour
    mouth_width: float
    beard: str
    blush: float


@dataclass(frozen=True)
class Expression:
    """What changes from one photo of a person to the next; shifts are shares of the picture, angles radians."""

    shift: tuple[float, float]
    tilt: float
    yaw: float
    size: float
    smile: float
    open: float
    gaze: float
    brow_raise: float
    glasses: bool


@dataclass(frozen=True)
class FaceContext:
    """What the fill-in sees: light, wall, hair, hat, clothes. Only a bare neck tells of the identity."""

    light: float
    wall: Colour
    hair_colour: Colour
    style: str
    parting: float
    hat: bool
    hat_colour: Colour
    cloth: Colour
    bare_neck: bool
    necklace: bool
    ear_rings: bool
    wall_seed: int


@lru_cache(maxsize=4)
def identities(count: int, seed: int) -> tuple[Identity, ...]:
    """`count` people who differ: the most spread among eight times as many candidates."""
    rows = np.stack([generator(seed, "identity", number).random(15) for number in range(8 * count)])
    weights = np.ones(15)
    weights[[0, 1, 2, 13]] = (2.5, 1.0, 1.0, 1.5)  # what shows best at a few pixels counts most
    return tuple(_identity(rows[position]) for position in spread(rows * weights, count))


def _identity(u: np.ndarray) -> Identity:
    """Fifteen numbers in [0, 1) to a person."""
    tone = u[0] * (len(SKINS) - 1)
    low, share = int(tone), tone - int(tone)
    skin = [(1 - share) * p + share * q for p, q in zip(SKINS[low], SKINS[low + 1], strict=True)]
    warm = (u[14] - 0.5) * 26
    return Identity(
        skin=tint((skin[0] + warm, skin[1], skin[2] - warm), 1.0),
        aspect=0.66 + 0.24 * u[1],
        jaw=0.62 + 0.36 * u[2],
        eye_spacing=0.30 + 0.15 * u[3],
        eye_size=0.115 + 0.065 * u[4],
        eye_colour=EYES[int(u[5] * len(EYES))],
        nose_length=0.26 + 0.24 * u[6],
        nose_width=0.10 + 0.10 * u[7],
        brow_colour=BROWS[int(u[8] * len(BROWS))],
        brow_thickness=0.05 + 0.09 * u[9],
        brow_slope=-0.25 + 0.5 * u[10],
        lip_colour=LIPS[int(u[11] * len(LIPS))],
        mouth_width=0.24 + 0.16 * u[12],
        beard=BEARDS[int(u[13] * len(BEARDS))],
        blush=0.8 * float(u[14]),
    )


def expression(rng: np.random.Generator) -> Expression:
    """One look of a face."""
    return Expression(
        shift=(float(rng.uniform(-0.035, 0.035)), float(rng.uniform(-0.025, 0.025))),
        tilt=float(rng.uniform(-0.14, 0.14)),
        yaw=float(rng.uniform(-0.16, 0.16)),
        size=float(rng.uniform(0.94, 1.06)),
        smile=float(rng.uniform(-0.6, 1.0)),
        open=float(max(0.0, rng.uniform(-0.8, 1.0))),
        gaze=float(rng.uniform(-1, 1)),
        brow_raise=float(rng.uniform(-0.5, 1.0)),
        glasses=bool(rng.random() < 0.12),
    )


def face_context(rng: np.random.Generator) -> FaceContext:
    """One surrounding of a face, drawn without knowing whose it is."""

    def pick(colours: tuple[Colour, ...], low: float, high: float) -> Colour:
        return tint(colours[int(rng.integers(len(colours)))], float(rng.uniform(low, high)))

    return FaceContext(
        light=float(rng.uniform(0.45, 1.0) * rng.choice([-1, 1])),
        wall=pick(WALLS, 0.75, 1.2),
        hair_colour=pick(HAIRS, 0.85, 1.15),
        style=str(rng.choice(STYLES)),
        parting=float(rng.uniform(-0.5, 0.5)),
        hat=bool(rng.random() < 0.10),
        hat_colour=pick(WALLS, 0.5, 1.3),
        cloth=tint(rng.integers(30, 225, 3), 1.0),
        bare_neck=bool(rng.random() < 0.10),
        necklace=bool(rng.random() < 0.15),
        ear_rings=bool(rng.random() < 0.20),
        wall_seed=int(rng.integers(2**31)),
    )
