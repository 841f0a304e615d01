"""A standing figure in tai chi poses: 18 joints in the order of the common body-pose detectors, and its picture."""

import numpy as np

from stages.draw.scenes.canvas import Canvas, Colour, ellipse, tint

# nose, neck, right shoulder elbow wrist, left shoulder elbow wrist, right hip knee ankle, left hip knee ankle,
# right eye, left eye, right ear, left ear; right is the figure's own, at the picture's left.
SUITS: tuple[Colour, ...] = ((240, 240, 244), (34, 36, 44), (190, 34, 40), (40, 60, 150))
SKIN: Colour = (224, 172, 134)


def figure_joints(
    rng: np.random.Generator,
    foot: float,
    arms: tuple[tuple[float, float], tuple[float, float]] = ((-0.6, 1.3), (-1.2, 0.6)),
    stances: tuple[float, float] = (0.06, 0.17),
) -> np.ndarray:
    """One pose whose feet stand about `foot` of the width, each up to a stance away from it.

    `arms` are ranges of angles: of the upper arm from straight out, of the forearm from the upper; down is positive.
    Shapes: -> float64 [18 2] (x, y). Units: frame sides, radians.
    """
    knee_bend = float(rng.uniform(0.0, 0.07))
    hip = np.array([foot + rng.uniform(-0.04, 0.04), 0.56 + knee_bend])
    lean = rng.uniform(-0.05, 0.05)
    neck = np.add(hip, (lean, -0.25))
    joints = np.empty((18, 2))
    joints[1] = neck
    joints[0] = np.add(neck, (lean * 0.5 + rng.uniform(-0.015, 0.015), -0.09))
    for side, shoulder, leg in ((-1, 2, 8), (1, 5, 11)):
        joints[shoulder] = np.add(neck, (side * 0.075, 0.015))
        up, fore = (rng.uniform(*angles) for angles in arms)
        elbow = joints[shoulder] + 0.125 * np.array([side * np.cos(up), np.sin(up)])
        joints[shoulder + 1] = elbow
        joints[shoulder + 2] = elbow + 0.125 * np.array([side * np.cos(up + fore), np.sin(up + fore)])
        stance = rng.uniform(*stances)
        joints[leg] = np.add(hip, (side * 0.045, 0.0))
        ankle = np.array([foot + side * stance, 0.90 + rng.uniform(-0.02, 0.02)])
        joints[leg + 2] = ankle
        joints[leg + 1] = np.add((joints[leg] + ankle) / 2, (side * (0.02 + knee_bend), -0.01))
    joints[14:18] = joints[0] + np.array([(-0.018, -0.018), (0.018, -0.018), (-0.042, -0.008), (0.042, -0.008)])
    return joints


def paint_figure(canvas: Canvas, joints: np.ndarray, side: int, suit: int) -> None:
    """Paints the figure; joints in pixels, `suit` picks its clothes. The mask is `main`."""
    colour = SUITS[suit]
    dark = tint(colour, 0.82)
    for leg in (8, 11):
        canvas.stroke(joints[leg : leg + 3], 0.085 * side, dark, ("main",))
        x, y = joints[leg + 2]
        canvas.fill(ellipse((x, y + 0.01 * side), 0.045 * side, 0.022 * side), (30, 26, 26), ("main",))
    hips, shoulders = joints[[8, 11]], joints[[2, 5]]
    pad = np.array([[0.03 * side, 0.0]])
    torso = np.vstack([shoulders[0] - pad, shoulders[1] + pad, hips[1] + pad, hips[0] - pad])
    canvas.fill(torso, colour, ("main",))
    canvas.fill(ellipse(tuple(hips.mean(0)), 0.078 * side, 0.045 * side), dark, ("main",))
    canvas.stroke(np.stack([joints[1], joints[0]]), 0.05 * side, SKIN, ("main",))
    for arm in (2, 5):
        canvas.stroke(joints[arm : arm + 3], 0.065 * side, tint(colour, 0.93), ("main",))
        canvas.fill(ellipse(tuple(joints[arm + 2]), 0.03 * side, 0.03 * side), SKIN, ("main",))
    x, y = joints[0]
    canvas.fill(ellipse((x, y - 0.027 * side), 0.058 * side, 0.068 * side), (40, 30, 28), ("main",))
    canvas.fill(ellipse((x, y - 0.007 * side), 0.046 * side, 0.058 * side), SKIN, ("main",))
    for eye in joints[14:16]:
        canvas.fill(ellipse(tuple(eye), 0.008 * side, 0.008 * side), (30, 30, 40), ("main",))
