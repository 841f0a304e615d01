"""Every method that is trained, by name: its module, its layers in a profile, and drawn inputs at its side.

Stages know all this from dvc.yaml, which only a machine with DVC can resolve; a GPU machine has no engine.
"""

import importlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stages.runner import layers, params

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Training:
    """`groups` name layers, each with its base, its data and its profile; `between` stands before profiles."""

    name: str
    module: str
    groups: tuple[str, ...]
    data: str
    between: tuple[str, ...] = ()
    last: tuple[str, ...] = ()

    @property
    def paper(self) -> str:
        """The paper whose method it is."""
        return self.module.split(".")[2]

    def layers(self, profile: str) -> tuple[str, ...]:
        """The names of its layers in a profile, in the order in which they are merged."""
        names = [f"{self.paper}.{group}.base" for group in self.groups]
        names += [f"{self.paper}.{group}.data.{self.data}" for group in self.groups]
        names += [f"{self.paper}.{name}" for name in self.between]
        names += [f"{self.paper}.{group}.profile.{profile}" for group in self.groups]
        names += [f"{self.paper}.{name}" for name in self.last]
        held = params.load(ROOT)
        return tuple(name for name in (name.format(profile=profile) for name in names) if _holds(held, name))

    def block(self, profile: str, **changes: Any) -> Any:
        """The method's parameters in a profile, some of them changed."""
        names = self.layers(profile)
        kind = importlib.import_module(self.module).Block
        block = layers.validate(kind, layers.merge(params.load(ROOT), names), names)
        return kind.model_validate(block.model_dump() | changes, strict=False)


def _holds(held: Any, name: str) -> bool:
    for part in name.split("."):
        if not isinstance(held, dict) or part not in held:
            return False
        held = held[part]
    return True


def _contrasfill(name: str, method: str, *between: str) -> Training:
    module = f"stages.papers.contrasfill.methods.{method}.method"
    groups = (method,) if method in ("batfill", "stylegan") else ("common", method)
    return Training(name, module, groups, "face", between)


def _ganseg(name: str, method: str, *groups: str, variant: str, run: str) -> Training:
    module = f"stages.papers.ganseg.methods.{method}.method"
    parts = "common.main_parts.{profile}.celeba_wild"
    return Training(name, module, ("common", *groups), "celeba_wild", (parts, variant),
                    ("runs.{profile}.celeba_wild." + run,))  # fmt: skip


def _monce(name: str, method: str, groups: tuple[str, ...], data: str, run: str, *between: str) -> Training:
    drawn = ("spade.drawn." + data + ".{profile}",) if method == "spade" else ()
    module, last = f"stages.papers.monce.methods.{method}.method", "runs.{profile}." + f"{data}.{run}"
    return Training(name, module, ("common", *groups), data, between, (*drawn, last))


def _onegan(name: str, method: str, *groups: str, between: str, run: str = "main") -> Training:
    drawn = ("nets.drawn.bird_boxes.{profile}",) if method == "gan" else ()
    last = (*drawn, "runs.{profile}.bird_boxes." + run)
    return Training(
        name, f"stages.papers.onegan.methods.{method}.method", ("common", *groups), "bird_boxes", (between,), last
    )


def _mscond(name: str, method: str, *groups: str, run: str, between: tuple[str, ...] = ()) -> Training:
    last = ("runs.{profile}.city_scenes." + run, "seeds.{profile}." + f"{run}_0")
    return Training(
        name, f"stages.papers.mscond.methods.{method}.method", ("common", *groups), "city_scenes", between, last
    )


CONTRAST, PAIRED = ("unpaired", "weighting", "contrast"), ("weighting", "spade")

TRAININGS = {
    one.name: one
    for one in (
        _contrasfill("contrasfill", "contrasfill"),
        _contrasfill("contrasfill1", "contrasfill", "common.variant.box", "contrasfill.variant.one_code"),
        _contrasfill("context_free", "contrasfill", "common.variant.box", "contrasfill.variant.context_free"),
        _contrasfill("comodgan", "comodgan"),
        _contrasfill("collagegan", "collagegan"),
        _contrasfill("batfill", "batfill"),
        _contrasfill("stylegan", "stylegan"),
        _ganseg("gan", "gan", "generator", "gan", variant="common.variant.main", run="main"),
        _ganseg(
            "ae_points",
            "autoencoder",
            "generator",
            "autoencoder",
            variant="autoencoder.variant.points",
            run="ae_points",
        ),
        _ganseg(
            "ae_masks", "autoencoder", "generator", "autoencoder", variant="autoencoder.variant.masks", run="ae_masks"
        ),
        _ganseg("segmenter", "segmenter", "segmenter", variant="common.variant.main", run=""),
        _monce("monce", "contrast", CONTRAST, "horses", "monce", "weighting.variant.monce"),
        _monce("cycle", "cycle", ("unpaired", "cycle"), "horses", "cycle"),
        _monce("lsesim", "lsesim", ("unpaired", "lsesim"), "horses", "lsesim", "lsesim.variant.lsesim"),
        _monce("learned", "lsesim", ("unpaired", "lsesim"), "horses", "learned", "lsesim.variant.learned"),
        *(
            _monce(
                f"spade_{run}",
                "spade",
                PAIRED,
                data,
                run,
                "weighting.variant.paired",
                f"weighting.variant.{run}",
                f"spade.variant.{run}",
            )
            for run, data in (("monce", "rooms"), ("perceptual", "people"))
        ),
        _onegan("onegan", "gan", "nets", "gan", between="gan.variant.main"),
        _onegan("prior", "prior", "prior", between="prior.variant.real"),
        *(
            _mscond(name, "gan", "pair", "gan", run=run, between=(f"gan.variant.{run}",))
            for name, run in (("probed", "s1_off"), ("mscond", "s1_16_on"))
        ),
        _mscond("insgen", "insgen", "pair", "insgen", run="insgen"),
        _mscond("projectedgan", "projectedgan", "projectedgan", run="projectedgan"),
    )
}
