"""Keys that OneGAN's stages share, the tie between its classes, and widths of smaller profiles. No torch here."""

from typing import Literal

from pydantic import Field, model_validator

from stages.block import Block as Base

HALVINGS = 5
PRINTED_WIDTH = 64
LEAST_CHANNELS = 4
# A judge's last kernel has this side, so that its map must have it too.
LEAST_MAP = 4


class RunBlock(Base):
    """The profile, which is said beside all that is made, and the side of the pictures.

    Units: size_px in pixels.
    """

    profile: Literal["smoke", "demo", "lite", "paper"]
    size_px: int = Field(ge=32)

    @model_validator(mode="after")
    def check_size(self) -> "RunBlock":
        """Raises: ValueError for a side that five halvings do not divide."""
        if self.size_px % 2**HALVINGS:
            raise ValueError(
                f"size_px: expected a multiple of {2**HALVINGS}, which five halvings divide, came {self.size_px};"
                " choose 32, 64, 96, 128 …"
            )
        return self


class NetsBlock(RunBlock):
    """Keys of all networks.

    `width` is what the tables print as 64; every printed number of channels becomes channels(c, width). `pose`,
    `child_code`, `parent_code` and `background_code` are the sizes of z, v_c, v_p and v_bg; `children` and `parents`
    are N_C and N_P. `norm_affine` gives a norm a weight for each channel or for each number of its map; `stem_norm`
    puts a norm and a rectifier behind the first convolution of the background encoder. `d_bg_side` is the side that
    the background judge resizes pictures to, `d_bg_stride` the stride of its third convolution.
    """

    width: int = Field(gt=0)
    pose: int = Field(gt=0)
    child_code: int = Field(gt=0)
    parent_code: int = Field(gt=0)
    background_code: int = Field(gt=0)
    children: int = Field(gt=0)
    parents: int = Field(gt=0)
    norm_affine: Literal["channel", "full"]
    stem_norm: bool
    d_bg_side: int = Field(gt=0)
    d_bg_stride: Literal[1, 4]

    @model_validator(mode="after")
    def check_nets(self) -> "NetsBlock":
        """Raises: ValueError for classes that are no hierarchy, or a judge whose maps are too small for its heads."""
        if not 2 <= self.parents < self.children:
            raise ValueError(
                f"parents: expected 2 <= parents < children, came {self.parents} parents and {self.children} children"
            )
        side = judged_side(self.d_bg_side, self.d_bg_stride)
        if side < LEAST_MAP:
            raise ValueError(
                f"d_bg_stride: expected maps of {LEAST_MAP} x {LEAST_MAP} or more before the background judge's heads,"
                f" came {side} x {side} from d_bg_side {self.d_bg_side} with stride {self.d_bg_stride}; take stride 1"
                " or a larger side"
            )
        return self


def channels(printed: int, width: int) -> int:
    """max(4, c w / 64): a printed number of channels in a network of another width.  Source: ours (gap G23)."""
    return max(LEAST_CHANNELS, printed * width // PRINTED_WIDTH)


def parent_of(child: int, children: int, parents: int) -> int:
    """floor(phi_c N_P / N_C): the parent class of a child class, both from 0.

    Source: main (two levels), code (FineGAN), as whole numbers.
    Raises: ValueError for a class that is not there.
    """
    if not 0 <= child < children:
        raise ValueError(f"child: expected 0 to {children - 1}, came {child}")
    return child * parents // children


def judged_side(side: int, stride: int) -> int:
    """The side of the background judge's features: K4S2P0 twice, then K4 with this stride; 0 where nothing is left.

    Source: supp Tab. 8.
    """
    for step in (2, 2, stride):
        side = (side - 4) // step + 1 if side >= 4 else 0
    return side


def patch_field(stride: int) -> tuple[int, int]:
    """(side, distance) of the squares that the background judge's outputs see: 22 + 12 s and 4 s; 70, 16 or 34, 4.

    Source: supp Tab. 8; FineGAN's 34 and 4 have stride 1. Units: pixels of the resized picture.
    """
    return 22 + 12 * stride, 4 * stride
