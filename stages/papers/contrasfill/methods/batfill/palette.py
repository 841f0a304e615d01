"""Colour tokens of BAT-Fill: pixels to a small palette and back, at the grid's resolution."""

import hashlib
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from stages.data import checksum

LUMINANCE = (0.2126, 0.7152, 0.0722)


def to_cells(image: Tensor, grid: int) -> Tensor:
    """Mean colour of each grid cell.

    Shapes: image [B 3 R R] in [-1, 1] -> [B 3 g g].
    Raises: ValueError if the grid does not divide the side.
    """
    return F.avg_pool2d(image, _cell_side(image, grid))


def to_hole_cells(mask: Tensor, grid: int) -> Tensor:
    """Which cells are hole: those with any masked pixel, so that no visible token has seen the hole.

    Shapes: mask [B 1 R R], 1 = hole -> bool [B g*g] in raster order.
    Raises: ValueError if the grid does not divide the side.
    """
    return F.max_pool2d(mask, _cell_side(mask, grid)).flatten(1) > 0


def _cell_side(image: Tensor, grid: int) -> int:
    side = image.shape[-1]
    if side % grid:
        raise ValueError(f"the side must be a multiple of grid: side {side}, grid {grid}; change the key grid")
    return side // grid


def quantise(colours: Tensor, palette: Tensor) -> Tensor:
    """Index of the nearest palette colour, argmin_k |c - p_k|^2; the first of equals.

    Source: contrasfill §6.3 (code: squared RGB distance).
    Shapes: colours [B 3 g g], palette [K 3] -> int64 [B g*g] in raster order.
    """
    points = colours.float().flatten(2).transpose(1, 2)
    distances = points.new_zeros(*points.shape[:2], len(palette))
    for channel in range(points.shape[-1]):  # one channel at a time: exact zero for equal colours, and less memory
        distances += (points[..., channel, None] - palette[None, None, :, channel]) ** 2
    return distances.argmin(-1)


def dequantise(tokens: Tensor, palette: Tensor, grid: int) -> Tensor:
    """The palette colours of a grid of tokens.

    Shapes: tokens [B g*g], palette [K 3] -> [B 3 g g] in [-1, 1].
    """
    return palette[tokens].transpose(1, 2).unflatten(2, (grid, grid))


def learn_palette(images: np.ndarray, positions: np.ndarray, grid: int, colours: int, pixels: int, seed: int) -> Tensor:
    """k-means centres of the training images' cell colours, ordered by luminance.

    At most `pixels` cells, drawn without replacement from the chosen images, take part.

    Source: contrasfill §6.3 (ours where no palette file is given).
    Shapes: images uint8 [N R R 3], positions [n] -> float32 [K 3] in [-1, 1].
    Raises: ValueError if there are fewer distinct colours than palette entries.
    """
    from sklearn.cluster import KMeans

    side = images.shape[1] // grid
    chosen = np.sort(np.asarray(positions))
    random = np.random.default_rng([seed, len(chosen), grid])
    wanted = min(pixels, len(chosen) * grid * grid)
    kept = np.sort(random.choice(len(chosen) * grid * grid, size=wanted, replace=False))
    owners, cells = np.divmod(kept, grid * grid)
    points = np.empty((wanted, 3), np.float64)
    for owner in np.unique(owners):
        blocks = images[chosen[owner]].reshape(grid, side, grid, side, 3).mean((1, 3)).reshape(-1, 3)
        points[owners == owner] = blocks[cells[owners == owner]] / 127.5 - 1
    distinct = len(np.unique(points, axis=0))
    if distinct < colours:
        raise ValueError(
            f"a palette of {colours} colours needs as many distinct cell colours, the training set has "
            f"{distinct}; lower the key palette_colours"
        )
    # The stubs know n_init="auto" alone.
    centres = KMeans(colours, n_init=1, random_state=seed).fit(points).cluster_centers_  # pyright: ignore[reportArgumentType]
    return torch.tensor(centres[np.argsort(centres @ LUMINANCE, kind="stable")], dtype=torch.float32)


def read_palette(file: Path, sha256: str, colours: int) -> Tensor:
    """A palette from a user's npy or npz file with one float array [K 3] in [-1, 1].

    Raises: FileNotFoundError without the file; ValueError if its digest, shape or range is not as stated.
    """
    if not file.is_file():
        raise FileNotFoundError(f"palette_file: expected a npy or npz with one array [{colours}, 3] at {file}")
    found = hashlib.sha256(file.read_bytes()).hexdigest()
    if found != checksum.plain(sha256):
        raise ValueError(f"palette_sha256: {file} should have sha256 {sha256}, it has {found}")
    content = np.load(file, allow_pickle=False)
    if not isinstance(content, np.ndarray):
        if len(content.files) != 1:
            raise ValueError(f"{file}: expected one array, found {sorted(content.files)}")
        content = content[content.files[0]]
    if content.shape != (colours, 3) or content.dtype.kind != "f" or not np.abs(content).max() <= 1:
        raise ValueError(
            f"palette_file: {file} should hold a float array [{colours}, 3] in [-1, 1], it holds "
            f"{content.dtype} {content.shape} with largest magnitude {np.abs(content).max()}"
        )
    return torch.tensor(content, dtype=torch.float32)
