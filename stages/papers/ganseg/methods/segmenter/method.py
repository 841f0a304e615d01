"""The segmenter: DeepLabV3 taught on a stream of generated images and their masks, then measured on real images."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from stages.data.files import read_json
from stages.data.image import to_tensor
from stages.data.numbers import Numbers
from stages.data.prepared.packed import Packed
from stages.engine.chance import Chance, initialised
from stages.engine.method import Source
from stages.engine.plan import Phase
from stages.engine.rowchance import RowChance
from stages.engine.weights import load_weights
from stages.engine.world import World
from stages.losses.segmentation import cross_entropy_and_dice
from stages.nets.deeplab import DeepLabV3
from stages.papers.ganseg.common import adam
from stages.papers.ganseg.evaluation import evaluate
from stages.papers.ganseg.methods.gan.method import Gan, concentration_weight, trained_model
from stages.papers.ganseg.methods.segmenter.block import Block
from stages.papers.ganseg.noise import draw_noise
from stages.papers.ganseg.record import labels
from stages.teachers.weights import open_file


class Segmenter:
    """Pairs are generated as they are needed, in evaluation mode and without a graph; no real image is used.

    Source: supp §B.4 (optimiser, iterations); code (batch, loss shares).
    """

    average = ()

    def __init__(self, block: Block, world: World, seed: int, gan: Gan | None):
        self.block, self.world, self.gan = block, world, gan
        with initialised(seed, "ganseg/segmenter"):
            self.net = DeepLabV3(
                block.trunk, block.trunk_width, block.stem, block.rates, block.hidden, block.dropout, block.parts + 1
            )
        self.nets: dict = {"segmenter": self.net}
        self.frozen: dict = {} if gan is None else {"generator": gan.generator}
        self.memory: dict = {}
        self.descents = {"segmenter": adam("segmenter", block.learning_rate, block.betas, block.epsilon)}

    def phases(self, step: int) -> list[Phase]:
        return [Phase("S", "segmenter", ("segmenter",))]

    def pairs(self, rows: int, chance: Chance) -> tuple[Tensor, Tensor]:
        """Generated images and hard labels. Shapes: -> [B 3 S S], uint8 [B S S]."""
        if self.gan is None:
            raise ValueError("a segmenter that was opened without its generator has no pairs to learn from")
        generator = self.frozen["generator"]
        noise = draw_noise(self.gan.block, "pair", rows, chance, next(generator.parameters()).device)
        with torch.no_grad():
            made = generator(noise)
        return made.image, labels(made.mask)

    def losses(self, phase: Phase, batch: dict, shared: dict, chance: Chance, step: int) -> dict[str, Tensor]:
        """0.5 cross entropy + 0.5 soft Dice."""
        block, rows = self.block, len(batch["number"])
        image, target = self.pairs(rows, chance)
        side = block.size_px // self.net.stride
        uniform = chance.uniform("dropout", rows, block.hidden, side, side).to(image) if block.dropout else None
        entropy, dice = cross_entropy_and_dice(self.net(image, uniform), target)
        return {"S/cross_entropy": block.cross_entropy_share * entropy, "S/dice": block.dice_share * dice}

    @torch.no_grad()
    def produce(self, batch: dict, chance: Chance) -> dict[str, Tensor]:
        """Class probabilities, background first. Shapes: image [B 3 S S] -> probabilities [B K+1 S S]."""
        return {"probabilities": self.net(batch["image"]).float().softmax(1)}


def for_training(block: Block, inputs: dict[str, Path], seed: int, world: World) -> tuple[Segmenter, Source]:
    """The segmenter and the trained generator that teaches it; the source holds numbers only. Inputs: model.

    Raises: ValueError where the generator has another side or another number of parts.
    """
    gan = trained_model(inputs["model"], World.single())
    for key in ("size_px", "parts", "points_per_part"):
        if getattr(gan.block, key) != getattr(block, key):
            expected, found = getattr(block, key), getattr(gan.block, key)
            raise ValueError(f"{inputs['model']}: expected a generator with {key} {expected}, came {found}")
    method = Segmenter(block, world, seed, gan)
    if block.backbone_init == "imagenet_file":
        load_trunk(method, block)
    return method, Numbers(block.batch, world)


def load_trunk(method: Segmenter, block: Block) -> None:
    """Fills the trunk from the user's torchvision file, without its classifier."""
    given, backbone = open_file("backbone_file", block.backbone_file, block.backbone_sha256), method.net.backbone
    what = f"{block.trunk} without its classifier"
    given.fill(backbone, what, beside=lambda name: name.startswith("fc."))


def for_sampling(block: Block, world: World) -> Segmenter:
    """The network without its teacher; weights are loaded afterwards."""
    return Segmenter(block, world, 0, None)


def predictor(method: Segmenter, world: World) -> Callable[[np.ndarray], np.ndarray]:
    """The trained network on 8-bit pictures. Shapes: uint8 [B S S 3] -> float32 [B K+1 S S], background first."""

    def predict(images: np.ndarray) -> np.ndarray:
        batch = {"image": to_tensor(images).to(world.device)}
        return method.produce(batch, RowChance(0, []))["probabilities"].cpu().numpy()

    return predict


def finish(block: Block, inputs: dict[str, Path], out: Path, world: World, progress) -> None:
    """Measures the trained network on the real images of the prepared set.  Inputs: data, model."""
    method = for_sampling(block, world)
    load_weights(method, out)
    method.net.to(world.device).eval()
    packed, gan = Packed.open(inputs["data"]), trained_model(inputs["model"], World.single())
    fixed = gan.generator.fixed_scale
    facts = {
        name: getattr(gan.block, name) for name in ("size_px", "parts", "points_per_part", "scale", "kernel", "grid")
    }
    facts |= {
        "set": packed.card["name"],
        "variant": block.variant,
        "method": "segmenter",
        "profile": block.profile,
        "seed": read_json(inputs["model"] / "model.json")["seed"],
        "arch": f"{len(gan.block.feature_sizes)}_level",
        "backbone_init": block.backbone_init,
        "fixed_scale": None if fixed is None else float(fixed),
        "concentration_weight": concentration_weight(gan.block),
    }
    evaluate(predictor(method, world), packed, facts, out, block.evaluation_batch, progress)
