"""Table 1 and a stage of each further paper from raw data, two steps of everything, under Snakemake, and the same but
for two thirds of the table under DVC: equal bytes, nothing to do afterwards, and a changed key makes exactly its
descendants stale."""

import csv
import json
import re
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import PurePosixPath

import numpy as np
import pytest
from PIL import Image

from stages import graph
from stages.data.prepared.packed import Packed
from stages.graph import Stage
from stages.papers.contrasfill.sampled import read_samples
from tests.house.engines import planned_jobs
from tests.pipeline.checkout import ROOT, Checkout
from tests.pipeline.hermetic import Alone, alone, one_of_each_kind
from tests.retrace.traced import untraced

pytestmark = pytest.mark.slow
TARGET = "results/tables/table1.csv"
GROUP = "contrasfill_table1"
# What DVC builds of Table 1: all four methods on birds. With each stage it writes the whole dvc.lock anew, so that a
# stage costs it more the more stages there are.
MEASURE = "contrasfill_measure@bird-0"
# Of each paper, a stage with a training before or in it; of the further papers ones with few stages before them.
BUILT = {
    "contrasfill": GROUP,
    "ganseg": "ganseg_fig12",
    "monce": "monce_contrast@horses-monce",
    "onegan": "onegan_gan@bird_boxes-0",
    "mscond": "mscond_sample@city_scenes-s1_16_on",
}
BY_DVC = [MEASURE, *(name for name in BUILT.values() if name != GROUP)]


@pytest.fixture(scope="module")
def runs(tmp_path_factory) -> dict[str, Checkout]:
    """The smoke run by each engine, each in its own copy, both at once since DVC uses one core."""
    copies = {name: Checkout(tmp_path_factory.mktemp(name), "smoke") for name in ("snakemake", "dvc")}
    outs = [stage.outs[0] for stage in graph.find(graph.load(copies["dvc"].folder), BUILT.values())]
    with ThreadPoolExecutor(2) as pool:
        by_snakemake = pool.submit(copies["snakemake"].call, "snakemake", "--cores", "2", *outs)
        by_dvc = pool.submit(copies["dvc"].call, "dvc", "repro", *BY_DVC)
        for done in (by_snakemake.result(), by_dvc.result()):
            assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return copies


def test_engines_give_equal_bytes(runs):
    """Outputs and receipts, of every stage that DVC made, trainings of every paper among them."""
    one, other = runs["snakemake"].results(), runs["dvc"].results()
    assert [name for name in other if one.get(name) != other[name]] == []
    assert other.keys() < one.keys() and TARGET in one
    needed = list(graph.ancestors(graph.load(runs["dvc"].folder), BY_DVC))
    for paper in BUILT:
        assert any(f"--paper {paper}" in stage.cmd and "stages.train" in stage.cmd for stage in needed), paper
    receipts = sum(name.endswith("/receipt.json") for name in other)
    assert receipts == sum(not stage.final for stage in needed), "every stage ran"


def test_every_stage_left_a_receipt_that_chains_to_its_inputs(runs):
    """From the table to raw data: each input of a receipt is the output of another receipt, or a source file."""
    copy = runs["snakemake"]
    receipts = {}
    for name, content in copy.results().items():
        if name.endswith("/receipt.json"):
            receipts[name.removesuffix("/receipt.json")] = json.loads(content)
    table = json.loads(copy.results()["results/receipts/table1.json"])
    waiting, seen = [table], set()
    while waiting:
        for entry in waiting.pop()["inputs"].values():
            if entry["receipt"] is None:
                assert entry["path"].startswith("stages/"), f"{entry['path']} came from no stage and is no source file"
            elif entry["path"] not in seen:
                seen.add(entry["path"])
                waiting.append(receipts[entry["path"]])
    assert {"results/store/smoke/raw/celebamask_hq", "results/store/smoke/raw/lsun_bird"} <= seen


def test_nothing_is_left_to_do(runs):
    copy = runs["snakemake"]
    done = copy.call("snakemake", "--cores", "2", TARGET)
    assert done.returncode == 0 and "Nothing to be done" in done.stdout + done.stderr
    done = runs["dvc"].call("dvc", "repro", MEASURE)
    assert done.returncode == 0 and "Running stage" not in done.stdout


def test_after_adopt_the_other_engine_has_nothing_to_do(runs):
    (measured,) = graph.find(graph.load(runs["dvc"].folder), [MEASURE])
    for copy in runs.values():
        done = copy.call("python", "-m", "stages.retrace.main", "adopt", MEASURE)
        assert done.returncode == 0, done.stdout + done.stderr
    done = runs["snakemake"].call("dvc", "repro", MEASURE)
    assert done.returncode == 0 and "Running stage" not in done.stdout, done.stdout
    done = runs["dvc"].call("snakemake", "-n", measured.outs[0])
    assert "Nothing to be done" in done.stdout + done.stderr, done.stdout


def test_a_changed_key_makes_its_descendants_stale_and_nothing_else(runs):
    """One key of CoModGAN: its models, their samples, the scores and the table; no other method, no data."""
    copy = runs["snakemake"]
    stages = graph.load(copy.folder)
    copy.edit(
        "stages/papers/contrasfill/params/comodgan.yaml", r"(?m)^      style_mixing: 0\.5", "      style_mixing: 0.4"
    )
    done = copy.call("snakemake", "-n", TARGET)
    copy.edit(
        "stages/papers/contrasfill/params/comodgan.yaml", r"(?m)^      style_mixing: 0\.4", "      style_mixing: 0.5"
    )
    needed = {stage.name: stage for stage in graph.ancestors(stages, [TARGET])}
    made = graph.producer(stages)
    stale = {name for name, stage in needed.items() if "contrasfill.comodgan.base" in stage.params}
    assert len(stale) == 3
    while True:
        more = {n for n, s in needed.items() if any(d in made and made[d].name in stale for d in s.deps)} - stale
        if not more:
            break
        stale |= more
    assert planned_jobs(done.stdout + done.stderr) == {needed[name].rule_name for name in stale}


@pytest.mark.parametrize("method", ["contrasfill", "comodgan", "collagegan", "batfill"])
def test_a_trained_model_fills_photos_as_the_verb_sample_does(runs, method, tmp_path):
    """The photos of its own test split, given as files: the same bytes, and a trace down to raw data."""
    copy, place = runs["snakemake"], f"contrasfill/{method}_face_0"
    store = copy.folder / "results/store/smoke"
    sampled = read_samples(store / "sample" / place)
    data = Packed.open(store / "data/face")
    keys = [data.keys[position] for position in sampled.several]
    for position, key in zip(sampled.several, keys, strict=True):
        for kind, pixels in (("photos", data.images[position]), ("masks", data.needed_masks()[position] * 255)):
            (tmp_path / kind).mkdir(exist_ok=True)
            Image.fromarray(np.asarray(pixels)).save(tmp_path / kind / f"{key}.png")
    words = ["python", "-m", "stages.retrace.main"]
    samples, out = sampled.facts["samples"], tmp_path / "out"
    given = [str(tmp_path / kind) for kind in ("photos", "masks")]
    done = copy.call(*words, "use", f"results/store/smoke/model/{place}", given[0], "--mask", given[1],
                     "--codes", str(samples), "--out", str(out))  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    for row, key in enumerate(keys):
        for number in range(samples):
            made = np.array(Image.open(out / f"made/{key}_{number}.png"))
            assert np.array_equal(made, sampled.multiple[row, number]), f"{key}, sample {number}"
    done = copy.call(*words, "trace", str(out), "--json")
    answer = json.loads(done.stdout)
    assert done.returncode == 0 and answer["trusted"] and not answer["lost"]
    assert {"drawn here", "user's file"} <= {root["kind"] for root in answer["roots"]}
    done = copy.call(*words, "audit", str(out))
    assert done.returncode == 0 and "audited with everything before it" in done.stdout, done.stdout


@pytest.mark.parametrize(
    ("place", "words", "made"),
    [
        ("ganseg/segmenter_celeba_wild_main", ["photos"], 2),
        ("monce/contrast_horses_monce", ["photos"], 1),
        ("onegan/gan_bird_boxes_0", ["photos"], 2),
        ("mscond/city_scenes_s1_16_on_0", ["--count", "2"], 2),
    ],
)
def test_a_trained_model_of_each_further_paper_is_used(runs, place, words, made, tmp_path):
    copy = runs["snakemake"]
    (tmp_path / "photos").mkdir()
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (80, 96, 3), np.uint8)).save(tmp_path / "photos/a.png")
    words = [str(tmp_path / word) if word == "photos" else word for word in words]
    command = ["python", "-m", "stages.retrace.main", "use", f"results/store/smoke/model/{place}", *words]
    done = copy.call(*command, "--out", str(tmp_path / "out"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(list((tmp_path / "out/made").iterdir())) == made
    done = copy.call("python", "-m", "stages.retrace.main", "trace", str(tmp_path / "out"), "--json")
    assert done.returncode == 0 and json.loads(done.stdout)["trusted"], done.stdout


def test_table_says_what_it_is(runs):
    """36 rows, ours beside the printed value, stamped with the profile; no demo-named metric poses as a printed one."""
    with (runs["snakemake"].folder / TARGET).open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert {row["profile"] for row in rows} == {"smoke"}
    assert {(row["method"], row["dataset"]) for row in rows} >= {("contrasfill", "face"), ("batfill", "car")}
    for row in rows:
        assert row["metric"] not in ("FID", "LPIPS"), "smoke has no Inception and no AlexNet"


@pytest.fixture(scope="module")
def alone_in_trees(runs, tmp_path_factory) -> list[Alone]:
    """Each kind of stage with only declared code, parameters and inputs at hand; strace watches one of each verb."""
    copy, folder = runs["snakemake"], tmp_path_factory.mktemp("alone")
    stages = list(graph.load(copy.folder))
    built = {stage.name for stage in graph.ancestors(stages, BUILT.values())}
    chosen = one_of_each_kind(stages, built, most=9)
    others = [stage.outs[0] for stage in chosen if stage.name not in built]
    done = copy.call("snakemake", "--cores", "2", *others)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    made = graph.producer(stages)
    verbs = {stage.cmd.split()[3]: stage.name for stage in reversed(chosen)}
    watched = set(verbs.values()) if shutil.which("strace") else set()

    def run(pair: tuple[int, Stage]) -> Alone:
        return alone(copy, pair[1], folder / str(pair[0]), made, pair[1].name in watched)

    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(run, enumerate(chosen)))


def test_each_stage_runs_in_a_tree_of_its_declared_dependencies_alone(alone_in_trees):
    """Hermetic: equal bytes."""
    assert len(alone_in_trees) > 40
    assert [line for one in alone_in_trees for line in one.differs] == []


@pytest.mark.skipif(
    shutil.which("strace") is None, reason="strace is not installed: what stages open cannot be watched"
)
def test_each_stage_opens_only_what_it_declares(alone_in_trees):
    """Nor anything outside its tree; test_declared_access.py shows that what is opened is seen."""
    assert len({one.verb for one in alone_in_trees} - {""}) > 8
    assert [line for one in alone_in_trees for line in one.opened] == []


def test_stages_import_only_what_they_need(runs):
    """Importing torch costs seconds, torchvision more: the run logs agree with what dvc.yaml declares."""
    made = graph.producer(graph.load(runs["snakemake"].folder))
    declared = {str(PurePosixPath(out).with_suffix("")): "torch" in stage.resources for out, stage in made.items()}
    loaded = {}
    for path in (runs["snakemake"].folder / ".work/runs").glob("*.jsonl"):
        record = json.loads(path.read_text(encoding="utf-8").splitlines()[-1])
        loaded[record["stage"]] = record["versions"]
    with_torch = {stage for stage, versions in loaded.items() if "torch" in versions}
    assert {stage for stage in with_torch if not declared[stage]} == set()
    needing = {
        (stage.cmd.split()[3], stage.name.split("@")[0]) for stage in made.values() if "torch" in stage.resources
    }
    assert not {verb for verb, _ in needing} & {"stages.preflight", "stages.render", "stages.prepare"}
    tables = {name for verb, name in needing if verb == "stages.tabulate"}
    assert tables == {"onegan_layers", "mscond_table1", "mscond_table_cost"}, "they count the layers of built nets"
    with_torchvision = {stage.split("smoke/")[-1] for stage, versions in loaded.items() if "torchvision" in versions}
    assert all(stage.startswith(("score/", "detections/")) or stage == "teacher/detector" for stage in with_torchvision)
    assert len(loaded) > 50 and with_torch and with_torchvision, "every stage left its log"


def test_every_target_traces_to_raw_data(runs):
    assert untraced(runs["snakemake"].folder) == {}


def test_paper_profile_without_user_data_stops_before_any_job(tmp_path):
    """The expected layout is in the message, under both engines; nothing was made.

    DVC goes through the graph in another order in each process, so it may come to the one preflight that is met before
    one that is not: the paper's detector is detectron2, and torchvision's needs no weights. What its first stage writes
    says that the graph is fresh, whatever the profile.
    """
    copy = Checkout(tmp_path, "paper")
    listed = copy.call("snakemake", "-n", TARGET)
    assert listed.returncode == 0 and len(planned_jobs(listed.stdout + listed.stderr)) > 40
    done = copy.call("snakemake", "--cores", "2", TARGET)
    assert done.returncode != 0
    for word in ("CelebA-HQ-img", "data/lsun_bird", "CUB_200_2011", "model_ir_se50.pth"):
        assert word in done.stdout + done.stderr
    assert not (copy.folder / "results").exists()
    done = copy.call("dvc", "repro", GROUP)
    assert done.returncode != 0 and "User data is missing" in done.stdout + done.stderr
    made = {path.relative_to(copy.folder).as_posix() for path in (copy.folder / "results").rglob("*") if path.is_file()}
    met = "results/store/paper/preflight/detector"
    made -= {f"{met}/preflight.json", f"{met}/receipt.json", f"results/receipts/current/{met.replace('/', '~')}"}
    made -= {"results/graph.json"}
    kept = {name for name in made if re.fullmatch(r"results/receipts/[0-9a-f]{64}\.json", name)}
    assert all(json.loads((copy.folder / name).read_text())["stage"] == met for name in kept)
    assert {name for name in made - kept if not name.endswith(".gitignore")} == set(), "DVC stops at a preflight"


def test_the_copy_is_what_the_checkout_holds(runs):
    assert (runs["dvc"].folder / "Snakefile").read_bytes() == (ROOT / "Snakefile").read_bytes()
