"""The deep image prior on several photos: a network for each, all moved by one Adam."""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from stages.data.files import write_json
from stages.data.image import mask_to_tensor
from stages.data.prepared.packed import Packed
from stages.engine.chance import Chance, initialised
from stages.engine.method import Source
from stages.engine.plan import Descent, Phase
from stages.engine.weights import FILE, MEMORY
from stages.engine.world import World
from stages.papers.onegan.choosing import photos_for
from stages.papers.onegan.methods.prior.block import Block
from stages.papers.onegan.methods.prior.holes import holes_for
from stages.papers.onegan.methods.prior.nets import Prior


class DeepImagePrior:
    """min over theta_i of mean((f_theta_i(z_i + n) - x_i)^2 k_i), k_i = 1 outside of photo i's hole, for all photos.

    The networks share nothing: weights, input and noise of a photo depend on the seed and its key alone. The last
    step's pictures and each photo's first and last loss are the method's memory.

    Source: supp §D.4, code (Deep Image Prior), spec 6.4. Units: pictures in [0, 1].
    """

    average = ()

    def __init__(self, block: Block, keys: list[str], seed: int, world: World) -> None:
        self.block, self.world, self.keys = block, world, keys
        self.names = [f"photo_{place:02}" for place in range(len(keys))]
        self.nets: dict = {}
        self.inputs: list[Tensor] = []
        for name, key in zip(self.names, keys, strict=True):
            with initialised(seed, f"onegan/prior/{key}"):
                self.nets[name] = Prior(block.input_channels, block.channels, block.scales, block.leak)
            draw = Chance(seed, "input", world).numpy(key).random(self.shape, dtype=np.float32)
            self.inputs.append(torch.from_numpy(draw * np.float32(block.input_range)).to(world.device))
        self.frozen: dict = {}
        pictures = torch.zeros(len(keys), 3, block.size_px, block.size_px)
        self.memory: dict[str, Tensor] = {"pictures": pictures, "losses": torch.zeros(len(keys), 2)}
        move = Descent("adam", tuple(self.names), block.learning_rate, betas=block.betas, eps=block.epsilon)
        self.descents = {"prior": move}

    @property
    def shape(self) -> tuple[int, ...]:
        """Of one network's input."""
        return 1, self.block.input_channels, self.block.size_px, self.block.size_px

    def phases(self, step: int) -> list[Phase]:
        return [Phase("prior", "prior", tuple(self.names))]

    def losses(self, phase: Phase, batch: dict, shared: dict, chance: Chance, step: int) -> dict[str, Tensor]:
        losses = []
        for place, (name, key) in enumerate(zip(self.names, self.keys, strict=True)):
            noise = chance.shared_normal(f"noise/{key}", *self.shape).to(self.world.device)
            made = self.nets[name](self.inputs[place] + self.block.step_noise * noise).float()[0]
            keep, photo = batch["keep"][place], batch["photo"][place]
            losses.append((made * keep - photo * keep).square().mean())
            self.memory["pictures"][place] = made.detach()
        together = torch.stack(losses)
        first, last = self.memory["losses"].T
        last.copy_(together.detach())
        if step == 0:
            first.copy_(together.detach())
        return {"prior/masked": together.sum(), "prior/stat/greatest": together.detach().max()}


class Photos:
    """The same photos at every step: each process fits all, which divides nothing and repeats whatever their number.

    Shapes: photo float32 [K 3 S S] in [0, 1], keep float32 [K 1 S S] with 0 = hole.
    """

    def __init__(self, images: np.ndarray, holes: np.ndarray, world: World) -> None:
        """Shapes: uint8 [K S S 3], uint8 [K S S] with 1 = hole."""
        self.size = world.size
        planes = np.ascontiguousarray(images.transpose(0, 3, 1, 2))
        self.photo, self.keep = torch.from_numpy(planes).float() / 255, 1 - mask_to_tensor(holes)

    def batch(self, step: int) -> dict[str, Tensor]:
        return {"photo": self.photo, "keep": self.keep}


def for_training(block: Block, inputs: dict[str, Path], seed: int, world: World) -> tuple[DeepImagePrior, Source]:
    """The method and its photos. Inputs: data; sample, where the predicted masks are the holes.

    Raises: ValueError for data of another side, or what `photos_for` and `holes_for` refuse.
    """
    data = Packed.open(inputs["data"])
    if data.card["size_px"] != block.size_px:
        raise ValueError(f"size_px: expected {data.card['size_px']}, the side of {data.folder}, came {block.size_px}")
    positions = photos_for(data, block.photos, block.ids)
    images, holes = np.asarray(data.images[positions]), holes_for(block, data, positions, inputs)
    return DeepImagePrior(block, [data.keys[place] for place in positions], seed, world), Photos(images, holes, world)


def finish(block: Block, inputs: dict[str, Path], out: Path, world: World, progress) -> None:
    """Writes keys.json, images.npy uint8 [K S S 3], holes.npy uint8 [K S S] and losses.npy float32 [K 2].

    The pictures are those of the last step, whole, normed by their own statistics. Inputs: data, sample.
    """
    from safetensors.torch import load_file

    data = Packed.open(inputs["data"])
    positions = photos_for(data, block.photos, block.ids)
    held = load_file(out / FILE)
    pictures = held[f"{MEMORY}.pictures"].mul(255).round().byte().permute(0, 2, 3, 1)
    np.save(out / "images.npy", np.ascontiguousarray(pictures.numpy()))
    np.save(out / "holes.npy", holes_for(block, data, positions, inputs))
    np.save(out / "losses.npy", held[f"{MEMORY}.losses"].numpy())
    write_json(out / "keys.json", {"keys": [data.keys[place] for place in positions], "hole": block.hole})
