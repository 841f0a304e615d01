"""What the paper's report calls things, and in which order things stand."""

from dataclasses import dataclass

# In the order of the figures; tables have their own order of columns.
DATASETS = {"celeba_wild": "CelebA-in-the-wild", "taichi": "Taichi", "cub_masks": "CUB", "flowers": "Flowers"}
NOT_RUN = "n/a (profile)"


@dataclass(frozen=True)
class Column:
    """One column of Tables 2 to 4."""

    dataset: str
    metric: str
    head: str
    unit: str
    decimals: int
    lower_is_better: bool

    @property
    def arrow(self) -> str:
        return "↓" if self.lower_is_better else "↑"


COLUMNS = (
    Column("celeba_wild", "landmark_error", "CelebA (%)", "%", 2, True),
    Column("cub_masks", "iou", "CUB (IoU)", "1", 3, False),
    Column("flowers", "iou", "Flowers (IoU)", "1", 3, False),
    Column("taichi", "mae", "Taichi (MAE)", "256-px units, sum of 36", 2, True),
    Column("taichi", "iou", "Taichi (IoU)", "1", 4, False),
)
