"""docs/use.md followed to the letter: each command as it is printed, and the lines of Python."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.house.resolved import ROOT
from tests.retrace.own_models import hole, photo, put_extractor, put_model

DOCUMENT = (ROOT / "docs/use.md").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")
STORE = "results/store/demo"
BUILT = {
    "contrasfill/contrasfill_face_0": "contrasfill", "ganseg/segmenter_celeba_wild_main": "segmenter",
    "monce/contrast_horses_monce": "contrast", "onegan/gan_bird_boxes_0": "onegan",
    "mscond/city_scenes_s1_16_on_0": "mscond",
}  # fmt: skip


def block(language: str) -> str:
    """The first block of code in a language."""
    found = re.search(rf"^```{language}\n(.*?)^```$", DOCUMENT, re.MULTILINE | re.DOTALL)
    assert found, language
    return found[1]


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Path:
    """A project's folder with the models that the document names, and a user's photos and masks."""
    folder, before = tmp_path_factory.mktemp("project"), os.getcwd()
    for name in ("stages", "envs", "params.yaml", "dvc.yaml", "Snakefile"):
        (folder / name).symlink_to(ROOT / name)
    os.chdir(ROOT)
    for place, kind in BUILT.items():
        put_model(folder / STORE / "model" / place, kind)
    put_extractor(folder / STORE / "teacher/scorer")
    os.chdir(before)
    for number in range(5):
        for place, pixels in (("photos", photo(number, 96, 80)), ("masks", hole(96, 80))):
            (folder / place).mkdir(exist_ok=True)
            Image.fromarray(pixels).save(folder / place / f"{number}.png")
    return folder


def run(words: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    return subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, timeout=300)


def test_each_command_runs_as_it_is_printed(project):
    """Of these models only the folders are here, so that trace says that nothing before them is."""
    lines = block("").splitlines()
    assert len(lines) == 8
    section = README.partition("\n## Use a trained model\n")[2].partition("\n## ")[0]
    assert re.findall(r"^retrace .*$", section, re.MULTILINE) == lines[:1], "README shows the first of them"
    for line in lines:
        done = run(line.split(), project)
        assert done.returncode == (1 if line.startswith("retrace trace") else 0), line + done.stderr
        assert "Traceback" not in done.stderr
    made = {path.name: len(list((path / "made").iterdir())) for path in project.iterdir() if (path / "made").is_dir()}
    assert made == {"filled": 20, "parts": 10, "zebras": 5, "objects": 10, "streets": 16}


def test_the_lines_of_python_run_as_they_are_printed(project, tmp_path):
    code = block("python").replace('"filled"', f'"{tmp_path}/filled"')
    assert len([line for line in code.splitlines() if line]) == 5 and "filled" in code
    done = run([sys.executable, "-c", code], project)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0] == "0_0 (32, 32, 3)" and len(done.stdout.splitlines()) == 20
    assert np.array(Image.open(tmp_path / "filled/made/4_3.png")).shape == (32, 32, 3)


def test_every_word_of_the_commands_is_documented():
    from stages.retrace import own

    said = {name for name in own.use.__annotations__ | own.score.__annotations__ if name not in ("return", "as_json")}
    assert [
        name for name in sorted(said - {"threads", "folder", "model", "photos"}) if f"--{name}" not in DOCUMENT
    ] == []
