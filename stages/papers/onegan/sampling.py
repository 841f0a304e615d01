"""What Fig. 1 to 3 show of a trained model, and its masks of all test photos.

Source: supp §D.1 to D.3, Fig. 1 to 3; spec §6.1 to 6.3.
"""

from typing import TYPE_CHECKING, Any

import numpy as np

from stages.papers.onegan.sample_keys import SampleBlock as Block

if TYPE_CHECKING:
    from stages.data.prepared.packed import Packed
    from stages.engine.session import Session
    from stages.papers.onegan.methods.gan.method import OneGAN


def sample(block: Block, method: "OneGAN", data: "Packed", seed: int, session: "Session") -> dict[str, Any]:
    """Write one .npy for each row or grid of the figures, and predicted_mask.npy; gives what captions say.

    Shapes: fig1_reference uint8 [K S S 3], fig1 [rows K S S 3]; fig2_{image, made, foreground, background} [K S S 3],
    fig2_{truth, mask} [K S S], 0 to 255; fig3_target [T S S 3], fig3_source [R S S 3], fig3 and fig3_frozen (its ground
    is the unswapped one) [R T S S 3]; predicted_mask [test S S], 0 to 255.
    Raises: FloatingPointError naming the first item of a batch that is not finite; ValueError as `photos_for`.
    """
    from stages.papers.onegan.passes import encoded
    from stages.papers.onegan.rebuilding import rebuild
    from stages.papers.onegan.shown import conditional, reconstructions, swaps

    device, out, test = str(session.world.device), session.out, data.positions("test")
    images = np.asarray(data.images[test])
    seen = encoded(method.model, images, block.batch, device)
    found = rebuild(method.model, images, block.batch, device)
    np.save(out / "predicted_mask.npy", to_levels(found.masks))
    session.progress(1, 4, "masks of test photos")
    facts: dict[str, Any] = {"size_px": data.card["size_px"], "predicted_keys": [data.keys[place] for place in test]}
    facts["fig1"] = conditional(block, method.model, data, seen, seed, device, out)
    session.progress(2, 4, "generations")
    facts["fig2"] = reconstructions(block, method.model, data, device, out)
    session.progress(3, 4, "reconstructions")
    facts["fig3"] = swaps(block, method.model, data, seen, found, device, out)
    session.progress(4, 4, "swaps")
    return facts


def to_levels(masks: np.ndarray) -> np.ndarray:
    """round(255 m) of soft masks, uint8."""
    return np.rint(masks * 255).astype(np.uint8)
