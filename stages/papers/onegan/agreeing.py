"""Whether generated pictures keep their reference's class, and what z changes beside the child code: O1.

Source: spec §1 (O1), §6.1; settled 3, 17.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch

from stages.papers.onegan.common import parent_of
from stages.papers.onegan.judging import UNLABELLED, Looks
from stages.papers.onegan.methods.gan.paths import Layers, Model
from stages.papers.onegan.passes import Encoded, generated, poses
from stages.papers.onegan.quality_keys import QualityBlock
from stages.papers.onegan.scores import Scores
from stages.papers.onegan.trained import Trained


class Grid(NamedTuple):
    """What is told of every picture of a grid of P poses and R references, [P R ...] each.

    `label` by the judge, `encoder` and `head` child classes by E_c and by D_c's head B; masks float32 [P R S S].
    """

    label: np.ndarray
    encoder: np.ndarray
    head: np.ndarray
    masks: np.ndarray


def measure_agreement(block: QualityBlock, trained: Trained, looks: Looks, seen: Encoded, rows: Scores) -> None:
    """Adds class agreement by the judge and by the model's own networks, variances of masks, and the ratio of z.

    As in Fig. 1: a column has the codes that the encoders read off a test photo, a row its z.
    `seen` is what the encoders say of the whole pack. Source: supp §D.1.
    """
    count = min(block.references, len(looks.test))
    chosen = looks.test[np.arange(count) * len(looks.test) // count]
    found = grid(block, trained, looks, seen.child[chosen], seen.parent[chosen])
    truth, size = looks.labels[chosen], found.label.size
    said = {"references": count, "split": "test", "poses": block.poses}
    if (known := truth >= 0).any():
        label, truth = found.label[:, known], truth[known]
        chance = sum((label == one).mean() * (truth == one).mean() for one in np.unique(truth))
        judged = looks.judge | said | {"chance": float(chance)}
        rows.add("onegan", "class_agreement", "1", (label == truth).mean(), label.size, judged)
    else:
        rows.absent["class_agreement"] = UNLABELLED
    for name, classes in (("encoder", found.encoder), ("judge", found.head)):
        agreed = (classes == seen.child[chosen]).mean()
        rows.add("onegan", f"self_agreement_{name}", "1", agreed, size, said | {"by": "a network of the model itself"})
    for name, axis in (("row", 1), ("column", 0)):
        spread = found.masks.var(axis=axis, ddof=1, dtype=np.float64).mean()
        rows.add("onegan", f"mask_variance_{name}", "1", spread, size, said | {"varies": "reference" if axis else "z"})
    ratio = z_ratio(trained.model, block.poses, block.seed, block.batch, looks.device)
    if ratio is None:
        rows.absent["z_ratio"] = "the child code changes no pixel of any generated picture"
    else:
        said = {"poses": block.poses, "children": "each beside the next one of its parent"}
        rows.add("onegan", "z_ratio", "1", ratio, block.poses * trained.block.children, said)


def grid(block: QualityBlock, trained: Trained, looks: Looks, child: np.ndarray, parent: np.ndarray) -> Grid:
    """All references with every pose."""
    shape = (block.poses, len(child))
    pose = poses(block.seed, [f"row/{row}" for row in range(block.poses)], trained.block.pose)
    pose = pose.repeat_interleave(len(child), 0)
    styles, shapes = (np.tile(one, block.poses) for one in (child, parent))
    held: list[list[np.ndarray]] = [[], [], []]

    def pictures(made: Iterator[Layers]) -> Iterator[torch.Tensor]:
        for one in made:
            image = one.image
            head = trained.judges.child_head(trained.judges.child(image).hidden)
            held[0].append(trained.model.child_encoder(image).logits.argmax(1).cpu().numpy())
            held[1].append(head.argmax(1).cpu().numpy())
            held[2].append(one.mask[:, 0].float().cpu().numpy())
            yield image

    with torch.no_grad():
        made = generated(trained.model, styles, shapes, pose, block.batch, looks.device)
        labels = looks.probe.look(looks.made(pictures(made)).numpy())
    encoder, head, masks = (np.concatenate(one) for one in held)
    return Grid(
        labels.reshape(shape), encoder.reshape(shape), head.reshape(shape), masks.reshape(*shape, *masks.shape[1:])
    )


def siblings(children: int, parents: int) -> tuple[np.ndarray, np.ndarray]:
    """Children whose parent has another child, and the next child of the same parent, in a ring.

    Raises: ValueError where no parent has two, which fewer parents than children rule out.
    """
    groups: dict[int, list[int]] = {}
    for child in range(children):
        groups.setdefault(parent_of(child, children, parents), []).append(child)
    pairs = [
        (one, group[(place + 1) % len(group)]) for group in groups.values() if len(group) > 1
        for place, one in enumerate(group)
    ]  # fmt: skip
    if not pairs:
        raise ValueError(f"expected a parent of two children, came {children} children and {parents} parents")
    first, second = np.array(pairs, np.int64).T
    return first, second


def z_ratio(model: Model, rows: int, seed: int, batch: int, device: str) -> float | None:
    """mean |I(c, z) - I(c, z')| / mean |I(c, z) - I(c', z)|: neighbouring z of a ring, children of one parent.

    1 where z changes a picture as much as the child does, 0 where it is ignored; None where the child changes nothing.
    Source: settled 3.
    """
    keys = model.keys
    first, second = siblings(keys.children, keys.parents)
    order = np.searchsorted(first, second)
    parent = np.array([parent_of(child, keys.children, keys.parents) for child in first.tolist()])
    pose = poses(seed, [f"row/{row}" for row in range(rows)], keys.pose)
    images = [
        torch.cat([
            made.image.float().cpu()
            for made in generated(model, first, parent, one.expand(len(first), -1), batch, device)
        ])
        for one in pose
    ]  # fmt: skip
    by_child = np.mean([float((one - one[order]).abs().mean()) for one in images])
    by_pose = np.mean([float((one - images[row - 1]).abs().mean()) for row, one in enumerate(images)])
    return float(by_pose / by_child) if by_child else None
