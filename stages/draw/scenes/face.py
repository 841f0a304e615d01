"""A drawn face with the parts that CelebAMask-HQ names."""

import numpy as np

from stages.draw.scenes.backdrop import lit_wall
from stages.draw.scenes.canvas import Canvas, Colour, Scene, blend, ellipse, place, smooth, tint, trace
from stages.draw.scenes.chance import generator
from stages.draw.scenes.face_factors import Expression, FaceContext, Identity

PARTS = (
    "skin", "nose", "eye_g", "l_eye", "r_eye", "l_brow", "r_brow", "l_ear", "r_ear", "mouth", "u_lip", "l_lip",
    "hair", "hat", "ear_r", "neck_l", "neck", "cloth",
)  # fmt: skip
FACE_PARTS = PARTS[:12]  # what a fill-in replaces
SIDES = (("r", -1), ("l", 1))  # the subject's left is the picture's right


class _Pencil:
    """Paints in head coordinates: origin at the head's centre, unit = its half height, turned with the head."""

    def __init__(self, canvas: Canvas, look: Expression):
        size = canvas.height
        self.canvas = canvas
        self.centre = ((0.5 + look.shift[0]) * size, (0.53 + look.shift[1]) * size)
        self.unit, self.tilt = 0.335 * look.size * size, look.tilt

    def fill(self, points: np.ndarray, colour: Colour, *parts: str) -> None:
        self.canvas.fill(place(points, self.centre, self.unit, self.tilt), colour, ("lit", *parts))

    def stroke(self, points: np.ndarray, colour: Colour, *parts: str) -> None:
        line = place(points, self.centre, self.unit, self.tilt)
        self.canvas.stroke(line, 0.024 * self.unit, colour, ("lit", *parts))


def draw_face(person: Identity | None, look: Expression, around: FaceContext, size_px: int, mask_px: int) -> Scene:
    """Wall, hair behind, clothes, head, fringe or hat in front; without a person everything but the face's parts.

    The light brightens the wall and the person on the same side.
    Shapes: image [size_px size_px 3], part masks [mask_px mask_px].
    Raises: ValueError where mask_px does not divide size_px.
    """
    if size_px % mask_px:
        raise ValueError(f"mask_px: expected a divisor of the image's {size_px} px, came {mask_px}")
    wall = lit_wall(generator(around.wall_seed, "wall"), size_px, around.wall, around.light)
    canvas = Canvas(wall)
    pencil = _Pencil(canvas, look)
    _hair_behind(pencil, around)
    _shoulders(pencil, around, person)
    if person is not None:
        _head(pencil, person)
        _features(pencil, person, look)
    _hair_in_front(pencil, around)
    image = _shade(canvas, around.light, pencil)
    parts = {name: canvas.mask(name, size_px // mask_px) for name in PARTS}
    return Scene(image, parts, [], {"person": person, "look": look, "around": around})


def _shade(canvas: Canvas, light: float, pencil: _Pencil) -> np.ndarray:
    """Brightness 1 + 0.38 light x, x in head units from the head's centre, on everything painted before the wall."""
    image = canvas.image().astype(np.float32)
    x = np.clip((np.arange(canvas.width) + 0.5 - pencil.centre[0]) / pencil.unit, -1.3, 1.3)
    gain = 1 + canvas.coverage("lit") * (0.38 * light * x).astype(np.float32)[None]
    return np.clip(image * gain[..., None] + 0.5, 0, 255).astype(np.uint8)


def _hair_behind(pencil: _Pencil, around: FaceContext) -> None:
    dark = tint(around.hair_colour, 0.72)
    if around.style == "long":
        cut = trace("-0.95 -0.5, 0 -1.25, 0.95 -0.5, 1.02 0.6, 0.9 1.5, -0.9 1.5, -1.02 0.6")
        pencil.fill(smooth(cut), dark, "hair")
    elif around.style == "bob":
        cut = trace("-0.98 -0.4, 0 -1.25, 0.98 -0.4, 1.02 0.45, 0.7 0.75, -0.7 0.75, -1.02 0.45")
        pencil.fill(smooth(cut), dark, "hair")
    elif around.style == "curly":
        for angle in np.linspace(np.pi * 0.98, 2.02 * np.pi, 11):
            pencil.fill(ellipse((0.88 * np.cos(angle), -0.15 + 0.95 * np.sin(angle)), 0.34, 0.34), dark, "hair")
    elif around.style == "short":
        pencil.fill(smooth(trace("-0.86 -0.1, -0.9 -0.7, 0 -1.22, 0.9 -0.7, 0.86 -0.1, 0 -0.4")), dark, "hair")


def _shoulders(pencil: _Pencil, around: FaceContext, person: Identity | None) -> None:
    if around.bare_neck and person is not None:
        pencil.fill(trace("-0.42 0.5, 0.42 0.5, 0.46 1.45, -0.46 1.45"), tint(person.skin, 0.80), "neck")
    collar = 1.18 if around.bare_neck else 0.72
    edge = trace("-0.5 0, 0 0.14, 0.5 0") + np.array([0, collar])
    body = trace("1.2 1.35, 1.75 1.75, 1.8 2.6, -1.8 2.6, -1.75 1.75, -1.2 1.35")
    pencil.fill(smooth(np.vstack([edge, body])), around.cloth, "cloth")
    fold = trace("0.44 0.3, 0 0.44, -0.44 0.3") + np.array([0, collar])
    pencil.fill(np.vstack([edge, fold]), tint(around.cloth, 0.7), "cloth")
    if around.necklace:
        for angle in np.linspace(0.15 * np.pi, 0.85 * np.pi, 9):
            bead = (0.52 * np.cos(angle), collar + 0.05 + 0.38 * np.sin(angle))
            pencil.fill(ellipse(bead, 0.05, 0.05), (240, 220, 130), "neck_l")


def _head(pencil: _Pencil, person: Identity) -> None:
    wide = person.aspect
    for side, sign in SIDES:
        pencil.fill(ellipse((sign * wide * 0.98, 0.05), 0.10, 0.19), tint(person.skin, 0.90), f"{side}_ear")
    jaw = wide * person.jaw
    skull = trace("0.96 0.25, 1 -0.25, 0.75 -0.82, 0 -1, -0.75 -0.82, -1 -0.25, -0.96 0.25") * (wide, 1)
    chin = trace("-1 0.72, -0.45 1, 0.45 1, 1 0.72") * (jaw, 1)
    pencil.fill(smooth(np.vstack([skull, chin])), person.skin, "skin")
    if person.beard == "full":
        cheeks = np.array([[wide * 0.97, 0.12], [0.40, 0.42], [0, 0.34], [-0.40, 0.42], [-wide * 0.97, 0.12]])
        pencil.fill(smooth(np.vstack([cheeks, chin])), blend(person.skin, person.brow_colour, 0.8), "skin")
    elif person.beard == "goatee":
        pencil.fill(ellipse((0, 0.82), 0.26, 0.17), blend(person.skin, person.brow_colour, 0.8), "skin")


def _features(pencil: _Pencil, person: Identity, look: Expression) -> None:
    turn = look.yaw
    blush = blend(person.skin, (222, 70, 70), 0.40 * person.blush)
    for _, sign in SIDES:
        pencil.fill(ellipse((turn + sign * 0.45 * person.aspect / 0.8, 0.30), 0.17, 0.12), blush, "skin")
    for side, sign in SIDES:
        eye = (turn + sign * person.eye_spacing, -0.10)
        r = person.eye_size
        pencil.fill(ellipse(eye, r * 1.25, r * 0.85), (244, 242, 238), f"{side}_eye")
        pupil = (eye[0] + look.gaze * r * 0.5, eye[1])
        pencil.fill(ellipse(pupil, r * 0.70, r * 0.75), person.eye_colour, f"{side}_eye")
        pencil.fill(ellipse(pupil, r * 0.30, r * 0.32), (12, 10, 10), f"{side}_eye")
        lift = -0.32 - 0.07 * look.brow_raise
        ends = trace("-0.20 0.06, 0.0 -0.03, 0.20 0.02, 0.20 0.02, 0.0 -0.03, -0.20 0.06").copy()
        ends[:3, 1] -= person.brow_thickness / 2
        ends[3:, 1] += person.brow_thickness / 2
        ends[:, 1] += person.brow_slope * ends[:, 0]
        pencil.fill(ends * (sign, 1) + (eye[0], lift), person.brow_colour, f"{side}_brow")
    tip = -0.02 + person.nose_length
    bridge = np.array([[turn * 0.8 - 0.04, -0.12], [turn * 0.8 + 0.04, -0.12]])
    wings = trace("1 0, 0 0.06, -1 0") * (person.nose_width, 1) + np.array([turn * 1.3, tip])
    pencil.fill(smooth(np.vstack([bridge, wings]), 3), tint(person.skin, 0.84), "nose")
    if person.beard in ("moustache", "full"):
        pencil.fill(ellipse((turn, 0.485), person.mouth_width * 0.95, 0.075), tint(person.brow_colour, 0.95), "skin")
    _mouth(pencil, person, look)
    if look.glasses:
        for _, sign in SIDES:
            ring = ellipse((turn + sign * person.eye_spacing, -0.10), 0.24, 0.19)
            pencil.stroke(np.vstack([ring, ring[:1]]), (24, 24, 28), "eye_g")
        half = person.eye_spacing - 0.24
        pencil.stroke(np.array([[turn - half, -0.12], [turn + half, -0.12]]), (24, 24, 28), "eye_g")


def _mouth(pencil: _Pencil, person: Identity, look: Expression) -> None:
    """Two lips bent by the smile, teeth and a dark gap between them when the mouth is open."""
    x = np.linspace(-1, 1, 9)
    middle = 0.63 - 0.12 * look.smile * x**2 + 0.04 * look.smile
    gap = 0.11 * look.open * (1 - x**2)
    at = lambda level: np.stack([look.yaw + person.mouth_width * x, level], 1)  # noqa: E731
    upper, lower = middle - gap - 0.065 * (1 - x**2), middle + gap + 0.085 * (1 - x**2)
    if look.open > 0:
        pencil.fill(np.vstack([at(middle - gap), at(middle + gap)[::-1]]), (70, 20, 24), "mouth")
        pencil.fill(np.vstack([at(middle - gap), at(middle - 0.2 * gap)[::-1]]), (246, 244, 238), "mouth")
    pencil.fill(np.vstack([at(upper), at(middle - gap)[::-1]]), tint(person.lip_colour, 0.9), "u_lip")
    pencil.fill(np.vstack([at(middle + gap), at(lower)[::-1]]), person.lip_colour, "l_lip")


def _hair_in_front(pencil: _Pencil, around: FaceContext) -> None:
    """A fringe over the upper rim of the skin, or a hat; ear rings below the ears."""
    if around.hat:
        crown = trace("-0.98 -0.62, -0.8 -1.25, 0 -1.5, 0.8 -1.25, 0.98 -0.62, 0 -0.74")
        pencil.fill(smooth(crown), around.hat_colour, "hat")
        pencil.fill(trace("-1.15 -0.66, 1.15 -0.66, 1.1 -0.54, -1.1 -0.54"), tint(around.hat_colour, 0.7), "hat")
    elif around.style != "bald":
        fringe = trace(
            "0 -0.80, -0.72 -0.55, -0.93 -0.15, -0.95 -0.75, 0 -1.24, 0.95 -0.75, 0.93 -0.15, 0.72 -0.55"
        ).copy()
        fringe[0, 0] = around.parting
        pencil.fill(smooth(fringe), around.hair_colour, "hair")
    if around.ear_rings:
        for _, sign in SIDES:
            pencil.fill(ellipse((sign * 0.86, 0.34), 0.055, 0.08), (250, 214, 90), "ear_r")
