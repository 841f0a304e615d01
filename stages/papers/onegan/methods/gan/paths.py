"""The three paths: from random codes (G), from a photo (R), and from a mixture of what both hold (M).

Source: supp Tab. 1 (composition, symbols); main (three paths, bypass, mixup); what mixes is ours (gap G4).
"""

from dataclasses import dataclass
from typing import NamedTuple

from torch import Tensor
from torch.nn import functional as F

from stages.engine.chance import Chance
from stages.papers.onegan.encoders import BackgroundEncoder, Content, ContentEncoder, Normal, Style, StyleEncoder
from stages.papers.onegan.generator import Generator
from stages.papers.onegan.methods.gan.block import PathsBlock


class Model(NamedTuple):
    """The networks of all paths, and how they are joined (recon_code, background_input)."""

    generator: Generator
    child_encoder: StyleEncoder
    parent_encoder: ContentEncoder
    background_encoder: BackgroundEncoder
    keys: PathsBlock


@dataclass(frozen=True)
class Layers:
    """What a path makes: I, I_fg, I_bg [B 3 S S] in [-1, 1], I_m [B 1 S S], and what it was made of.

    `child` and `parent` are v_c and v_p; `start_foreground` and `start_background` the pre-images A, or the bypasses B
    of a photo.
    """

    image: Tensor
    foreground: Tensor
    background: Tensor
    mask: Tensor
    child: Tensor
    parent: Tensor
    start_foreground: Tensor
    start_background: Tensor


@dataclass(frozen=True)
class Generated(Layers):
    """Path G, with z and v_bg."""

    pose: Tensor
    background_code: Tensor


@dataclass(frozen=True)
class Rebuilt(Layers):
    """Path R, with z and the encoders' words on the photo."""

    pose: Tensor
    style: Style
    content: Content


def compose(foreground: Tensor, background: Tensor, mask: Tensor) -> Tensor:
    """I = I_bg (1 - I_m) + I_fg I_m.  Source: supp Tab. 1. Shapes: [B 3 S S] twice, [B 1 S S] -> [B 3 S S]."""
    return background * (1 - mask) + foreground * mask


def parents_of(child: Tensor, children: int, parents: int) -> Tensor:
    """floor(phi_c N_P / N_C), `common.parent_of` of many. Shapes: int64 [B] -> int64 [B]."""
    return child * parents // children


def one_hot(classes: Tensor, count: int) -> Tensor:
    """e[i] = delta(i, phi).  Source: supp Tab. 1. Shapes: int64 [B] -> float32 [B count]."""
    return F.one_hot(classes, count).float()


def generate(model: Model, child: Tensor, parent: Tensor, noise: Tensor) -> Generated:
    """Path G: I_bg = G_bg(v_bg, z), (I_fg, I_m) = G_fg(v_p, v_c, z), both with the same z.

    Source: supp Tab. 1. Shapes: int64 [B], int64 [B], [B d_z] -> Generated.
    """
    made, keys = model.generator, model.keys
    codes = made.codes(one_hot(child, keys.children), one_hot(parent, keys.parents))
    start = made.foreground.start(codes.parent, noise)
    behind = made.background.start(codes.background, noise)
    foreground, mask = made.foreground.finish(start, codes.parent, codes.child)
    background = made.background.finish(behind)
    image = compose(foreground, background, mask)
    held = (image, foreground, background, mask, codes.child, codes.parent, start, behind)
    return Generated(*held, pose=noise, background_code=codes.background)


def encode(model: Model, image: Tensor) -> tuple[Style, Content]:
    """The encoders' words on pictures: class logits, distributions of the codes, the foreground's bypass."""
    return model.child_encoder(image), model.parent_encoder(image)


def see_background(model: Model, image: Tensor, mask: Tensor) -> Tensor:
    """B_bg = E_bg(I (1 - m), m), or of the whole picture (background_input raw); no gradient goes into the mask.

    Source: supp Tab. 1, 7; the blanked object is ours (gap G17). Shapes: [B 3 S S], [B 1 S S] -> [B 256 S/8 S/8].
    """
    mask = mask.detach()
    shown = image * (1 - mask) if model.keys.background_input == "masked" else image
    return model.background_encoder(shown, mask)


def reconstruct(
    model: Model,
    image: Tensor,
    chance: Chance | None = None,
    child_code: Tensor | None = None,
    background: Tensor | None = None,
    mask_given: Tensor | None = None,
) -> Rebuilt:
    """Path R: the bypasses B stand where generation has its pre-images A, the encoders' codes where it has the tables'.

    Without a chance all codes are the means. `child_code` [B d_c] replaces v_c (Fig. 3), `background` [B 3 S S] the
    painted ground, `mask_given` [B 1 S S] the mask that the background encoder sees (not the one that composes).
    Source: supp Tab. 1, D.2, D.3. Shapes: [B 3 S S] in [-1, 1] -> Rebuilt.
    """
    style, content = encode(model, image)
    child, parent, pose = codes_of(model, style, content, chance)
    child = child if child_code is None else child_code
    foreground, mask = model.generator.foreground.finish(content.bypass, parent, child)
    behind = see_background(model, image, mask if mask_given is None else mask_given)
    ground = model.generator.background.finish(behind) if background is None else background
    whole = compose(foreground, ground, mask)
    held = (whole, foreground, ground, mask, child, parent, content.bypass, behind)
    return Rebuilt(*held, pose=pose, style=style, content=content)


def codes_of(model: Model, style: Style, content: Content, chance: Chance | None) -> tuple[Tensor, Tensor, Tensor]:
    """(v_c, v_p, z) of a photo as `recon_code` says; z is drawn in every case.

    Source: supp Tab. 5, 6; spec 4.4 (gap G5). Shapes: -> [B d_c], [B d_p], [B d_z].
    """

    def drawn(name: str, normal: Normal) -> Tensor:
        if chance is None:
            return normal.mean
        return normal.sample(chance.normal(f"rebuild/{name}", *normal.mean.shape).to(normal.mean.device))

    pose = drawn("pose", content.pose)
    if model.keys.recon_code == "gaussian":
        return drawn("child", style.child), drawn("parent", content.parent), pose
    weights = [logits.float() for logits in (style.logits, content.logits)]
    if model.keys.recon_code == "class":
        shares = [one_hot(logits.argmax(1), logits.shape[1]) for logits in weights]
    else:
        shares = [logits.softmax(1) for logits in weights]
    codes = model.generator.codes(*shares)
    return codes.child, codes.parent, pose


def mix(model: Model, made: Generated, rebuilt: Rebuilt, share: Tensor) -> Layers:
    """Path M: lam of generation and 1 - lam of reconstruction in v_c, v_p and both starts; then as every path.

    Source: main (mixup); what mixes is ours (gap G4). Shapes: share [B] in [0, 1] -> Layers.
    """

    def between(one: Tensor, other: Tensor) -> Tensor:
        weight = share.view(-1, *[1] * (one.dim() - 1)).to(one.dtype)
        return weight * one + (1 - weight) * other

    child, parent = between(made.child, rebuilt.child), between(made.parent, rebuilt.parent)
    start = between(made.start_foreground, rebuilt.start_foreground)
    behind = between(made.start_background, rebuilt.start_background)
    foreground, mask = model.generator.foreground.finish(start, parent, child)
    background = model.generator.background.finish(behind)
    return Layers(compose(foreground, background, mask), foreground, background, mask, child, parent, start, behind)


def draw_classes(block: PathsBlock, chance: Chance, rows: int) -> tuple[Tensor, Tensor]:
    """phi_c evenly drawn, phi_p tied to it. Shapes: -> int64 [rows] twice."""
    # In double precision, in which no draw below 1 is rounded up to the number of classes.
    child = (chance.uniform("generate/child", rows).double() * block.children).long()
    return child, parents_of(child, block.children, block.parents)


def draw_pose(block: PathsBlock, chance: Chance, rows: int) -> Tensor:
    """z ~ N(0, 1).  Source: supp Tab. 1. Shapes: -> [rows d_z]."""
    return chance.normal("generate/pose", rows, block.pose)
