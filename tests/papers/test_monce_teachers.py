"""MoNCE's teachers: their parameters in every profile, what must be supplied, and the smoke profile's stages."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from stages.data import needs
from stages.data.prepared.packed import Extra, Index, Row, write_packed
from stages.engine.session import Session
from stages.engine.world import World
from stages.nets.encoders.load import load_encoder
from stages.runner.layers import layer, merge, validate
from stages.runner.params import load
from stages.teachers import scorer, segmenter
from tests.house.resolved import PROFILES, ROOT

PARAMS = load(ROOT)
WHO = ("scorer", "vgg16", "vgg19")
JUDGES = ("judge_horses", "judge_street", "judge_rooms")
# Splits, the column of kinds, and the array of labels of each set, as the packs have them.
UNPAIRED = ["teachA", "teachB", "testA", "testB", "trainA", "trainB"]
PAIRED = ["teach", "test", "train"]
SETS = {
    "horses": (UNPAIRED, "scene", "truth", 2),
    "seasons": (UNPAIRED, "scene", "truth", 2),
    "street": (UNPAIRED, "scene", "truth", 19),
    "rooms": (PAIRED, "kind", "labels", 13),
    "people": (PAIRED, "kind", "truth", 2),
}


def names_of(who: str, profile: str) -> tuple[str, str]:
    return f"monce.teacher.{who}.base", f"monce.teacher.{who}.profile.{profile}"


def block_of(who: str, profile: str):
    module = segmenter if who in JUDGES else scorer
    return validate(module.Block, merge(PARAMS, names_of(who, profile)), names_of(who, profile))


def packed(folder: Path, name: str, side: int) -> Path:
    """Four pictures of two kinds for each split, half of each of one class and half of another, with a void row."""
    splits, column, array, classes = SETS[name]
    draw = np.random.default_rng(len(name))
    keys = [f"{split}/{number}" for split in splits for number in range(4)]

    def rows():
        for key in keys:
            image = draw.integers(0, 256, (side, side, 3)).astype(np.uint8)
            labels = np.zeros((side, side), np.uint8)
            labels[:, side // 2 :], labels[0] = classes - 1, 255
            digest = hashlib.sha256(image.tobytes()).hexdigest()
            yield Row(key, image, None, "made", digest, {array: labels})

    kinds = np.array([int(key[-1]) % 2 for key in keys])
    found = Index([key.split("/")[0] for key in keys], ("testA",), {column: kinds}, {column: ["one", "other"]})
    (folder / name).mkdir(parents=True)
    extras = {array: Extra((side, side), "|u1")}
    write_packed(folder / name, name, side, False, rows(), lambda _: found, extras=extras)
    return folder / name


@pytest.fixture
def data(tmp_path) -> dict[str, Path]:
    """The drawn sets, those in pairs larger than the others."""
    return {name: packed(tmp_path / "data", name, 32 if name in ("rooms", "people") else 24) for name in SETS}


@pytest.mark.parametrize("who", [*WHO, *JUDGES])
@pytest.mark.parametrize("profile", PROFILES)
def test_drawn_sets_teach_and_real_ones_need_the_user_s_files(who, profile):
    block, drawn = block_of(who, profile), profile in ("demo", "smoke")
    names = names_of(who, profile)
    missing = needs.missing({name: layer(PARAMS, name) for name in names})
    if drawn or who == "judge_horses":
        assert block.source == "taught" and not block.file and not missing
    else:
        assert block.source == "file"
        files = [key for key in ("file", "alexnet_file", "decoder_file") if getattr(block, key, "")]
        assert len(missing) == len(files) == (2 if block.architecture in ("inception_and_alexnet", "upernet101") else 1)
        assert all(getattr(block, key) in text for key, text in zip(files, missing, strict=True))
    if who in JUDGES:
        assert block.enabled is (drawn or who != "judge_horses")
    if profile == "smoke":
        assert block.iterations == 2


def test_at_the_paper_s_scale_published_networks_measure_and_judge():
    found = {who: block_of(who, "paper").architecture for who in (*WHO, *JUDGES) if who != "judge_horses"}
    assert found == {
        "scorer": "inception_and_alexnet", "vgg16": "vgg16", "vgg19": "vgg19", "judge_street": "drn_d_105",
        "judge_rooms": "upernet101",
    }  # fmt: skip
    assert (block_of("judge_street", "paper").classes, block_of("judge_rooms", "paper").classes) == (19, 150)


@pytest.mark.parametrize("profile", ["demo", "smoke"])
def test_the_packs_hold_what_the_judges_are_taught_on(profile):
    """Classes and sides as the drawn packs have them; photos alone teach the judge of streets."""
    rooms = merge(PARAMS, ("rooms.base", f"rooms.profile.{profile}"))
    assert block_of("judge_rooms", profile).classes == len(rooms["classes"]) + 1
    for who in JUDGES:
        block, (splits, _, array, classes) = block_of(who, profile), SETS[who.removeprefix("judge_")]
        assert (block.labels, block.classes) == (array, classes)
        assert {*block.splits, *block.held_out} <= set(splits)
        assert all(split.startswith("teach") for split in block.splits)
        assert all(split.startswith("test") for split in block.held_out)
    assert block_of("judge_street", profile).splits == ("teachA",)


def taught(who: str, data: dict[str, Path], out: Path) -> dict:
    """Teaches as the smoke profile does, without the runner, and gives encoder.json."""
    out.mkdir()
    session = Session(World.single(), out, out.parent / f"resume_{out.name}", lambda: False, lambda *_: None)
    module, inputs = (segmenter, {"data": data["street"]}) if who in JUDGES else (scorer, data)
    module.teach(block_of(who, "smoke"), inputs, session)
    return json.loads((out / "encoder.json").read_text())


def test_networks_that_measure_and_networks_that_teach_are_not_one(tmp_path, data):
    """Three encoders, none with the weights of another."""
    digests = set()
    for who in WHO:
        facts = taught(who, data, tmp_path / who)
        digests.add(load_encoder(tmp_path / who).digest)
        assert facts["classes"] == 2 * len(data) and facts["view"]["size_px"] == 32
        taught_on = {part["set"]: (part["column"], part["images"]) for part in facts["taught_on"]}
        assert taught_on == {name: (SETS[name][1], 8 if SETS[name][0] is UNPAIRED else 4) for name in SETS}
    assert len(digests) == 3


def test_teaching_imports_no_torchvision(tmp_path, data):
    script = """
import sys
from pathlib import Path
from tests.papers.test_monce_teachers import SETS, taught
folder = Path(sys.argv[1])
for who in ("vgg16", "judge_street"):
    print(taught(who, {name: folder / "data" / name for name in SETS}, folder / who)["source"])
print(sorted({"torchvision", "torch_fidelity", "lpips", "detectron2"} & {name.split(".")[0] for name in sys.modules}))
"""
    words = [sys.executable, "-c", script, str(tmp_path)]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.stdout.split() == ["taught", "taught", "[]"], done.stderr[-800:]


@pytest.mark.parametrize("profile", ["lite", "paper"])
def test_nobody_judges_real_horses_and_that_costs_no_torch(tmp_path, profile):
    for name in ("stages", "envs", "params.yaml"):
        (tmp_path / name).symlink_to(ROOT / name)
    out = f"results/store/{profile}/teacher/monce_judge_horses"
    words = ["-X", "importtime", "-m", "stages.teach", "--what", "segmenter", "--block"]
    words += [*names_of("judge_horses", profile), "--out", out, "--threads", "1"]
    done = subprocess.run([sys.executable, *words], cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-800:]
    assert sorted(path.name for path in (tmp_path / out).iterdir()) == ["not_run.json", "receipt.json"]
    lines = [line for line in done.stderr.splitlines() if line.startswith("import time")]
    packages = {line.rsplit("|", 1)[-1].strip().split(".")[0] for line in lines}
    assert "stages" in packages and "torch" not in packages
