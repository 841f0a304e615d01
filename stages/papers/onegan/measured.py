"""What OneGAN's measures share: the key of the profile. No torch here."""

from typing import Literal

from stages.block import Block as Base


class MeasureBlock(Base):
    """The profile, which is said beside all that is measured."""

    profile: Literal["smoke", "demo", "lite", "paper"]
