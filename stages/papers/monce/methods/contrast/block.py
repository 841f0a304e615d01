"""The keys of the methods that hold translations to their sources by contrast of patches."""

from pydantic import Field

from stages.papers.monce.common import UnpairedBlock, WeightingBlock


class Block(UnpairedBlock, WeightingBlock):
    """Keys of PatchNCE, WeightNCE and MoNCE between the layers of the generator's own encoder.

    `layers` are the generator's numbered ones; `identity` also holds pictures of the target domain to what the
    generator makes of them.
    """

    enabled: bool
    layers: tuple[int, ...]
    weight_contrast: float = Field(ge=0)
    identity: bool
