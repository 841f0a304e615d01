"""DVC as its users know it: the lock in git, push and pull between clones by README's words, experiments, archives."""

import csv
import io
import json
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from stages.retrace.dvc.store import read_yaml
from tests.house.toy_graph import OWN, ROOT
from tests.retrace.shared_tree import GROUP, MODEL, TABLE, VALUES, SharedTree, blocks, for_the_toy

pytestmark = pytest.mark.slow
PUSH, PULL, TRY = blocks("Sharing results with DVC")


@pytest.fixture(scope="module")
def first(tmp_path_factory) -> SharedTree:
    """Built by DVC in part, then shared as README says; never altered."""
    tree = SharedTree(tmp_path_factory.mktemp("first") / "tree")
    done = tree.dvc("repro", GROUP)
    assert done.returncode == 0, done.stdout + done.stderr
    return tree


@pytest.fixture(scope="module")
def shared(first, tmp_path_factory) -> Path:
    """A remote and a bare repository, filled by README's first block."""
    place = tmp_path_factory.mktemp("shared")
    subprocess.run(["git", "clone", "-q", "--bare", str(first.folder), str(place / "git")], check=True)
    first.git("remote", "add", "origin", str(place / "git"))
    first.git("push", "-q", "--set-upstream", "origin", "HEAD")
    assert first.git("status", "--porcelain") == "?? dvc.lock\n", "results lie in DVC, its list waits for git"
    told = first.shell(for_the_toy(PUSH, place / "store"))
    assert told.returncode == 0, told.stdout + told.stderr
    assert first.git("status", "--porcelain") == "" and "dvc.lock" in first.git("ls-files")
    return place


@pytest.fixture()
def second(shared, tmp_path) -> SharedTree:
    """A clone that has seen nothing but git, in a folder whose name has a space."""
    return clone_of(shared, tmp_path / "a clone")


def clone_of(shared: Path, folder: Path) -> SharedTree:
    subprocess.run(["git", "clone", "-q", str(shared / "git"), str(folder)], check=True)
    return SharedTree(folder, made=False)


def test_by_readmes_words_another_clone_has_all_and_nothing_is_left_to_do(first, shared, second):
    told = second.shell(for_the_toy(PULL, shared / "store"))
    assert told.returncode == 0, told.stdout + told.stderr
    assert "adopted 5, not built 5, out of date 0, not as their receipts say 0" in told.stdout
    assert "Nothing to be done" in told.stdout + told.stderr
    made = {name: held for name, held in first.results().items() if "/receipts/" not in name}
    assert made.items() <= second.results().items() and f"{MODEL}/curve.csv" in made
    assert second.dvc("status", "--quiet", GROUP).returncode == 0
    assert second.git("status", "--porcelain") == ""


def test_a_damaged_object_of_the_remote_is_named_and_nothing_is_adopted(first, shared, second, tmp_path):
    """Without `verify` DVC delivers it; adopt reads every byte. With it, as README says, it is made anew."""
    store = shutil.copytree(shared / "store", tmp_path / "store")
    tree = json.loads((store / "files/md5" / _object(first, MODEL)).read_bytes())
    name = next(entry["md5"] for entry in tree if entry["relpath"] == "made.txt")
    spoiled = store / "files/md5" / name[:2] / name[2:]
    spoiled.chmod(0o644)
    spoiled.write_bytes(spoiled.read_bytes()[:-1] + b"#")
    verify = "dvc remote modify --local store verify true\n"
    assert verify in PULL
    told = second.shell(for_the_toy(PULL.replace(verify, ""), store))
    assert told.returncode == 1 and f"{MODEL}/made.txt" in told.stdout and "adopted 0" in told.stdout, told.stdout
    assert second.shell(verify).returncode == 0
    shutil.rmtree(second.path(".dvc/cache"))
    shutil.rmtree(second.path("results"))
    assert second.dvc("pull", "--allow-missing").returncode == 0
    assert not second.path(MODEL, "made.txt").exists() and second.path(TABLE).exists()
    assert second.dvc("repro", "--pull", GROUP).returncode == 0
    assert second.path(MODEL, "made.txt").read_bytes() == first.path(MODEL, "made.txt").read_bytes()


def _object(tree: SharedTree, out: str) -> str:
    outs = [out for stage in read_yaml(tree.path("dvc.lock"))["stages"].values() for out in stage["outs"]]
    name = next(one["md5"] for one in outs if one["path"] == out)
    return f"{name[:2]}/{name[2:]}"


def test_an_experiment_changes_one_key_and_dvc_shows_what_it_did(first, shared, tmp_path):
    """README's third block in a clone; the audit is content, every value and every origin stays."""
    clone = clone_of(shared, tmp_path / "clone")
    assert clone.shell(for_the_toy(PULL, shared / "store")).returncode == 0
    run, *shows = for_the_toy(TRY, shared / "store").splitlines()
    told = clone.shell(run)
    assert told.returncode == 0 and "Ran experiment" in told.stdout, told.stdout + told.stderr
    assert clone.path(TABLE).read_text().endswith("share,0.6667\n")
    before, after = (yaml.safe_load(text)["toy"] for text in (VALUES, clone.path(OWN).read_text()))
    assert after["table"]["base"].pop("digits") == 4 and before["table"]["base"].pop("digits") == 3
    assert before == after
    for comment in ("# supp §1, as printed", "# ours (gap G1), enough", "# ours (gap G2)"):
        assert comment in clone.path(OWN).read_text()
    assert clone.audit(TABLE).findings == []
    said = {line.split()[1]: clone.shell(line) for line in shows}
    assert set(said) == {"params", "metrics", "plots", "exp"}
    assert all(done.returncode == 0 for done in said.values()), said
    assert "toy.table.base.digits  3       4" in said["params"].stdout
    assert all(word in said["metrics"].stdout for word in ("cub.share.plain", "0.667", "0.6667"))
    assert "index.html" in said["plots"].stdout
    shown = clone.dvc("exp", "show", "--csv", "--no-pager").stdout
    lines = {row["rev"]: row for row in csv.DictReader(io.StringIO(shown))}
    assert {row["cub.share.plain"] for row in lines.values()} == {"0.667", "0.6667"}
    assert clone.git("status", "--porcelain").split() == ["M", "dvc.lock", "M", OWN]


def test_metrics_plots_and_artifacts_answer(first, shared, tmp_path):
    """Of what is built; what is not is said and stops nothing. A model has a version by a tag of git."""
    told = first.dvc("metrics", "show", "--json")
    assert told.returncode == 0
    files = json.loads(told.stdout)[""]["data"]
    assert files["results/tables/cub.metrics.json"]["data"] == {"cub": {"share": {"plain": 0.667}}}
    assert "error" in files["results/tables/celebamask_hq.metrics.json"], "not built"
    plots = json.loads(first.dvc("plots", "show", "--json").stdout)["data"]
    terms = plots[f"{MODEL}/curve.csv"][0]["content"]
    assert [row["value"] for row in terms["data"]["values"]] == ["0.0001", "5e-05"] and terms["facet"][
        "field"
    ] == "term"
    assert plots[TABLE][0]["content"]["data"]["values"][0]["ours"] == "0.667"
    clone = SharedTree(shutil.copytree(first.folder, tmp_path / "tagged", symlinks=True), made=False)
    clone.git("tag", "-a", "-m", "first", "toy-cub-0@v1.0.0")
    told = clone.dvc("artifacts", "get", ".", "toy-cub-0", "-o", "model")
    assert told.returncode == 0, told.stderr
    assert clone.path("model/made.txt").read_bytes() == first.path(MODEL, "made.txt").read_bytes()


def test_the_lock_is_the_same_whoever_wrote_it_and_in_which_order(first, tmp_path):
    """DVC's own entries, byte for byte, in the graph's order; whatever ran before, or nothing of DVC's."""
    written = entries(first.path("dvc.lock").read_text())
    other = SharedTree(shutil.copytree(first.folder, tmp_path / "other", symlinks=True), made=False)
    assert other.retrace("adopt").returncode == 0
    adopted = other.path("dvc.lock").read_text()
    assert entries(adopted) == written and "&id" not in adopted
    order = list(read_yaml(other.path("dvc.lock"))["stages"])
    assert order == ["graph", *(stage.name for stage in other.stages() if stage.name in order)]
    lines = sorted(written.items(), reverse=True)
    other.path("dvc.lock").write_text("schema: '2.0'\nstages:\n" + "".join(f"  {key}:\n{text}" for key, text in lines))
    assert other.dvc("status", "--quiet", GROUP).returncode == 0, "another order says the same"
    assert other.retrace("adopt").returncode == 0 and other.path("dvc.lock").read_text() == adopted
    other.path("dvc.lock").unlink()
    shutil.rmtree(other.path(".dvc/cache"))
    assert other.retrace("adopt").returncode == 0 and other.path("dvc.lock").read_text() == adopted


def entries(lock: str) -> dict[str, str]:
    """The text of each stage's entry."""
    found, name = {}, ""
    for line in lock.partition("stages:\n")[2].splitlines(keepends=True):
        if line.startswith("  ") and line[2] != " ":
            name = line.strip().removesuffix(":")
            found[name] = ""
        else:
            found[name] += line
    return found


def test_an_archive_needs_no_git_and_a_plain_copy_says_why(first, tmp_path):
    """git archive writes the setting; DVC works there, and `retrace` and Snakemake in a plain copy too."""
    archive = tmp_path / "archive"
    archive.mkdir()
    subprocess.run(f"git archive HEAD | tar -x -C {archive}", shell=True, check=True, cwd=first.folder)
    there = SharedTree.__new__(SharedTree)
    there.folder = archive
    done = there.dvc("repro", "preflight@cub")
    assert done.returncode == 0, done.stdout + done.stderr
    assert there.dvc("status", "--quiet", "preflight@cub").returncode == 0
    assert there.dvc("metrics", "show").returncode == 0
    shutil.copytree(first.folder, tmp_path / "copy", symlinks=True, ignore=shutil.ignore_patterns(".git"))
    there.folder = tmp_path / "copy"
    refused = there.dvc("status")
    assert refused.returncode and "is not a git repository" in refused.stderr
    assert there.retrace("adopt").returncode == 0 and there.retrace("audit", "--cache", TABLE).returncode == 0
    words = "dvc config --local core.no_scm true"
    assert f"`{words}`" in (ROOT / "README.md").read_text()
    assert there.shell(words).returncode == 0 and there.dvc("status", "--quiet", GROUP).returncode == 0


def test_the_runner_publishes_its_lock_and_a_clone_takes_it(first, shared, tmp_path):
    """gpu.yml's last step in a workspace whose lock is not in git: nothing moves there, the branch brings all."""
    steps = yaml.safe_load((ROOT / ".github/workflows/gpu.yml").read_text())["jobs"]["reproduce"]["steps"]
    share = next(step["run"] for step in steps if step.get("name") == "share")
    work = SharedTree(shutil.copytree(first.folder, tmp_path / "work", symlinks=True), made=False)
    lock = work.path("dvc.lock").read_bytes()
    work.git("rm", "-q", "--cached", "dvc.lock")
    work.git("commit", "-qm", "no lock, as in the repository")
    head = work.git("rev-parse", "HEAD")
    work.git("push", "-q", "--force", "origin", "HEAD:refs/heads/plain")
    for _ in range(2):
        told = work.shell(share, TARGET=GROUP)
        assert told.returncode == 0, told.stdout + told.stderr
    assert (work.git("rev-parse", "HEAD"), work.git("status", "--porcelain")) == (head, "?? dvc.lock\n")
    assert work.git("log", "-1", "--format=%P %s", work.git("ls-remote", "origin", "results").split()[0]) == (
        f"{head.strip()} dvc.lock after {GROUP}\n"
    )
    clone = clone_of(shared, tmp_path / "clone")
    clone.git("checkout", "-q", "plain")
    assert not clone.path("dvc.lock").exists()
    clone.git("fetch", "-q")
    clone.git("checkout", "origin/results", "--", "dvc.lock")
    assert clone.path("dvc.lock").read_bytes() == lock
    told = clone.shell(for_the_toy(PULL, shared / "store").partition("\n")[2])
    assert told.returncode == 0 and "Nothing to be done" in told.stdout + told.stderr, told.stdout + told.stderr
