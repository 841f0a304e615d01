"""Parameters: every number has an origin, every stage's layers make its block, in every profile."""

import importlib
import re

import pytest
import yaml

from stages import homes
from stages.runner import layers, params
from tests.house.resolved import PROFILES, ROOT, arguments_of, modules_of, stages_here, stages_in

ORIGIN = re.compile(r"^(supp\b|main\b|code\b|known\b|ours\b)")
VERBS = sorted({stage.cmd.split()[3].removeprefix("stages.") for stage in stages_here()})


def bases(values: dict, path: tuple[str, ...] = ()):
    for key, value in values.items():
        if key == "base":
            yield ".".join((*path, key)), value
        elif isinstance(value, dict):
            yield from bases(value, (*path, key))


def test_every_key_of_a_base_names_its_origin():
    comments = layers.comments(homes.files(ROOT), ROOT)
    wrong = []
    for name, content in bases(params.load(ROOT)):
        wrong += [f"{name}.{key}" for key in content if not ORIGIN.match(comments.get(f"{name}.{key}", ""))]
    assert not wrong, f"no origin (supp §…, main §…, code, known, ours) behind {wrong}"


@pytest.mark.parametrize("paper", homes.papers(ROOT))
def test_every_gap_named_with_a_number_is_listed(paper):
    """A paper's numbers name its own gaps; what papers share names those of the paper that needed it first."""
    shared = (homes.SHARED, f"{homes.PIECES}/") if paper == "contrasfill" else ()
    own = [file for file in homes.files(ROOT) if file.startswith((f"stages/papers/{paper}/", *shared))]
    text = "".join((ROOT / file).read_text(encoding="utf-8") for file in own)
    named = set(re.findall(r"\bgap (G\d+)\b", text))
    listed = yaml.safe_load((ROOT / "stages/papers" / paper / "gaps.yaml").read_text(encoding="utf-8"))
    missing = named - {entry["id"] for entry in listed}
    assert named and not missing, f"gaps without an entry in gaps.yaml: {sorted(missing)}"


def test_each_paper_has_numbers_of_its_own():
    papers = {path.name for path in (ROOT / "stages/papers").iterdir() if (path / "gaps.yaml").is_file()}
    assert set(homes.papers(ROOT)) == papers


def test_the_file_at_the_root_holds_the_profile_alone():
    """Every stage's parameters but this word stand in short files, which DVC parses one by one."""
    assert list(params.read(ROOT / homes.SHARED)) == ["profile"]


def test_no_file_is_long():
    """DVC parses the whole file for each stage that reads a line of it."""
    sizes = {file: (ROOT / file).stat().st_size for file in homes.files(ROOT)}
    assert not {file: size for file, size in sizes.items() if size > 7_000}, "make a folder of it, a file for each key"


@pytest.mark.parametrize("profile", PROFILES)
def test_layers_make_every_stage_its_block(profile):
    """Every profile and stage: the layers exist, merge, and give exactly the keys that the stage's Block declares."""
    stages = stages_in(profile)
    values = params.load(ROOT)
    for stage in stages:
        verb, arguments = arguments_of(stage)
        module = importlib.import_module(modules_of(verb, arguments)[0])
        merged = layers.merge(values, arguments.layers)
        layers.validate(module.Block, merged, arguments.layers)


@pytest.mark.parametrize("profile", PROFILES)
def test_commands_agree_with_what_the_engines_are_told(profile):
    """Layers in the command are the params listed; inputs and the lock are what it depends on; --out is the output."""
    for stage in stages_in(profile):
        _, arguments = arguments_of(stage)
        assert list(stage.params) == list(arguments.layers), stage.name
        inputs = {path.as_posix() for path in arguments.inputs.values()}
        assert set(stage.deps) == inputs | {"envs/core.lock"}, stage.name
        if arguments.files:
            outs = {f"{arguments.out}.{suffix}" for suffix in arguments.files}
            outs.add(f"results/receipts/{arguments.out.name}.json")
        else:
            outs = {arguments.out.as_posix()}
        assert set(stage.outs) == outs, stage.name


def test_profiles_have_the_same_graph_but_for_paths():
    """The shape never depends on the profile."""
    shapes = []
    for profile in PROFILES:
        stages = stages_in(profile)
        shapes.append([(stage.name, [dep.replace(f"/{profile}/", "/*/") for dep in stage.deps]) for stage in stages])
    assert all(shape == shapes[0] for shape in shapes)
