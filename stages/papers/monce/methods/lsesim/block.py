"""The keys of the method that holds translations to their sources by spatial self-similarity."""

from pydantic import Field

from stages.papers.monce.common import UnpairedBlock


class Block(UnpairedBlock):
    """Keys of FSeSim and of LSeSim, its learned form.

    `features` are the rectifiers of VGG-16 whose maps are compared. `learned` puts a head of two 1x1 convolutions
    behind each of them, which a contrastive step teaches. `window` is the side of the learned form's similarity maps.
    Units: positions per picture and layer; window in pixels of a map.
    """

    enabled: bool
    features: tuple[str, ...]
    positions: int = Field(gt=0)
    weight_similarity: float = Field(ge=0)
    pool: int = Field(gt=0)
    learned: bool
    window: int = Field(gt=0)
    temperature: float = Field(gt=0)
