"""Training batches of windows: cut from wide copies without stretching, and whole pictures from some step on."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from stages.data.image import to_tensor
from stages.data.prepared.augment import coins, uniforms
from stages.data.prepared.boxes import EDGES
from stages.data.prepared.order import Order, checked, digest, numbers_of
from stages.data.prepared.packed import Packed


class WindowSource:
    """Batches of one packed set with wide copies, for one rank, on the CPU.

    A sample's item, window and flip depend on (seed, name, its number) alone; before the step `until` it is a window of
    S px out of wide.npy, afterwards the whole picture of images.npy. What belongs to a picture is cut and turned with
    it: label maps `labels` (out of wide_<name>.npy), points of shares (x, y), which become pixels of the window, and
    with `boxed` the box of the index (box_left, box_top, box_right, box_bottom), which becomes shares of the window's
    sides, cut off at its rims: where its right end is no larger than its left, or its lower than its upper, it is gone.
    Shapes: image float32 [b 3 S S] in [-1, 1], <label map> int64 [b S S], <points> float32 [b J 2] with NaN for what is
    not seen, box float32 [b 4], position int64 [b]; b = B / world.
    """

    def __init__(
        self,
        packed: Packed | Path,
        positions: np.ndarray,
        batch: int,
        seed: int,
        world,  # engine.world.World, or anything with rank and size
        flip: bool,
        until: int,
        name: str = "",
        labels: Sequence[str] = (),
        points: Sequence[str] = (),
        boxed: bool = False,
    ) -> None:
        """Raises: ValueError for wrong positions, a batch that the ranks cannot share, or a flip of points.

        Points have sides of their own (a left and a right hand), which a mirrored picture has the wrong way round.
        """
        self.packed = packed if isinstance(packed, Packed) else Packed.open(packed)
        self.positions = checked(positions, len(self.packed), self.packed.folder)
        if batch < 1 or batch % world.size:
            raise ValueError(f"batch: expected a positive multiple of {world.size} processes, came {batch}")
        if flip and points:
            raise ValueError(f"flip: expected false for a set with {', '.join(points)}, whose left and right differ")
        self.size, self.world, self.until = batch, world, until
        self.side = self.packed.images.shape[1]
        self.whole = {"image": self.packed.rows("images")} | {label: self.packed.rows(label) for label in labels}
        self.wide = {}
        if until > 0:
            wide = {label: self.packed.rows(f"wide_{label}") for label in labels}
            self.wide = {"image": self.packed.rows("wide")} | wide
        self.points = {point: self.packed.array(point) for point in points}
        self.boxes = np.stack([self.packed.column(edge) for edge in EDGES], 1) if boxed else None
        self._order = Order(self.positions, seed, f"{name} " if name else "")
        self._keys = {what: digest(seed, f"{name} {what}") for what in ("across", "down")}
        self._flip = digest(seed, f"{name} flip") if flip else None

    def batch(self, step: int) -> dict[str, torch.Tensor]:
        """This rank's rows of one global batch."""
        numbers = numbers_of(step, self.size, self.world.rank, self.world.size)
        positions = self._order.places(numbers)
        frame, corners = self.side, np.zeros((len(numbers), 2), np.int64)
        if step < self.until:
            frame = self.wide["image"].shape[1]
            corners = self._corners(numbers, frame)
            cut = {name: self._cut(rows.take(positions), corners) for name, rows in self.wide.items()}
        else:
            cut = {name: rows.take(positions) for name, rows in self.whole.items()}
        turned = np.zeros(len(numbers), bool) if self._flip is None else coins(numbers, self._flip)
        if turned.any():
            for array in cut.values():
                array[turned] = array[turned, :, ::-1]
        batch = {"image": to_tensor(cut.pop("image")), "position": torch.from_numpy(positions)}
        batch |= {name: torch.from_numpy(array.astype(np.int64)) for name, array in cut.items()}
        for name, array in self.points.items():
            batch[name] = torch.from_numpy(array[positions] * np.float32(frame) - corners[:, None].astype(np.float32))
        if self.boxes is not None:
            batch["box"] = torch.from_numpy(self._boxes(positions, frame, corners, turned))
        return batch

    def _boxes(self, positions: np.ndarray, frame: int, corners: np.ndarray, turned: np.ndarray) -> np.ndarray:
        """(left, top, right, bottom) of each box in shares of its window. Shapes: -> float32 [n 4]."""
        assert self.boxes is not None
        shares = (self.boxes[positions] * frame - np.tile(corners, 2)) / self.side
        shares[turned] = shares[turned][:, [2, 1, 0, 3]] * (-1, 1, -1, 1) + (1, 0, 1, 0)
        return np.clip(shares, 0, 1).astype(np.float32)

    def _corners(self, numbers: np.ndarray, frame: int) -> np.ndarray:
        """(left, top) of each window, all places equally likely. Shapes: -> int64 [n 2]."""
        places = [uniforms(numbers, self._keys[what]) * (frame - self.side + 1) for what in ("across", "down")]
        return np.stack(places, 1).astype(np.int64)

    def _cut(self, arrays: np.ndarray, corners: np.ndarray) -> np.ndarray:
        side = self.side
        return np.stack([array[top : top + side, left : left + side]
                         for array, (left, top) in zip(arrays, corners.tolist(), strict=True)])  # fmt: skip
