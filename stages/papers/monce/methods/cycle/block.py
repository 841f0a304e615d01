"""The keys of the method that holds translations to their sources by a way back."""

from pydantic import Field

from stages.papers.monce.common import UnpairedBlock


class Block(UnpairedBlock):
    """Keys of CycleLoss: weights of the cycle and identity terms, pictures of each discriminator's pool."""

    enabled: bool
    weight_cycle: float = Field(ge=0)
    weight_identity: float = Field(ge=0)
    pool: int = Field(gt=0)
