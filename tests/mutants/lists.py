"""All lists of planted faults by name."""

from collections.abc import Mapping, Sequence

from stages import yaml_text
from tests.mutants.fault import ROOT, Fault
from tests.papers.mutants_mscond import MUTANTS as MSCOND
from tests.papers.mutants_onegan import MUTANTS as ONEGAN
from tests.parts.mutants_nce import MUTANTS as NCE

GAN = "stages/papers/onegan/methods/gan/{}.py"
LOSSES = "stages/losses/{}.py"
PAPER = "stages/papers/mscond/{}.py"
INSGEN = "stages/papers/mscond/methods/insgen/{}.py"
# Where short names of the older lists lie, and which tests run the checks of each, its own first.
OBJECTIVES = "tests/papers/test_onegan_objectives.py::test_terms"
PATHS = "tests/papers/test_onegan_paths.py::test_paths"
CONTRAST, ADA = (f"tests/papers/test_mscond_{name}.py::test_it" for name in ("contrast", "ada"))
INS = "tests/papers/test_mscond_insgen.py::test_update"
ONEGAN_HOMES = {
    "objectives": (GAN, OBJECTIVES, PATHS),
    "patches": (GAN, OBJECTIVES, PATHS),
    "paths": (GAN, PATHS, OBJECTIVES),
    "block": (GAN, PATHS, OBJECTIVES),
    "method": (GAN, PATHS, OBJECTIVES),
}
MSCOND_HOMES = {
    "nce": (LOSSES, CONTRAST, INS),
    "contrast": (PAPER, CONTRAST, INS),
    "momentum": (PAPER, CONTRAST, INS),
    "matching": (PAPER, CONTRAST),
    "views": (PAPER, CONTRAST),
    "colours": (PAPER, CONTRAST, ADA),
    "matrices": (PAPER, CONTRAST, ADA),
    "warp": (INSGEN, ADA),
    "ada": (INSGEN, ADA, INS),
    "insgen": ("stages/papers/mscond/methods/insgen/method.py", INS),
}
NCE_TESTS = (
    "tests/parts/test_transport.py::test_against_loops",
    "tests/parts/test_feature_losses.py::test_against_loops",
)
NCE_MODULES = ("transport", "patch_nce", "topk", "self_similarity", "matching")
NCE_HOMES = dict.fromkeys(NCE_MODULES, (LOSSES, *NCE_TESTS))


def written(paper: str, folder: str) -> list[Fault]:
    """The faults in a folder's YAML files.

    Each holds groups of one `file`; `tests` is the file of those tests that a fault names by their functions alone.
    """
    found = []
    for path in sorted((ROOT / "tests/mutants" / folder).glob("*.yaml")):
        for group in yaml_text.load(path):
            for fault in group["faults"]:
                tests = tuple(
                    test if "::" in test else f"{group['tests']}::{test}" for test in str(fault["test"]).split()
                )
                found.append(Fault(paper, group["file"], fault["what"], fault["old"], fault["new"], tests,
                                   fault.get("survives", "")))  # fmt: skip
    return found


def short(paper: str, entries: Sequence[tuple[str, str, str]], homes: Mapping[str, tuple[str, ...]]) -> list[Fault]:
    """A list of (short name of a module, text, what stands there instead)."""
    return [
        Fault(paper, homes[name][0].format(name), f"{old!r} -> {new!r}", old, new, homes[name][1:])
        for name, old, new in entries
    ]


LISTS: dict[str, list[Fault]] = {
    "contrasfill": written("ContrasFill", "contrasfill"),
    "ganseg": written("GANSeg", "ganseg"),
    "onegan": short("OneGAN", ONEGAN, ONEGAN_HOMES),
    "mscond": short("MsConD", MSCOND, MSCOND_HOMES),
    "nce": short("contrastive losses", NCE, NCE_HOMES),
}
PAPERS = ("contrasfill", "ganseg")
