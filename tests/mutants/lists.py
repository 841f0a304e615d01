"""All lists of planted faults by name."""

from stages import yaml_text
from tests.mutants.fault import ROOT, Fault


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


LISTS: dict[str, list[Fault]] = {
    "contrasfill": written("ContrasFill", "contrasfill"),
    "ganseg": written("GANSeg", "ganseg"),
    "onegan": written("OneGAN", "onegan"),
    "mscond": written("MsConD", "mscond"),
    "nce": written("contrastive losses", "nce"),
    "own": written("files of one's own", "own"),
}
PAPERS = ("contrasfill", "ganseg")
