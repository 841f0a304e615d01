"""What stands behind the objects: lit walls for faces, landscapes for birds, streets for cars."""

import numpy as np
from PIL import Image

from stages.draw.scenes.canvas import Canvas, Colour, ellipse, tint

COARSE = 8  # backgrounds are computed on a grid this many times coarser, then smoothly enlarged


def soft_field(rng: np.random.Generator, width: int, height: int, cells: int) -> np.ndarray:
    """Smooth noise in [-1, 1] on a `width` x `height` grid with about `cells` bumps per side."""
    seeds = rng.uniform(-1, 1, (cells, cells)).astype(np.float32)
    return np.asarray(Image.fromarray(seeds).resize((width, height), Image.Resampling.BICUBIC))


def enlarge(coarse: np.ndarray, width: int, height: int) -> np.ndarray:
    """A coarse float picture [h w 3] as uint8 [height width 3]."""
    small = Image.fromarray(np.clip(coarse, 0, 255).astype(np.uint8))
    return np.asarray(small.resize((width, height), Image.Resampling.BICUBIC))


def lit_wall(rng: np.random.Generator, size_px: int, colour: Colour, light: float) -> np.ndarray:
    """A plain wall that is bright on the side the light comes from (light in [-1, 1], -1 = left)."""
    n = size_px // COARSE
    x = np.linspace(-1, 1, n, dtype=np.float32)[None, :, None]
    y = np.linspace(-1, 1, n, dtype=np.float32)[:, None, None]
    bright = 1 + 0.55 * light * x - 0.10 * y + 0.12 * soft_field(rng, n, n, 4)[..., None]
    return enlarge(np.asarray(colour, np.float32) * bright, size_px, size_px)


def ramp(rng: np.random.Generator, width: int, height: int, first: Colour, second: Colour) -> np.ndarray:
    """One colour that turns into another in a direction of its own, with soft blotches. Shapes: -> [height width 3]."""
    w, h = max(2, width // COARSE), max(2, height // COARSE)
    angle = float(rng.uniform(0, 2 * np.pi))
    x, y = np.linspace(-1, 1, w)[None, :, None], np.linspace(-1, 1, h)[:, None, None]
    share = np.clip(0.5 + 0.4 * (np.cos(angle) * x + np.sin(angle) * y), 0, 1)
    blotches = 1 + 0.12 * soft_field(rng, w, h, 4)[..., None]
    return enlarge((np.asarray(first) * (1 - share) + np.asarray(second) * share) * blotches, width, height)


SKIES: tuple[tuple[Colour, Colour], ...] = (
    ((120, 170, 225), (205, 225, 240)),
    ((150, 160, 175), (210, 212, 214)),
    ((228, 178, 140), (245, 222, 190)),
    ((88, 132, 190), (170, 200, 225)),
)
HOUSES: tuple[Colour, ...] = ((172, 132, 108), (196, 186, 168), (140, 146, 156), (158, 104, 88))
GROUNDS: tuple[Colour, ...] = ((96, 130, 62), (142, 152, 84), (176, 152, 112), (92, 118, 128), (120, 104, 82))


def landscape(rng: np.random.Generator, width: int, height: int) -> tuple[np.ndarray, dict[str, object]]:
    """Sky over foliage, meadow, sand or water, out of focus; returns the picture and what was drawn."""
    w, h = width // COARSE, height // COARSE
    sky, ground = int(rng.integers(len(SKIES))), int(rng.integers(len(GROUNDS)))
    horizon = float(rng.uniform(0.35, 1.15))
    y = np.linspace(0, 1, h, dtype=np.float32)[:, None, None]
    top, low = (np.asarray(c, np.float32) for c in SKIES[sky])
    picture = top + (low - top) * y
    edge = horizon + 0.06 * soft_field(rng, w, h, 5)[..., None]
    share = 1 / (1 + np.exp(-(y - edge) * 30))
    earth = np.asarray(GROUNDS[ground], np.float32) * (1 + 0.30 * soft_field(rng, w, h, 9)[..., None])
    picture = picture * (1 - share) + earth * share
    return enlarge(picture, width, height), {"sky": sky, "ground": ground, "horizon": horizon}


def street(rng: np.random.Generator, width: int, height: int, road_top: float) -> tuple[np.ndarray, dict[str, object]]:
    """Sky, a row of houses or trees, and a road that begins at `road_top` (share of the height)."""
    w, h = width // COARSE, height // COARSE
    sky = int(rng.integers(len(SKIES)))
    asphalt = float(rng.uniform(70, 150))
    y = np.linspace(0, 1, h, dtype=np.float32)[:, None, None]
    top, low = (np.asarray(c, np.float32) for c in SKIES[sky])
    picture = top + (low - top) * np.minimum(1, y / road_top)
    road = np.full(3, asphalt, np.float32) * np.asarray((1.0, 0.99, 0.96), np.float32)
    road = road * (1 + 0.10 * soft_field(rng, w, h, 10)[..., None]) * (0.85 + 0.3 * (y - road_top))
    picture = np.where(y > road_top, road, np.broadcast_to(picture, (h, w, 3)))
    base = enlarge(picture, width, height)
    canvas = Canvas(base)
    row = str(rng.choice(["houses", "trees", "hills", "wall"]))
    kerb = road_top * height
    _row(canvas, rng, row, kerb)
    behind = canvas.image().copy()
    behind[int(kerb) :] = base[int(kerb) :]  # hills end where the road begins
    canvas = Canvas(behind)
    band = np.array([[0, kerb - 3], [width, kerb - 3], [width, kerb + 5], [0, kerb + 5]])
    canvas.fill(band, tint((asphalt, asphalt, asphalt), 1.35))
    if rng.random() < 0.5:
        mark = kerb + 0.62 * (height - kerb)
        for left in np.arange(-0.1, 1.0, 0.3) + rng.uniform(0, 0.3):
            dash = np.array([[left, mark], [left + 0.15, mark], [left + 0.14, mark + 6], [left - 0.01, mark + 6]])
            canvas.fill(dash * (width, 1), (226, 224, 205))
    return canvas.image(), {"sky": sky, "row": row, "asphalt": asphalt}


def _row(canvas: Canvas, rng: np.random.Generator, row: str, ground: float) -> None:
    """Houses, trees, hills or a wall that stand on the line y = ground."""
    width = canvas.width
    if row == "hills":
        for _ in range(3):
            centre = (float(rng.uniform(0, width)), ground + 30)
            canvas.fill(
                ellipse(centre, float(rng.uniform(0.3, 0.6)) * width, float(rng.uniform(0.2, 0.6)) * ground),
                tint((104, 128, 92), float(rng.uniform(0.8, 1.2))),
            )
        canvas.fill(np.array([[0, ground - 12], [width, ground - 12], [width, ground], [0, ground]]), (112, 128, 84))
        return
    if row == "wall":
        colour = tint((178, 160, 140), float(rng.uniform(0.7, 1.15)))
        top = ground * float(rng.uniform(0.1, 0.5))
        canvas.fill(np.array([[0, top], [width, top], [width, ground], [0, ground]]), colour)
        for line in np.linspace(top, ground, 6)[1:-1]:
            canvas.stroke(np.array([[0, line], [width, line]]), 1, tint(colour, 0.88))
        return
    left = -20.0
    while left < width:
        wide, high = float(rng.uniform(0.10, 0.24)) * width, float(rng.uniform(0.35, 0.85)) * ground
        if row == "houses":
            colour = tint(HOUSES[int(rng.integers(len(HOUSES)))], 0.95)
            corner = np.array([left, ground])
            canvas.fill(np.array([[0, -high], [wide, -high], [wide, 0], [0, 0]]) + corner, colour)
            for u in (0.2, 0.6):
                for v in (0.85, 0.55, 0.25):
                    pane = np.array([[u, -v], [u + 0.2, -v], [u + 0.2, 0.15 - v], [u, 0.15 - v]]) * (wide, high)
                    canvas.fill(pane + corner, tint(colour, 0.62))
        else:
            green = tint((72, 108, 62), float(rng.uniform(0.75, 1.3)))
            canvas.stroke(np.array([[left + wide / 2, ground], [left + wide / 2, ground - high / 2]]), 7, (96, 78, 60))
            canvas.fill(ellipse((left + wide / 2, ground - 0.62 * high), wide * 0.52, high * 0.42), green)
        left += wide * float(rng.uniform(0.9, 1.4))
