"""Windows of people with the condition that their joints make; drawn after the window, since 20 channels fill disks."""

import numpy as np
import torch

from stages.data.pose_maps import condition
from stages.data.prepared.windows import WindowSource


class PosedSource:
    """The batches of a source with `joints`, and `condition`, float32 [b 20 S S] in [0, 1]."""

    def __init__(self, source: WindowSource) -> None:
        """Raises: ValueError for a source without joints."""
        if "joints" not in source.points:
            raise ValueError(
                f"{source.packed.folder}: expected a source with the points joints, came {list(source.points)}"
            )
        self.size, self.source = source.size, source

    def batch(self, step: int) -> dict[str, torch.Tensor]:
        """This rank's rows of one global batch."""
        batch = self.source.batch(step)
        maps = [condition(joints, self.source.side) for joints in batch["joints"].numpy()]
        return batch | {"condition": torch.from_numpy(np.stack(maps))}
