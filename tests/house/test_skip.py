"""Runs that a profile leaves out: they stay stages, say so, and cost no torch."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from stages.runner.receipt import verify_output
from stages.runner.skip import reason_to_skip, write_skipped

ROOT = Path(__file__).resolve().parents[2]
GAN = [
    *("ganseg.common.base", "ganseg.generator.base", "ganseg.gan.base", "ganseg.common.profile.lite"),
    *("ganseg.generator.profile.lite", "ganseg.gan.profile.lite", "ganseg.runs.lite.cub_masks.n3"),
]
SEGMENTER = [f"ganseg.{part}.{layer}" for layer in ("base", "profile.lite") for part in ("common", "segmenter")]


@pytest.fixture
def project(tmp_path) -> Path:
    """The real stages in a folder of their own."""
    for name in ("stages", "envs", "params.yaml"):
        (tmp_path / name).symlink_to(ROOT / name)
    return tmp_path


def run(project: Path, method: str, layers: list[str], inputs: list[str], out: str) -> subprocess.CompletedProcess:
    words = ["-m", "stages.train", "--paper", "ganseg", "--method", method, "--seed", "0", "--block", *layers]
    words += (["--in", *inputs] if inputs else []) + ["--out", out, "--threads", "1"]
    return subprocess.run(
        [sys.executable, "-X", "importtime", *words], cwd=project, capture_output=True, text=True, timeout=120
    )


def test_a_disabled_run_and_what_follows_it_are_not_run(project):
    first = run(project, "gan", GAN, [], "results/store/model")
    assert first.returncode == 0, first.stderr[-500:]
    made = project / "results/store/model"
    assert sorted(path.name for path in made.iterdir()) == ["not_run.json", "receipt.json"]
    said = json.loads((made / "not_run.json").read_text())
    assert said == {"stage": "results/store/model", "reason": "enabled: false in this profile"}
    second = run(project, "segmenter", SEGMENTER, ["model=results/store/model"], "results/store/segmenter")
    assert second.returncode == 0, second.stderr[-500:]
    said = json.loads((project / "results/store/segmenter/not_run.json").read_text())
    assert said["reason"] == "input model was not run"
    for done in (first, second):
        modules = [
            line.rsplit("|", 1)[-1].strip() for line in done.stderr.splitlines() if line.startswith("import time")
        ]
        assert "stages.runner.main" in modules and not [name for name in modules if name.split(".")[0] == "torch"]
    receipt = json.loads((made / "receipt.json").read_text())
    assert receipt["params"]["enabled"] is False and set(receipt["outputs"]) == {"not_run.json"}


def test_receipts_of_runs_left_out_are_checked_like_others(project, monkeypatch):
    run(project, "gan", GAN, [], "results/store/model")
    monkeypatch.chdir(project)
    receipt = Path("results/store/model/receipt.json")
    assert verify_output(receipt) == []
    Path("results/store/model/not_run.json").write_text("{}")
    assert verify_output(receipt) == ["results/store/model: not_run.json has other bytes than its receipt says"]


def test_of_inputs_that_are_named_alike_one_that_was_run_is_enough(tmp_path):
    for name in ("model_a", "model_b", "data"):
        (tmp_path / name).mkdir()
    inputs = {name: tmp_path / name for name in ("model_a", "model_b", "data")}
    write_skipped(inputs["model_a"], "some/stage", "because")
    assert reason_to_skip({}, inputs, follows=True) == "input model_a was not run"
    assert reason_to_skip({}, inputs, follows=True, some="model") is None
    write_skipped(inputs["data"], "some/stage", "because")
    assert reason_to_skip({}, inputs, follows=True, some="model") == "input data was not run"
    write_skipped(inputs["model_b"], "some/stage", "because")
    assert reason_to_skip({}, inputs, follows=True, some="model") == "no input model… was run"
    assert reason_to_skip({}, inputs, follows=False, some="model") is None


def test_a_spare_input_that_was_not_run_leaves_nothing_out(tmp_path):
    for name in ("model", "judge"):
        (tmp_path / name).mkdir()
    inputs = {name: tmp_path / name for name in ("model", "judge")}
    write_skipped(inputs["judge"], "some/stage", "because")
    assert reason_to_skip({}, inputs, follows=True) == "input judge was not run"
    assert reason_to_skip({}, inputs, follows=True, spare=("judge",)) is None
    assert reason_to_skip({}, inputs, follows=True, some="model", spare=("judge",)) is None
    write_skipped(inputs["model"], "some/stage", "because")
    assert reason_to_skip({}, inputs, follows=True, spare=("judge",)) == "input model was not run"
    assert reason_to_skip({"enabled": False}, inputs, follows=True, spare=("judge", "model")) is not None


@pytest.mark.parametrize("enabled", [True, None, "no", 0])
def test_only_a_plain_false_leaves_a_run_out(enabled):
    """Anything else is left to the block, which refuses what is no truth value."""
    assert reason_to_skip({"enabled": enabled}, {}, follows=True) is None


def test_only_stages_that_follow_are_left_out_with_their_input(tmp_path):
    write_skipped(tmp_path, "some/stage", "because")
    assert reason_to_skip({}, {"model": tmp_path}, follows=True) == "input model was not run"
    assert reason_to_skip({}, {"model": tmp_path}, follows=False) is None
    assert reason_to_skip({}, {"model": tmp_path / "absent"}, follows=True) is None
