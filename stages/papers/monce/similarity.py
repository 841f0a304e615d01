"""How alike positives and negatives are to what losses look at, and the weights that come of it.

Source: main (figure of similarities), spec §7 (hist, plan); claim M8: the generator's own features, which unpaired runs
contrast, keep negatives apart from positives; VGG-19's, which paired runs contrast, do not.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import Field

from stages.papers.monce.measured import MeasureBlock, even_subset

if TYPE_CHECKING:
    from torch import Tensor

Progress = Callable[[int, int, str], None]
Named = tuple[str, str, "Tensor"]  # who looks, at which layer, similarities [B N N]
MODES = ("weight", "monce")


class Block(MeasureBlock):
    """How many test `images`, `positions` of each layer and `bins` from -1 to 1.

    `layers` are the generator's, among those that it was trained on; `features` VGG-19's rectifiers. The weights are
    those of the generator's layer `plan_layer` in the first picture, with the keys that its training had.
    """

    seed: int
    images: int = Field(gt=0)
    positions: int = Field(gt=1)
    bins: int = Field(gt=0)
    layers: tuple[int, ...]
    features: tuple[str, ...]
    plan_layer: int


def measure(block: Block, inputs: dict[str, Path], out: Path, device: str, progress: Progress) -> None:
    """Write score.json, plan_weight.npy and plan_monce.npy (float32 [N N], row = anchor).

    Inputs: model (of contrast) and its data; paired (of spade) and its photos; features (VGG-19).
    Raises: ValueError for models of other methods or sets, or a layer that the model was not trained on.
    """
    from stages.data.files import write_json
    from stages.data.prepared.packed import Packed

    data, photos = Packed.open(inputs["data"]), Packed.open(inputs["photos"])
    held = [*generator_similarities(block, inputs["model"], data, device)]
    progress(1, 2, "layers of the generator")
    plan = plan_of(block, inputs["model"], data, held, out, device)
    held += vgg_similarities(block, inputs, photos, device)
    progress(2, 2, "layers of VGG-19")
    edges = np.linspace(-1, 1, block.bins + 1)
    score = {
        "paper": "monce", "profile": block.profile, "data": data.card["name"], "paired": photos.card["name"],
        "images": block.images, "edges": edges.tolist(), "plan": plan,
        "histograms": [{"encoder": who, "layer": layer} | histogram(values, edges) for who, layer, values in held],
    }  # fmt: skip
    write_json(out / "score.json", score)


def generator_similarities(block: Block, folder: Path, data: Any, device: str) -> Iterator[Named]:
    """Of translations with their sources, behind the head, as the training saw them."""
    import torch

    from stages.data.files import read_json
    from stages.engine.weights import load_weights
    from stages.engine.world import World
    from stages.losses.patch_nce import similarities
    from stages.papers.monce.contrasting import embedded
    from stages.papers.monce.methods.contrast.method import Block as Trained
    from stages.papers.monce.methods.contrast.method import Contrast
    from stages.papers.monce.translating import test_split, to_batch

    facts = checked(read_json(folder / "model.json"), "contrast", data, folder)
    trained = Trained.model_validate(facts["block"], strict=False)
    lacking = sorted({*block.layers, block.plan_layer} - set(trained.layers))
    if lacking:
        raise ValueError(f"{folder}: expected layers among {trained.layers} (keys layers, plan_layer), came {lacking}")
    method = Contrast(trained, World.single(device), 0, training=True)
    load_weights(method, folder)
    for net in method.nets.values():
        net.to(device).eval()
    source = test_split(data, trained.direction).source
    batch = to_batch(data, chosen(block, source), None, device)["source"]
    with torch.no_grad():
        made, keys = method.generator(batch, trained.layers)
        queries = method.generator.encode(made, trained.layers)
        positions = places(block, keys)
        pairs = embedded(method.nets["head"], list(zip(queries, keys, strict=True)), positions)
        for layer, (query, key) in zip(trained.layers, pairs, strict=True):
            if layer in (*block.layers, block.plan_layer):
                yield "generator", str(layer), similarities(query, key).cpu()


def vgg_similarities(block: Block, inputs: dict[str, Path], photos: Any, device: str) -> Iterator[Named]:
    """Of pictures made from conditions with their photos: features as they are, since a head would be learned."""
    import torch

    from stages.data.files import read_json
    from stages.data.image import to_tensor
    from stages.losses.patch_nce import similarities
    from stages.papers.monce.features import features_of
    from stages.papers.monce.methods.spade import method as spade
    from stages.papers.monce.translating import open_trained, produced, test_split

    checked(read_json(inputs["paired"] / "model.json"), "spade", photos, inputs["paired"])
    trained = open_trained(inputs["paired"], {"spade": spade}, photos, device)
    positions = chosen(block, test_split(photos, None).source)
    normalise = trained.method.block.normalise == "imagenet"
    vgg = features_of(inputs["features"], block.features, normalise=normalise).to(device)
    with torch.no_grad():
        made = torch.cat(list(produced(trained, photos, positions, len(positions), device)))
        queries, keys = vgg(made), vgg(to_tensor(photos.images[positions]).to(device))
        for name, query, key, at in zip(block.features, queries, keys, places(block, keys), strict=True):
            rows = [maps.flatten(2)[:, :, at].transpose(1, 2) for maps in (query, key)]
            yield vgg.net.depth, name, similarities(*rows).cpu()


def checked(facts: dict[str, Any], method: str, data: Any, folder: Path) -> dict[str, Any]:
    """What model.json says. Raises: ValueError for a model of another method or set."""
    if (facts["method"], facts["data"]) != (method, data.card["name"]):
        raise ValueError(
            f"{folder}: expected a model of {method} on {data.card['name']}, came {facts['method']} on {facts['data']}"
        )
    return facts


def chosen(block: Block, split: np.ndarray) -> np.ndarray:
    """The test items that are looked at, evenly spaced. Shapes: -> int64 [<= images]."""
    return split[even_subset(len(split), min(block.images, len(split)))]


def places(block: Block, maps: "Sequence[Tensor]") -> "list[Tensor]":
    """The positions of each layer, the same in all pictures."""
    from stages.engine.chance import Chance
    from stages.engine.world import World
    from stages.papers.monce.contrasting import draw_positions

    return draw_positions(maps, block.positions, Chance(block.seed, 0, World.single()), "similarity")


def histogram(similarity: "Tensor", edges: np.ndarray) -> dict[str, Any]:
    """Counts of positives and negatives, their means, and how much of the two distributions lies over each other.

    overlap = sum over bins of the smaller share.    Shapes: [B N N].
    """
    values = np.clip(similarity.double().numpy(), -1, 1)
    own = np.eye(values.shape[1], dtype=bool)
    parts = {"positive": values[:, own], "negative": values[:, ~own]}
    counts = {name: np.histogram(part, edges)[0] for name, part in parts.items()}
    shares = [held / held.sum() for held in counts.values()]
    means = {f"{name}_mean": float(part.mean()) for name, part in parts.items()}
    overlap = float(np.minimum(*shares).sum())
    return {name: held.tolist() for name, held in counts.items()} | means | {"overlap": overlap}


def plan_of(block: Block, folder: Path, data: Any, held: Sequence[Named], out: Path, device: str) -> dict[str, Any]:
    """Writes both weights of the first picture's anchors; says what their columns sum to, which transport makes 1."""
    from dataclasses import replace

    from stages.data.files import read_json
    from stages.losses.transport import log_weights
    from stages.papers.monce.methods.contrast.method import Block as Trained
    from stages.papers.monce.translating import test_split

    trained = Trained.model_validate(read_json(folder / "model.json")["block"], strict=False)
    similarity = next(values[:1] for _, layer, values in held if layer == str(block.plan_layer)).double().to(device)
    first = chosen(block, test_split(data, trained.direction).source)[0]
    said: dict[str, Any] = {"layer": block.plan_layer, "key": data.keys[first], "favour": trained.favour}
    said |= {"beta": trained.beta, "iterations": trained.transport_iterations, "column_sums": {}, "row_error": {}}
    for mode in MODES:
        weights = log_weights(similarity, replace(trained.weights(), mode=mode))[0].exp().cpu()
        np.save(out / f"plan_{mode}.npy", weights.float().numpy())
        said["column_sums"][mode] = weights.sum(0).tolist()
        said["row_error"][mode] = float((weights.sum(1) - 1).abs().max())
    return said
