"""OneGAN: three paths through one generator, three encoders and two judges; one training in three phases."""

import math
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from stages.engine.chance import Chance, initialised
from stages.engine.method import Source
from stages.engine.plan import Descent, Phase
from stages.engine.world import World
from stages.losses.adversarial import logistic_discriminator, logistic_generator
from stages.losses.matching import absolute
from stages.papers.onegan.blocks import orthogonal
from stages.papers.onegan.common import patch_field
from stages.papers.onegan.encoders import BackgroundEncoder, ContentEncoder, StyleEncoder
from stages.papers.onegan.feeding import source_of
from stages.papers.onegan.generator import TABLES, Generator
from stages.papers.onegan.judges import BackgroundJudge, ChildHead, ChildJudge, Judged, JudgedBackground, Judges
from stages.papers.onegan.methods.gan import objectives, paths
from stages.papers.onegan.methods.gan.block import PATHS, Block
from stages.papers.onegan.methods.gan.patches import patch_entropy, patches_to_hits
from stages.papers.onegan.methods.gan.paths import Layers, Model, Rebuilt

KINDS = {
    "generator": Generator, "child_encoder": StyleEncoder, "parent_encoder": ContentEncoder,
    "background_encoder": BackgroundEncoder, "child_head": ChildHead, "child_judge": ChildJudge,
    "background_judge": BackgroundJudge,
}  # fmt: skip
AVERAGED = ("generator", "child_encoder", "parent_encoder", "background_encoder")
MAKERS = (*AVERAGED, "child_head")
JUDGES = ("child_judge", "background_judge")
GUARD = "steps_outside_guard"


class OneGAN:
    """Update D: photos against pictures of all active paths, tiles against their grounds; update GE: all the rest.

    The paths are computed once a step, with all networks learning; update D takes what they made without its graph.

    Source: supp Tab. 1, §B; main (paths, order of tasks); losses and weights ours (gap G1), spec 4.
    """

    average: tuple[str, ...] = AVERAGED

    def __init__(self, block: Block, world: World, seed: int) -> None:
        self.block, self.world = block, world
        self.nets: dict[str, Any] = {}
        for name, kind in KINDS.items():
            with initialised(seed, f"onegan/{name}"):
                self.nets[name] = kind(block)
                orthogonal(self.nets[name], TABLES)
        self.frozen: dict[str, nn.Module] = {}
        self.memory = {GUARD: torch.zeros(len(PATHS), dtype=torch.int64)}
        self.guard_next = 0
        self.descents = {
            name: Descent(
                kind="adam", nets=nets, learning_rate=block.learning_rate, betas=block.betas, eps=block.epsilon
            )
            for name, nets in (("D", JUDGES), ("GE", MAKERS))
        }

    @property
    def judges(self) -> Judges:
        """D_c with its head B, and D_bg."""
        return Judges(self.nets["child_judge"], self.nets["child_head"], self.nets["background_judge"])

    @property
    def model(self) -> Model:
        """The networks that the paths run through."""
        generator, child, parent, background = (self.nets[name] for name in AVERAGED)
        return Model(generator, child, parent, background, self.block)

    def phases(self, step: int) -> list[Phase]:
        return [Phase("D", "D", JUDGES), Phase("GE", "GE", MAKERS)]

    def forward(self, batch: dict, chance: Chance) -> dict:
        """The layers of every path of this step, by the path's name, and the classes that generation was given."""
        block, model, image = self.block, self.model, batch["image"]
        active = block.active(int(chance.step))
        child, parent = (drawn.to(image.device) for drawn in paths.draw_classes(block, chance, len(image)))
        made = paths.generate(model, child, parent, paths.draw_pose(block, chance, len(image)).to(image.device))
        shared: dict[str, Any] = {"child": child, "parent": parent, "generate": made}
        if "rebuild" in active:
            shared["rebuild"] = paths.reconstruct(model, image, chance)
        if "mix" in active:
            shared["share"] = chance.uniform("mix/share", len(image)).to(image.device)
            shared["mix"] = paths.mix(model, made, shared["rebuild"], shared["share"])
        return shared

    def losses(self, phase: Phase, batch: dict, shared: dict, chance: Chance, step: int) -> dict[str, Tensor]:
        active = [path for path in PATHS if path in shared]
        if phase.name == "D":
            return self._judges(batch, [shared[path] for path in active])
        self._guard([shared[path].mask for path in active], step)
        terms = self._generation(shared)
        if "rebuild" in shared:
            terms |= self._reconstruction(batch["image"], shared["rebuild"])
            if (step + 1) % self.block.tick_every == 0:
                terms["rebuild/stat/children"] = self._children(shared["rebuild"])
        if "mix" in shared:
            terms |= self._mixture(shared)
        for path in active:
            mask = shared[path].mask
            if path in self.block.mask_paths:
                terms[f"{path}/mask"] = self.block.regularise_mask * objectives.mask_regularisation(mask)
            terms[f"{path}/stat/mask_mean"] = mask.detach().float().mean()
            terms[f"{path}/stat/decided"] = ((mask.detach().float() - 0.5).abs() > 0.4).float().mean()
        return terms

    def _judges(self, batch: dict, made: list[Layers]) -> dict[str, Tensor]:
        """L_Dc and L_Dbg of spec 4.3; the pictures of several paths count alike."""
        block = self.block
        child, ground = self.nets["child_judge"], self.nets["background_judge"]
        fakes, grounds = (torch.cat([getattr(one, name).detach() for one in made]) for name in ("image", "background"))
        on_tiles, on_photos = ground(batch["background_image"]), ground(batch["image"])
        real = logistic_discriminator(on_tiles.real, ground(grounds).real)
        return {
            "D/child": logistic_discriminator(child(batch["image"]).real, child(fakes).real),
            "D/background_real": block.weight_background_real * real,
            "D/background_kind": block.weight_background_kind * self._kinds(on_tiles, on_photos, batch),
        }

    def _kinds(self, tiles: JudgedBackground, photos: JudgedBackground, batch: dict) -> Tensor:
        """BCE(D_bg_B(tile), 1) + BCE(D_bg_B(photo), label), 0 everywhere or where a patch meets the photo's box."""
        if self.block.patch_labels == "image":
            return logistic_discriminator(tiles.kind, photos.kind)
        field, stride = patch_field(self.block.d_bg_stride)
        side, count = self.block.d_bg_side, photos.kind.shape[-1]
        labels = 1 - patches_to_hits(batch["box"], side, field, stride, count)
        return logistic_generator(tiles.kind) + patch_entropy(photos.kind, labels)

    def _generation(self, shared: dict) -> dict[str, Tensor]:
        """Path G of spec 4.2: what the encoders say of I reaches G through their class heads alone."""
        block, made, child = self.block, shared["generate"], shared["child"]
        terms, judged = self._adversarial("generate", made)
        entropy = objectives.cross_entropy(self.nets["child_head"](judged.hidden), child)
        terms["generate/info"] = block.weight_info * entropy.mean()
        style = self.nets["child_encoder"](made.image)
        parent = self.nets["parent_encoder"].classify(made.image)
        entropies = objectives.cross_entropy(style.logits, child), objectives.cross_entropy(parent, shared["parent"])
        terms["generate/class"] = block.weight_class * (entropies[0].mean() + entropies[1].mean())
        picture, model = made.image.detach(), self.model
        style, content = paths.encode(model, picture)
        told = (made.child, style.child), (made.parent, content.parent), (made.pose, content.pose)
        latent = torch.stack([objectives.likelihood(value, code) for value, code in told]).sum()
        terms["generate/latent"] = block.weight_latent * latent
        behind = paths.see_background(model, picture, made.mask)
        bypass = absolute(content.bypass, made.start_foreground) + absolute(behind, made.start_background)
        terms["generate/bypass"] = block.weight_bypass * bypass
        codes = (made.parent, made.child, made.background_code)
        terms["generate/codes"] = block.regularise_codes * objectives.code_lengths(*codes)
        return terms

    def _reconstruction(self, image: Tensor, made: Rebuilt) -> dict[str, Tensor]:
        """Path R of spec 4.4."""
        block, style, content = self.block, made.style, made.content
        child, ground = self.nets["child_judge"], self.nets["background_judge"]
        terms, judged = self._adversarial("rebuild", made)
        features = absolute(judged.features, child(image).features)
        terms["rebuild/image"] = block.weight_rebuild * (absolute(made.image, image) + block.weight_features * features)
        shown = 1 - made.mask.detach()
        features = absolute(ground(shown * made.background).features, ground(shown * image).features)
        difference = objectives.ground_difference(image, made.background, made.mask)
        ground_terms = difference + block.weight_features * features
        terms["rebuild/ground"] = block.weight_rebuild_background * ground_terms
        codes = (style.child, content.parent, content.pose)
        total = torch.stack([objectives.divergence(code) for code in codes]).sum()
        terms["rebuild/divergence"] = block.weight_divergence * total
        start = self.nets["generator"].foreground.start(made.parent.detach(), made.pose)
        terms["rebuild/align"] = block.weight_align * absolute(start, content.bypass)
        return terms

    def _mixture(self, shared: dict) -> dict[str, Tensor]:
        """Path M of spec 4.5: the child class counts as much as it went in."""
        terms, judged = self._adversarial("mix", shared["mix"])
        entropy = objectives.cross_entropy(self.nets["child_head"](judged.hidden), shared["child"])
        terms["mix/info"] = self.block.weight_info * (shared["share"] * entropy).mean()
        return terms

    def _adversarial(self, path: str, made: Layers) -> tuple[dict[str, Tensor], Judged]:
        """L_adv_c and L_adv_bg, and what D_c says of the picture."""
        block = self.block
        judged, ground = self.nets["child_judge"](made.image), self.nets["background_judge"](made.background)
        real, kind = logistic_generator(ground.real), logistic_generator(ground.kind)
        behind = block.weight_background_real * real + block.weight_background_kind * kind
        return {
            f"{path}/adversarial": block.weight_adversarial * logistic_generator(judged.real),
            f"{path}/adversarial_background": behind,
        }, judged

    def _children(self, made: Rebuilt) -> Tensor:
        """How many child classes the encoder sees in the photos of the whole batch."""
        seen = self.world.gather(made.style.logits.detach()).argmax(1)
        return paths.one_hot(seen, self.block.children).amax(0).sum()

    def _guard(self, masks: list[Tensor], step: int) -> None:
        """Counts the steps in a row in which a path's masks are all object, or none.

        A count grows by one a step at most, so it is asked of the device only where it may have become too high.
        Raises: FloatingPointError naming path, step and key once they are `guard_share` of the phase's steps.
        """
        first, length = self.block.phase_steps(step)
        held, low, high = self.memory[GUARD], self.block.guard_low, self.block.guard_high
        limit = math.ceil(self.block.guard_share * length)
        if step == first:
            held.zero_()
            self.guard_next = first + limit - 1
        means = self.world.mean(torch.stack([mask.detach().float().mean() for mask in masks]))
        outside = (means < low) | (means > high)
        held[: len(masks)] = torch.where(outside, held[: len(masks)] + 1, 0)
        if step < self.guard_next:
            return
        counts = held.tolist()
        self.guard_next = step + limit - max(counts)
        for path, mean, count in zip(PATHS, means.tolist(), counts, strict=False):
            if count >= limit:
                raise FloatingPointError(
                    f"step {step}: the mean mask of path {path} is {mean:.3f}, outside {low} to {high} for {count}"
                    " steps in a row (keys guard_low, guard_high, guard_share): it took the whole picture or nothing;"
                    " change regularise_mask, the size of objects in their crops, or the seed"
                )

    @torch.no_grad()
    def produce(self, batch: dict, chance: Chance) -> dict[str, Tensor]:
        """The reconstruction of every photo by the means of its codes, with its layers."""
        made = paths.reconstruct(self.model, batch["image"])
        return {"image": made.image, "foreground": made.foreground, "background": made.background, "mask": made.mask}


def for_training(block: Block, inputs: dict[str, Path], seed: int, world: World) -> tuple[OneGAN, Source]:
    """The method, and photos beside tiles. Inputs: data, tiles.

    Raises: ValueError if photos or tiles have another side than the method.
    """
    return OneGAN(block, world, seed), source_of(block, inputs, seed, world)


def for_sampling(block: Block, world: World) -> OneGAN:
    """All networks; weights are loaded afterwards."""
    return OneGAN(block, world, 0)
