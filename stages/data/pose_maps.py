"""What a network is told of a pose: a drawing of the skeleton, and how far each pixel is from each limb."""

import numpy as np
from PIL import Image, ImageDraw

GRID = 256  # lengths below are in pixels of a 256-px picture, whatever the picture's size
HALF_WIDTH = 4.0
DISTANCE_UNIT, LIMIT = 3.0, 255.0  # distances are divided by the first and cut at the second
# Joints by number from 0; COCO-18 as OpenPose orders it.
LIMBS = ((1, 2), (1, 5), (2, 3), (3, 4), (5, 6), (6, 7), (1, 8), (8, 9), (9, 10), (1, 11), (11, 12), (12, 13), (1, 0),
         (0, 14), (14, 16), (0, 15), (15, 17))  # fmt: skip
COLOURS = np.array([
    (255, 0, 0), (255, 85, 0), (255, 170, 0), (255, 255, 0), (170, 255, 0), (85, 255, 0), (0, 255, 0), (0, 255, 85),
    (0, 255, 170), (0, 255, 255), (0, 170, 255), (0, 85, 255), (0, 0, 255), (85, 0, 255), (170, 0, 255), (255, 0, 255),
    (255, 0, 170), (255, 0, 85),
], np.float32)  # fmt: skip
CHANNELS = 3 + len(LIMBS)
_ROUND = np.linspace(0, 2 * np.pi, 72, endpoint=False)


def condition(joints: np.ndarray, side: int) -> np.ndarray:
    """Skeleton (three channels) and limb distances (17); what is not seen is not drawn, and its map is all far.

    Source: code (CoCosNet's DeepFashion loader, after OpenPose), spec §2.6.
    Shapes: float [18 2] (x, y) in pixels, NaN = not seen -> float32 [20 side side] in [0, 1].
    """
    unit = side / GRID
    limbs = np.zeros((len(LIMBS), side, side), bool)
    for limb, (start, end) in enumerate(LIMBS):
        if not np.isnan(joints[[start, end]]).any():
            limbs[limb] = _limb(joints[start], joints[end], HALF_WIDTH * unit, side)
    far = np.minimum(taxicab(limbs) / (unit * DISTANCE_UNIT), LIMIT) / LIMIT
    return np.concatenate([_skeleton(joints, limbs, unit, side), far]).astype(np.float32)


def taxicab(masks: np.ndarray) -> np.ndarray:
    """The L1 distance of each pixel to the nearest one that is on, by running minima along rows, then columns.

    Formula: d(p) = min(d(p), d(p ± 1) + 1), a pass each way, exact in one dimension and then in the other.
    Shapes: bool [n H W] -> int16 [n H W]; where nothing is on, more than any distance in the picture.
    """
    distance = np.where(masks, 0, 2 * sum(masks.shape[1:])).astype(np.int16)
    for _ in range(2):
        lines = np.ascontiguousarray(distance.transpose(2, 0, 1))  # whole lines at once are ten times as quick
        for line, before in zip(lines[1:], lines[:-1], strict=True):
            np.minimum(line, before + 1, out=line)
        for line, behind in zip(lines[-2::-1], lines[:0:-1], strict=True):
            np.minimum(line, behind + 1, out=line)
        distance = lines.transpose(1, 0, 2)
    return distance


def _limb(start: np.ndarray, end: np.ndarray, half_width: float, side: int) -> np.ndarray:
    """An ellipse from joint to joint. Shapes: -> bool [side side]."""
    along = (end - start) / 2
    length = float(np.hypot(*along)) or 1.0
    across = np.array([-along[1], along[0]]) / length * half_width
    points = (start + end) / 2 + np.cos(_ROUND)[:, None] * along + np.sin(_ROUND)[:, None] * across
    return _filled(points, side)


def _filled(points: np.ndarray, side: int) -> np.ndarray:
    mask = Image.new("1", (side, side))
    ImageDraw.Draw(mask).polygon([(float(x), float(y)) for x, y in points], fill=1)
    return np.asarray(mask)


def _skeleton(joints: np.ndarray, limbs: np.ndarray, unit: float, side: int) -> np.ndarray:
    """Discs for joints, then limbs, each laid over what is there: 0.4 old and 0.6 new. Shapes: -> [3 side side]."""
    canvas = Image.new("RGB", (side, side))
    pen, disc = ImageDraw.Draw(canvas), HALF_WIDTH * unit * np.stack([np.cos(_ROUND), np.sin(_ROUND)], 1)
    for joint, colour in zip(joints, COLOURS.astype(int).tolist(), strict=True):
        if not np.isnan(joint).any():
            pen.polygon([(float(x), float(y)) for x, y in joint + disc], fill=tuple(colour))
    drawn = np.array(canvas, np.float32)
    for limb, colour in zip(limbs, COLOURS, strict=False):  # there is one colour more, that of the last joint
        drawn[limb] = np.rint(0.4 * drawn[limb] + 0.6 * colour)
    return (drawn / 255).transpose(2, 0, 1)
