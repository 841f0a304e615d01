"""The keys of every table and figure."""

from typing import Literal

from stages.block import Block as Base


class ReportBlock(Base):
    """The profile, which stands beside every number and picture."""

    profile: Literal["smoke", "demo", "lite", "paper"]
