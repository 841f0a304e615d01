"""A person who shows clothes: joints of a calm pose, garments in plain colours, stripes, checks and dots."""

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageChops, ImageDraw

from stages.draw.scenes.canvas import OVERSAMPLE, Canvas, Colour, ellipse, smooth, tint
from stages.draw.scenes.figure import figure_joints

SKINS: tuple[Colour, ...] = ((242, 206, 178), (224, 172, 134), (178, 122, 86), (124, 82, 58))
HAIRS: tuple[Colour, ...] = ((38, 28, 26), (98, 62, 38), (206, 168, 98), (140, 66, 40))
CLOTHS: tuple[Colour, ...] = ((44, 62, 116), (178, 44, 58), (238, 236, 230), (52, 52, 58), (72, 130, 104),
                              (224, 176, 72), (204, 140, 168), (120, 166, 206))  # fmt: skip
DENIMS: tuple[Colour, ...] = ((62, 82, 118), (48, 48, 54), (150, 130, 104), (104, 122, 146))
OUTFITS = ("dress", "skirt", "trousers", "shorts")
PATTERNS = ("plain", "stripes", "checks", "dots")
FACE = (0, 14, 15)  # nose and eyes, which a back view hides
# Arms hang down, feet stand close together.
ARMS, STANCES = ((0.85, 1.45), (-0.7, 0.3)), (0.025, 0.085)


@dataclass(frozen=True)
class Look:
    """What a person wears."""

    outfit: str
    pattern: str
    sleeve: float  # share of the arm that is covered
    back: bool
    long_hair: bool
    skin: Colour
    hair: Colour
    top: Colour
    low: Colour


def look_of(rng: np.random.Generator) -> Look:
    """One look; every part is drawn apart from the others and from the pose."""
    return Look(
        outfit=OUTFITS[int(rng.integers(4))],
        pattern=PATTERNS[int(rng.integers(4))],
        sleeve=(0.0, 0.3, 1.0)[int(rng.integers(3))],
        back=bool(rng.random() < 0.15),
        long_hair=bool(rng.random() < 0.6),
        skin=SKINS[int(rng.integers(4))],
        hair=HAIRS[int(rng.integers(4))],
        top=CLOTHS[int(rng.integers(len(CLOTHS)))],
        low=DENIMS[int(rng.integers(4))],
    )


def pose_of(rng: np.random.Generator) -> tuple[np.ndarray, float]:
    """Joints of the whole figure, some out of the frame in near views, and the figure's scale.

    Shapes: -> float64 [18 2] (x, y). Units: frame sides.
    """
    joints = figure_joints(rng, float(rng.uniform(0.46, 0.54)), ARMS, STANCES)
    for hip in (8, 11):  # legs of a person who stands: longer, and almost straight
        joints[hip + 2] = joints[hip] + 1.22 * (joints[hip + 2] - joints[hip])
        joints[hip + 1] = 0.3 * joints[hip + 1] + 0.7 * (joints[hip] + joints[hip + 2]) / 2
    near = rng.random() < 0.35
    scale = float(rng.uniform(1.55, 1.85) if near else rng.uniform(1.02, 1.12))
    top = np.array([joints[1, 0], joints[0, 1] - 0.10])
    return (joints - top) * scale + (float(rng.uniform(0.44, 0.56)), float(rng.uniform(0.03, 0.08))), scale


def paint_look(canvas: Canvas, joints: np.ndarray, unit: float, look: Look) -> None:
    """Paints a person; joints in pixels, `unit` pixels are the figure's scale. The mask is `main`."""

    def limb(points: np.ndarray, width: float, colour: Colour, *parts: str) -> None:
        canvas.stroke(points, width * unit, colour, ("main", *parts))
        for point in points:
            canvas.fill(ellipse((float(point[0]), float(point[1])), width * unit / 2, width * unit / 2), colour,
                        ("main", *parts))  # fmt: skip

    def fill(points: np.ndarray, colour: Colour, *parts: str) -> None:
        canvas.fill(points, colour, ("main", *parts))

    nose = joints[0]
    if look.long_hair and not look.back:
        fill(
            ellipse((float(nose[0]), float(nose[1] + 0.015 * unit)), 0.062 * unit, 0.105 * unit), tint(look.hair, 0.85)
        )
    for leg in (8, 11):
        limb(joints[leg : leg + 3], 0.062, look.skin)
        x, y = joints[leg + 2]
        fill(ellipse((float(x), float(y + 0.012 * unit)), 0.034 * unit, 0.020 * unit), (44, 36, 36))
    limb(joints[[1, 0]], 0.045, tint(look.skin, 0.88))
    _lower(canvas, joints, unit, look)
    for arm in (2, 5):
        limb(joints[arm : arm + 3], 0.043, look.skin)
        fill(ellipse((float(joints[arm + 2, 0]), float(joints[arm + 2, 1])), 0.026 * unit, 0.03 * unit), look.skin)
        if look.sleeve:
            end = joints[arm] + 2 * look.sleeve * (joints[arm + 1] - joints[arm])
            sleeve = joints[arm : arm + 3] if look.sleeve == 1.0 else np.stack([joints[arm], end])
            limb(sleeve, 0.062, tint(look.top, 0.88), "top")
    shoulders, hips = joints[[2, 5]], joints[[8, 11]]
    middle = (shoulders + hips) / 2
    out = np.array([unit, 0.0])
    torso = np.stack([
        joints[1] - (0, 0.012 * unit), shoulders[1] + 0.022 * out - (0, 0.008 * unit), middle[1] + 0.004 * out,
        hips[1] + 0.030 * out, (hips[0] + hips[1]) / 2 + (0, 0.03 * unit), hips[0] - 0.030 * out,
        middle[0] - 0.004 * out, shoulders[0] - 0.022 * out - (0, 0.008 * unit),
    ])  # fmt: skip
    fill(smooth(torso), look.top, "top")
    _pattern(canvas, look, unit)
    if not look.back:
        fill(smooth(np.stack([joints[1] + (-0.026 * unit, -0.014 * unit), joints[1] + (0.026 * unit, -0.014 * unit),
                              joints[1] + (0, 0.036 * unit)])), look.skin)  # fmt: skip
    _head(canvas, joints, unit, look)


def _lower(canvas: Canvas, joints: np.ndarray, unit: float, look: Look) -> None:
    hips, knees = joints[[8, 11]], joints[[9, 12]]
    out = np.array([unit, 0.0])
    if look.outfit in ("dress", "skirt"):
        hem = knees - (0, 0.02 * unit)
        skirt = np.stack([hips[0] - 0.022 * out, hips[1] + 0.022 * out, hem[1] + 0.055 * out,
                          np.add(hem.mean(0), (0, 0.015 * unit)),
                          hem[0] - 0.055 * out])  # fmt: skip
        dress = look.outfit == "dress"
        canvas.fill(skirt, look.top if dress else look.low, ("main", "top") if dress else ("main",))
        return
    for leg in (8, 11):
        cloth = joints[leg : leg + 3] if look.outfit == "trousers" else np.stack(
            [joints[leg], joints[leg] + 0.75 * (joints[leg + 1] - joints[leg])])  # fmt: skip
        canvas.stroke(cloth, 0.088 * unit, look.low if leg == 8 else tint(look.low, 0.9), ("main",))
    canvas.fill(
        ellipse((float(hips.mean(0)[0]), float(hips.mean(0)[1])), 0.078 * unit, 0.040 * unit), look.low, ("main",)
    )


def _pattern(canvas: Canvas, look: Look, unit: float) -> None:
    """Stripes, checks or dots, kept inside the garment."""
    if look.pattern == "plain":
        return
    marks = Image.new("L", canvas.large)
    pen = ImageDraw.Draw(marks)
    step, (width, height) = 0.036 * unit * OVERSAMPLE, canvas.large
    if look.pattern in ("stripes", "checks"):
        for y in np.arange(0, height, step):
            pen.rectangle((0, y, width, y + 0.42 * step), fill=255)
    if look.pattern == "checks":
        for x in np.arange(0, width, step):
            pen.rectangle((x, 0, x + 0.42 * step, height), fill=255)
    if look.pattern == "dots":
        for row, y in enumerate(np.arange(0, height, step)):
            for x in np.arange(0.5 * step * (row % 2), width, step):
                pen.ellipse((x - 0.26 * step, y - 0.26 * step, x + 0.26 * step, y + 0.26 * step), fill=255)
    light = sum(look.top) > 400
    canvas.colour.paste(tint(look.top, 0.55) if light else tint(np.add(look.top, 40), 1.7),
                        mask=ImageChops.multiply(marks, canvas.masks["top"]))  # fmt: skip


def _head(canvas: Canvas, joints: np.ndarray, unit: float, look: Look) -> None:
    x, y = (float(value) for value in joints[0])

    def fill(dx: float, dy: float, wide: float, high: float, colour: Colour) -> None:
        canvas.fill(ellipse((x + dx * unit, y + dy * unit), wide * unit, high * unit), colour, ("main",))

    fill(0, -0.022, 0.055, 0.062, look.hair)
    if look.back:
        fill(0, 0.0, 0.050, 0.080 if look.long_hair else 0.055, tint(look.hair, 1.15))
        return
    fill(0, -0.002, 0.043, 0.056, look.skin)
    fill(0, -0.046, 0.046, 0.022, look.hair)
    for eye in joints[14:16]:
        canvas.fill(ellipse((float(eye[0]), float(eye[1])), 0.007 * unit, 0.007 * unit), (36, 32, 36), ("main",))
    fill(0, 0.030, 0.014, 0.006, (176, 84, 84))


def seen_joints(joints: np.ndarray, look: Look, rng: np.random.Generator, missing_share: float) -> np.ndarray:
    """The joints as a detector gives them: NaN outside the frame, behind the head, and here and there by chance.

    Shapes: [18 2] -> float64 [18 2]. Units: frame sides.
    """
    lost = ((joints < 0) | (joints >= 1)).any(axis=1) | (rng.random(len(joints)) < missing_share)
    if look.back:
        lost[list(FACE)] = True
    return np.where(lost[:, None], np.nan, joints)
