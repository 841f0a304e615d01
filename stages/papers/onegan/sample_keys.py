"""The keys of what figures show of a training. No torch here."""

from typing import Literal

from pydantic import Field

from stages.block import Block as Base


class SampleBlock(Base):
    """How many are shown: `columns` references and reconstructions, `rows` poses, `sources` by `targets` swaps.

    `ids` are keys of test photos with a mask, which stand in the place of those that hashes choose for Fig. 2 and 3.
    `batch` pictures go through the networks together.
    """

    profile: Literal["smoke", "demo", "lite", "paper"]
    batch: int = Field(gt=0)
    columns: int = Field(gt=0)
    rows: int = Field(gt=1)
    sources: int = Field(gt=0)
    targets: int = Field(gt=1)
    ids: tuple[str, ...]
