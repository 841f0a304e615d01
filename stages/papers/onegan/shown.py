"""The pictures of Fig. 1, 2 and 3, and what is to be said of each."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from stages.data.image import from_tensor
from stages.data.prepared.packed import Packed
from stages.metrics.overlap import masks_to_overlap
from stages.papers.onegan.agreeing import z_ratio
from stages.papers.onegan.choosing import hash_of, photos_for
from stages.papers.onegan.methods.gan.paths import Model
from stages.papers.onegan.passes import Encoded, generated, poses, rebuilt
from stages.papers.onegan.picking import object_colours, references, targets
from stages.papers.onegan.rebuilding import rebuild
from stages.papers.onegan.sample_keys import SampleBlock

THRESHOLD = 0.5
Facts = dict[str, Any]
Figure = tuple[dict[str, np.ndarray], Facts]  # arrays by the names of their files, and what is said of them


def keys_of(data: Packed, places: Sequence[int] | np.ndarray) -> list[str]:
    """The keys of items."""
    return [data.keys[place] for place in places]


def conditional(block: SampleBlock, model: Model, data: Packed, seen: Encoded, seed: int, device: str) -> Figure:
    """Fig. 1: generations by the classes that the encoders read off a reference, one z for all of a row.

    The parent is the encoded one, not the child's own, and e_bg = e_p. `seen` is of the test photos, in their order.
    Source: supp §D.1, Fig. 1; spec §6.1.
    """
    test = data.positions("test")
    order = np.array(sorted(range(len(test)), key=lambda place: hash_of(data.keys[test[place]])))
    chosen = references(seen.features, order, block.columns)
    child, parent = seen.child[chosen.places], seen.parent[chosen.places]
    pose = poses(seed, [f"row/{row}" for row in range(block.rows)], model.keys.pose)
    made = [
        np.concatenate([
            from_tensor(one.image)
            for one in generated(model, child, parent, z.expand(len(child), -1), block.batch, device)
        ])
        for z in pose
    ]  # fmt: skip
    return {"fig1_reference": data.images[test[chosen.places]], "fig1": np.stack(made)}, {
        "keys": keys_of(data, test[chosen.places]), "groups": chosen.groups.tolist(), "child": child.tolist(),
        "parent": parent.tolist(), "z_ratio": z_ratio(model, block.rows, seed, block.batch, device),
    }  # fmt: skip


def reconstructions(block: SampleBlock, model: Model, data: Packed, device: str) -> Figure:
    """Fig. 2: photo, reconstruction, its layers, the set's mask and the predicted one.

    IoU is with the mask that is shown; where a drawn set has exact masks, IoU with these too.
    Source: supp §D.2, Fig. 2; spec §6.2.
    """
    chosen = photos_for(data, block.columns, block.ids)
    images, truth = data.images[chosen], np.asarray(data.needed_masks()[chosen]) > 0
    made, fore = [], []
    for one in rebuilt(model, images, block.batch, device):
        made.append(from_tensor(one.image))
        fore.append(from_tensor(one.foreground))
    found = rebuild(model, images, block.batch, device)
    masks = found.masks > THRESHOLD
    rows = {
        "image": images, "made": np.concatenate(made), "foreground": np.concatenate(fore), "background": found.grounds,
        "truth": truth.astype(np.uint8) * 255, "mask": np.rint(found.masks * 255).astype(np.uint8),
    }  # fmt: skip
    facts: Facts = {
        "keys": keys_of(data, chosen), "iou": masks_to_overlap(masks, truth).iou.tolist(),
        "psnr": found.psnr.astype(np.float64).tolist(), "mask_mean": masks.mean(axis=(1, 2)).tolist(),
    }  # fmt: skip
    if data.card["facts"]["drawn"]:
        exact = np.asarray(data.array("exact")[chosen]) > 0
        facts["iou_exact"] = masks_to_overlap(masks, exact).iou.tolist()
        facts["detection_iou"] = masks_to_overlap(truth, exact).iou.tolist()
    return {f"fig2_{name}": array for name, array in rows.items()}, facts


def swaps(block: SampleBlock, model: Model, data: Packed, seen: Encoded, masks: np.ndarray, device: str) -> Figure:
    """Fig. 3: reconstructions with the table's child code of a target class, for which its surest test photo stands.

    The ground is painted anew for each, from the mask that the code gives; `fig3_frozen` keeps the unswapped one.
    `seen` and the soft `masks` are of the test photos, in their order. Source: supp §D.3, Fig. 3; spec §6.3.
    """
    test, chosen = data.positions("test"), photos_for(data, block.sources, block.ids[: block.sources])
    picked = targets(seen.shares, object_colours(data.images[test], masks), block.targets)
    images = data.images[chosen]
    ground = np.concatenate([
        one.background.float().cpu().numpy() for one in rebuilt(model, images, block.batch, device)
    ])  # fmt: skip
    images_of: dict[str, np.ndarray] = {"fig3_source": images, "fig3_target": data.images[test[picked.places]]}
    for name, kept in (("fig3", None), ("fig3_frozen", ground)):
        cells = [
            np.concatenate([from_tensor(one.image) for one in rebuilt(model, images, block.batch, device, child, kept)])
            for child in picked.children.tolist()
        ]
        images_of[name] = np.stack(cells, axis=1)
    return images_of, {
        "source_keys": keys_of(data, chosen), "source_child": seen.child[np.searchsorted(test, chosen)].tolist(),
        "target_keys": keys_of(data, test[picked.places]), "target_child": picked.children.tolist(),
        "target_share": picked.shares.astype(np.float64).tolist(),
    }  # fmt: skip
