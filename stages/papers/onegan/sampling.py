"""What Fig. 1 to 3 show of a trained model, and its masks of all test photos.

Source: supp §D.1 to D.3, Fig. 1 to 3; spec §6.1 to 6.3.
"""

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from stages.papers.onegan.sample_keys import SampleBlock as Block

if TYPE_CHECKING:
    from stages.data.prepared.packed import Packed
    from stages.engine.session import Session
    from stages.papers.onegan.methods.gan.method import OneGAN
    from stages.papers.onegan.methods.gan.paths import Model
    from stages.papers.onegan.shown import Figure

FACTS = "facts"


def sample(block: Block, method: "OneGAN", data: "Packed", seed: int, session: "Session") -> dict[str, Any]:
    """Write one .npy for each row or grid of the figures, and predicted_mask.npy; gives what captions say.

    Shapes: fig1_reference uint8 [K S S 3], fig1 [rows K S S 3]; fig2_{image, made, foreground, background} [K S S 3],
    fig2_{truth, mask} [K S S], 0 to 255; fig3_target [T S S 3], fig3_source [R S S 3], fig3 and fig3_frozen (its ground
    is the unswapped one) [R T S S 3]; predicted_mask [test S S], 0 to 255.
    Raises: FloatingPointError naming the first item of a batch that is not finite; ValueError as `photos_for`.
    """
    from stages.engine.shards import Shards
    from stages.papers.onegan.passes import Encoded
    from stages.papers.onegan.shown import conditional, reconstructions, swaps

    device, model, test = str(session.world.device), method.model, data.positions("test")
    photos = Shards(session.resume / "photos").joined(
        len(test), block.batch, partial(looked_at, block, model, data, session)
    )
    masks, seen = photos.pop("masks"), Encoded(**photos)
    np.save(session.out / "predicted_mask.npy", to_levels(masks))
    facts: dict[str, Any] = {"size_px": data.card["size_px"], "predicted_keys": [data.keys[place] for place in test]}
    figures = {
        "fig1": partial(conditional, block, model, data, seen, seed, device),
        "fig2": partial(reconstructions, block, model, data, device),
        "fig3": partial(swaps, block, model, data, seen, masks, device),
    }
    for number, (name, figure) in enumerate(figures.items(), 1):
        facts[name] = written(session.out, Shards(session.resume / name).once(partial(with_facts, figure)))
        session.progress(number, len(figures), "figures")
    return facts


def looked_at(
    block: Block, model: "Model", data: "Packed", session: "Session", numbers: range
) -> dict[str, np.ndarray]:
    """What the encoders say of some test photos, as `Encoded`, and the soft masks of their reconstructions."""
    from stages.engine.shards import behind_each_other
    from stages.papers.onegan.passes import encoded
    from stages.papers.onegan.rebuilding import rebuild

    test, device, parts = data.positions("test"), str(session.world.device), []
    for start in range(numbers.start, numbers.stop, block.batch):
        images = data.images[test[start : min(start + block.batch, numbers.stop)]]
        masks = rebuild(model, images, block.batch, device).masks
        parts.append(encoded(model, images, block.batch, device)._asdict() | {"masks": masks})
        session.progress(start + len(images), len(test), "photos")
    return behind_each_other(parts)


def with_facts(figure: "Callable[[], Figure]") -> dict[str, np.ndarray]:
    """A figure's arrays, and what is said of them as one more, as it is kept."""
    arrays, facts = figure()
    return arrays | {FACTS: np.frombuffer(json.dumps(facts, allow_nan=False).encode(), np.uint8)}


def written(out: Path, kept: dict[str, np.ndarray]) -> dict[str, Any]:
    """Writes a figure's arrays; gives what is said of them."""
    facts = json.loads(kept.pop(FACTS).tobytes())
    for name, array in kept.items():
        np.save(out / f"{name}.npy", array)
    return facts


def to_levels(masks: np.ndarray) -> np.ndarray:
    """round(255 m) of soft masks, uint8."""
    return np.rint(masks * 255).astype(np.uint8)
