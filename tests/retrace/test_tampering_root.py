"""What only somebody finds who holds a root or a revision: a chain that was made anew after an alteration."""

import json
import shutil

import pytest

from stages.runner import receipt
from stages.runner.code import Code
from tests.house.toy_graph import OWN
from tests.retrace.toy_tree import MODEL, MODELS, RAW

TABLE = "results/tables/cub"


def altered_model(tree):
    tree.alter(f"{MODEL}/made.txt")
    tree.forge(MODEL)


def altered_raw(tree):
    tree.alter(f"{RAW}/made.txt")
    tree.forge(RAW)


def altered_table(tree):
    tree.alter(f"{TABLE}.csv")
    tree.forge(TABLE)


def altered_picture(tree):
    """With the fingerprint that its receipt has, so the picture agrees too."""
    tree.alter("results/figures/fig.png", b"\x07", -30 + tree.path("results/figures/fig.png").stat().st_size)
    tree.forge("results/figures/fig")


def altered_parameter(tree):
    """A lie about how the model was made: parameter, receipts, graph."""
    tree.edit(OWN, "rate: 1.0e-4", "rate: 5.0e-4")
    for out in [f"{MODELS}/{name}_{seed}" for name in ("cub", "celebamask_hq") for seed in (0, 1)]:
        tree.rewrite(out, keep=True, params={**tree.receipt(out)["params"], "rate": 5e-4})
    for out in (TABLE, "results/tables/celebamask_hq", "results/figures/fig"):
        tree.forge(out)


def altered_code(tree):
    """Other code under the digest of other code, everywhere."""
    path = tree.path("stages/render.py")
    path.write_text(path.read_text().replace("* 9", "* 8 + b'render'"))
    sha256 = receipt.file_digest(path)
    for name in ("cub", "celebamask_hq"):
        out = f"results/store/demo/raw/{name}"
        code = {**tree.receipt(out)["code"], "stages/render.py": sha256}
        tree.rewrite(out, keep=True, code=code, code_digest=Code(tree.folder, cached=False).digest(code))
        for seed in (0, 1):
            tree.forge(f"{MODELS}/{name}_{seed}")
        tree.forge(f"results/tables/{name}")
    tree.forge("results/figures/fig")


# alteration -> the first stage that it touched, as a revision shows it
FORGED = {
    altered_model: MODEL, altered_raw: RAW, altered_table: TABLE, altered_picture: "results/figures/fig",
    altered_parameter: f"{MODELS}/celebamask_hq_0", altered_code: "results/store/demo/raw/celebamask_hq",
}  # fmt: skip
NAMES = [function.__name__ for function in FORGED]


@pytest.mark.parametrize("forge", FORGED, ids=NAMES)
def test_a_chain_made_anew_passes_without_a_root_and_fails_with_one(built, tree, forge):
    """The table's or figure's own receipt as the root: its link is named. The root over all: that it is another."""
    whole = built.audit().root
    final = FORGED[forge] if FORGED[forge].startswith(("results/tables", "results/figures")) else TABLE
    root = built.digest(final)
    forge(tree)
    assert tree.audit().findings == [], "this is why an auditor needs a root"
    target = next(path for path in (f"{final}.csv", f"{final}.png") if tree.path(path).is_file())
    for scope in ("bytes", "no-data"):
        first = tree.audit(target, scope=scope, root=root).findings[0]
        assert first.kind == "root" and first.file == f"results/receipts/{final.split('/')[-1]}.json"
        assert root in first.expected and first.vouched_by == "the root that you hold"
        first = tree.audit(scope=scope, root=whole).findings[0]
        assert first.kind == "root" and whole in first.expected


@pytest.mark.parametrize("forge", FORGED, ids=NAMES)
def test_a_chain_made_anew_fails_against_a_revision_which_names_where_it_starts(tree, forge):
    forge(tree)
    for scope in ("bytes", "no-data"):
        report = tree.audit(scope=scope, against="HEAD")
        first = report.findings[0]
        assert (first.kind, first.file) == ("root", tree.place(FORGED[forge]).relative_to(tree.folder).as_posix())
        assert first.vouched_by == "revision HEAD" and first.expected.startswith("receipt ")


@pytest.mark.parametrize("forge", FORGED, ids=NAMES)
def test_old_receipts_that_were_left_show_where_a_chain_made_anew_starts(built, tree, forge):
    """The forger kept no copy out of sight: the root's own receipts are followed to the first stage that differs."""
    final = FORGED[forge] if FORGED[forge].startswith(("results/tables", "results/figures")) else TABLE
    start = FORGED[forge].replace("celebamask_hq", "cub")  # the table of cub rests on cub alone
    forge(tree)
    for path in built.path("results/receipts").glob("*.json"):
        if len(path.stem) == 64:
            shutil.copy(path, tree.path("results/receipts", path.name))
    report = tree.audit(root=built.digest(final))
    first = report.findings[0]
    if forge in (altered_parameter, altered_code):
        file = "stages/render.py" if forge is altered_code else f"{OWN}: rate"
        assert (first.kind, first.file) == ("code" if forge is altered_code else "parameter", file), "bytes are equal"
    else:
        assert (first.kind, first.file) == ("root", tree.place(start).relative_to(tree.folder).as_posix())
    whole = [finding.file for finding in report.findings if finding.kind == "bytes"]
    if forge in (altered_model, altered_raw, altered_table, altered_picture):
        assert whole and whole[0].startswith(start), "bytes are held against the root's receipt, not the forged one"


def test_a_root_leaves_out_what_it_does_not_commit_to(built, tree):
    tree.alter("results/store/demo/model/toy/celebamask_hq_0/made.txt")
    report = tree.audit(root=built.digest(TABLE))
    assert report.findings == [] and len(report.stages) == 5
    assert any("does not commit to" in note for note in report.notes)
    assert tree.audit().code == 1


def test_a_waiver_counts_only_where_the_root_or_revision_commits_to_it(built, tree):
    """A forged waiver excuses an edit; it is shown, and whoever holds a root sees the edit."""
    from stages.retrace.evidence import waivers
    from stages.retrace.evidence.differences import Difference

    path = tree.path("stages/render.py")
    old = receipt.file_digest(path)
    path.write_text(path.read_text().replace("* 9", "* 8"))
    change = Difference("code", "stages/render.py", old, receipt.file_digest(path), "stages/render.py")
    for name in ("cub", "celebamask_hq"):
        out = f"results/store/demo/raw/{name}"
        content = {"schema": 1, "stage": out, "receipt": tree.digest(out), "changes": [change.as_dict()]}
        content["reason"] = "trust me"
        place = tree.path(waivers.WAIVERS, f"{receipt.digest(content)}.json")
        place.parent.mkdir(exist_ok=True)
        place.write_bytes(receipt.encode(content))
    report = tree.audit()
    assert report.findings == [] and sum("waived: trust me" in note for note in report.notes) == 2
    assert report.root != built.audit().root, "the root over all commits to waivers too"
    assert tree.audit(root=report.root).findings == []
    finding = tree.audit(root=built.digest(TABLE)).findings[0]
    assert (finding.kind, finding.file) == ("code", "stages/render.py") and "does not commit" in finding.remedy
    assert tree.audit(against="HEAD").findings == [], "HEAD has the code that ran"
    tree.git("add", "-A")
    tree.git("add", "-f", "results/receipts")
    tree.git("commit", "-qm", "waived")
    assert tree.audit(against="HEAD").findings == [] and tree.audit(against="HEAD~1").findings == []
    place.write_bytes(place.read_bytes().replace(b"trust me", b"trust us"))
    spoiled = tree.audit().findings
    assert [finding.kind for finding in spoiled][:1] == ["code"] and {"waiver"} <= {finding.kind for finding in spoiled}


def test_against_looks_at_the_code_of_the_revision(tree):
    """What was committed must be what ran, whatever lies in the working tree today."""
    path = tree.path("stages/train.py")
    path.write_text(path.read_text().replace("more", "less"))
    assert tree.audit().findings[0].file == "stages/train.py"
    assert tree.audit(against="HEAD").findings == []
    tree.git("commit", "-qam", "other code")
    assert tree.audit(against="HEAD").findings[0].file == "stages/train.py"
    assert tree.audit(against="HEAD~1").findings == []


def test_wrong_roots_and_revisions_are_usage_or_environment(tree, tmp_path):
    with pytest.raises(ValueError, match=r"64 hexadecimal"):
        tree.audit(root="abc")
    with pytest.raises(ValueError, match=r"no such revision"):
        tree.audit(against="nowhere")
    with pytest.raises(FileNotFoundError, match=r"holds no receipts"):
        tree.audit(against="HEAD~1")
    with pytest.raises(ValueError, match=r"closest is results/tables/cub\.csv"):
        tree.audit("results/tables/cab.csv")
    shutil.rmtree(tree.path("results"))
    with pytest.raises(FileNotFoundError, match=r"is built here"):
        tree.audit()


def test_without_data_the_receipts_alone_are_enough(built, tree):
    """A clone that holds committed receipts and no artefact."""
    shutil.rmtree(tree.path("results/store"))
    for path in [*tree.path("results/tables").iterdir(), *tree.path("results/figures").iterdir()]:
        path.unlink()
    report = tree.audit(scope="no-data", root=built.audit().root)
    assert report.findings == [] and len(report.stages) == 11
    assert tree.audit(scope="no-data", against="HEAD").findings == []
    assert {finding.kind for finding in tree.audit().findings} == {"missing"}
    lost = tree.path(f"results/receipts/{built.digest(MODEL)}.json")
    lost.unlink()
    findings = tree.audit(scope="no-data").findings
    assert findings and findings[0].kind == "chain" and MODEL in findings[0].expected
    assert json.loads(json.dumps(tree.audit(scope="no-data").as_dict()))["first"]["kind"] == "chain"
