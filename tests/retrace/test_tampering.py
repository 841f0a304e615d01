"""Alterations that both engines miss, each found with the broken link named; a clean tree gives none."""

import json
import os
import shutil

import pytest

from stages.runner.code import Code
from tests.house.toy_graph import OWN
from tests.retrace.toy_tree import MODEL, MODELS, RAW

TABLE = "results/tables/cub"
FIG = "results/figures/fig"


def test_a_clean_tree_gives_no_finding_in_any_scope(built):
    for scope in ("bytes", "no-data", "cache"):
        report = built.audit(scope=scope)
        assert report.findings == [] and report.code == 0, report.findings
        assert len(report.stages) == 11 and report.unbuilt == []
        assert report.root == built.audit(scope="bytes").root, "all scopes see the same receipts"
    assert report.files > 20, "the cache was read"
    last = built.digest(TABLE)
    for choice in ({"root": report.root}, {"root": last}, {"against": "HEAD"}):
        assert built.audit(**choice).findings == []
        assert built.audit(scope="no-data", **choice).findings == []
        assert built.audit(scope="cache", **choice).findings == []
    assert built.audit("results/tables/cub.csv", root=last).findings == []


# name -> (alteration, kind of the first broken link, file that it names, stage)
BYTES = {
    "a byte of a model, same size and times": (
        lambda t: t.alter(f"{MODEL}/made.txt"), "bytes", f"{MODEL}/made.txt", "toy_train@cub-0"),
    "the last byte of a file in an inner folder": (
        lambda t: t.alter(f"{MODEL}/more/log.bin", b"?", 44), "bytes", f"{MODEL}/more/log.bin", "toy_train@cub-0"),
    "a byte of raw data": (lambda t: t.alter(f"{RAW}/made.txt"), "bytes", f"{RAW}/made.txt", "render@cub"),
    "the final table's csv": (lambda t: t.alter(f"{TABLE}.csv"), "bytes", f"{TABLE}.csv", "toy_tabulate@cub"),
    "the final table's md, longer": (
        lambda t: t.path(f"{TABLE}.md").write_text("better"), "bytes", f"{TABLE}.md", "toy_tabulate@cub"),
    "a file emptied": (
        lambda t: t.path(f"{MODEL}/made.txt").write_bytes(b""), "bytes", f"{MODEL}/made.txt", "toy_train@cub-0"),
    "a preflight's answer": (
        lambda t: t.alter("results/store/demo/preflight/cub/preflight.json", b" ", 0), "bytes",
        "results/store/demo/preflight/cub/preflight.json", "preflight@cub"),
    "two models' files exchanged": (
        lambda t: t.swap(f"{MODEL}/made.txt", f"{MODELS}/cub_1/made.txt"), "bytes",
        f"{MODEL}/made.txt", "toy_train@cub-0"),
    "two tables exchanged": (
        lambda t: t.swap(f"{TABLE}.csv", "results/tables/celebamask_hq.csv"), "bytes",
        "results/tables/celebamask_hq.csv", "toy_tabulate@celebamask_hq"),
    "an altered csv put in the place of the md": (
        lambda t: (t.alter(f"{TABLE}.csv"), t.swap(f"{TABLE}.csv", f"{TABLE}.md")), "bytes", f"{TABLE}.md",
        "toy_tabulate@cub"),
    "two folders exchanged with their receipts": (
        lambda t: t.swap(MODEL, f"{MODELS}/cub_1"), "receipt", f"{MODEL}/receipt.json", "toy_train@cub-0"),
    "two files of one folder exchanged": (
        lambda t: t.swap(f"{MODEL}/made.txt", f"{MODEL}/more/log.bin"), "bytes", f"{MODEL}/made.txt",
        "toy_train@cub-0"),
    "a file deleted from a published folder": (
        lambda t: t.path(f"{MODEL}/more/log.bin").unlink(), "missing", f"{MODEL}/more/log.bin", "toy_train@cub-0"),
    "a published folder deleted": (lambda t: shutil.rmtree(t.path(RAW)), "missing", RAW, "render@cub"),
    "a final file deleted": (lambda t: t.path(f"{TABLE}.csv").unlink(), "missing", f"{TABLE}.csv", "toy_tabulate@cub"),
    "a file added to a published folder": (
        lambda t: t.path(f"{MODEL}/extra.txt").write_text("x"), "extra", f"{MODEL}/extra.txt", "toy_train@cub-0"),
    "a hidden file added": (
        lambda t: t.path(f"{MODEL}/.extra").write_text("x"), "extra", f"{MODEL}/.extra", "toy_train@cub-0"),
    "a file that calls itself a receipt, deeper down": (
        lambda t: t.path(f"{MODEL}/more/receipt.json").write_text("{}"), "extra",
        f"{MODEL}/more/receipt.json", "toy_train@cub-0"),
    "text in an engine's empty mark": (
        lambda t: t.path(f"{MODEL}/.snakemake_timestamp").write_text("x"), "extra",
        f"{MODEL}/.snakemake_timestamp", "toy_train@cub-0"),
    "a link to an equal file": (
        lambda t: (shutil.copy(t.path(f"{MODEL}/made.txt"), t.path("aside")), t.path(f"{MODEL}/made.txt").unlink(),
                   os.symlink(t.path("aside"), t.path(f"{MODEL}/made.txt"))),
        "link", f"{MODEL}/made.txt", "toy_train@cub-0"),
    "a link to a folder": (
        lambda t: os.symlink(t.path("stages"), t.path(f"{MODEL}/linked")), "link", f"{MODEL}/linked",
        "toy_train@cub-0"),
    "a table that no stage made": (
        lambda t: t.path("results/tables/table9.csv").write_text("a,b\n"), "foreign", "results/tables/table9.csv",
        "results/tables"),
    "a folder that no stage made": (
        lambda t: (t.path("results/store/demo/x").mkdir(), t.path("results/store/demo/x/w").write_text("1")),
        "foreign", "results/store/demo/x/w", "results/store/demo/x"),
    "a picture's points": (
        lambda t: t.alter("results/figures/fig.png", b"\x07", -30 + t.path("results/figures/fig.png").stat().st_size),
        "bytes", "results/figures/fig.png", "toy_illustrate"),
    "the fingerprint in a PNG": (
        lambda t: t.alter(f"{FIG}.png", b"0123abcd", 61), "bytes", f"{FIG}.png", "toy_illustrate"),
    "the fingerprint in a PDF": (
        lambda t: t.alter(f"{FIG}.pdf", b"0123abcd", 60), "bytes", f"{FIG}.pdf", "toy_illustrate"),
    "a picture taken from another run, with its receipt rewritten": (
        lambda t: (t.alter("results/figures/fig.png", b"0123abcd", 61), t.forge(FIG, stamp=False)),
        "picture", "results/figures/fig.png", "toy_illustrate"),
    "a file's mode that forbids reading is no reason to pass": (
        lambda t: (t.path(f"{MODEL}/made.txt").unlink(), t.path(f"{MODEL}/made.txt").mkdir()), "missing",
        f"{MODEL}/made.txt", "toy_train@cub-0"),
}  # fmt: skip


@pytest.mark.parametrize("case", BYTES)
def test_altered_bytes_are_found_and_named(tree, case):
    alter, kind, file, stage = BYTES[case]
    alter(tree)
    report = tree.audit()
    first = report.findings[0]
    assert (first.kind, first.file, first.stage) == (kind, file, stage), report.findings
    assert report.code == 1 and first.expected != first.found and first.vouched_by and first.remedy
    if stage == "toy_train@cub-0":
        assert first.consumed_by[:1] == ("toy_tabulate@cub",) and "toy_illustrate" in first.consumed_by


def rewritten(**fields):
    return lambda t: t.rewrite(MODEL, **fields)


def edit_json(name, change):
    def alter(tree):
        content = json.loads(tree.path(name).read_bytes())
        change(content)
        tree.path(name).write_text(json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False) + "\n")

    return alter


def kept(tree, out=MODEL):
    return tree.path(f"results/receipts/{tree.digest(out)}.json")


HERE = f"{MODEL}/receipt.json"
RECEIPTS = {
    "a parameter in a receipt": (edit_json(HERE, lambda c: c["params"].update(steps=9)), "receipt", HERE),
    "an output's digest in a receipt": (
        edit_json(HERE, lambda c: c["outputs"]["made.txt"].update(sha256="0" * 64)), "receipt", HERE),
    "an output's size in a receipt": (
        edit_json(HERE, lambda c: c["outputs"]["made.txt"].update(size=1)), "receipt", HERE),
    "a gap struck from the figure's receipt": (
        lambda t: t.rewrite("results/figures/fig", gaps=[]), "receipt", "results/receipts/fig.json"),
    "a receipt and its fingerprint": (rewritten(params={"rate": 1e-4, "steps": 7}), "receipt", HERE),
    "a receipt, fingerprint, index and kept copy": (
        lambda t: t.rewrite(MODEL, keep=True, gaps=["G7"]), "chain", HERE),
    "a model with its receipt, index and kept copy": (
        lambda t: (t.alter(f"{MODEL}/made.txt"),
                   t.rewrite(MODEL, keep=True, outputs={**t.receipt(MODEL)["outputs"], "made.txt": {
                       "sha256": "1" * 64, "size": t.path(f"{MODEL}/made.txt").stat().st_size}})), "chain", HERE),
    "white space in a receipt": (
        lambda t: t.place(MODEL).write_bytes(t.place(MODEL).read_bytes() + b"\n"), "receipt", HERE),
    "a receipt cut short": (lambda t: t.place(MODEL).write_bytes(t.place(MODEL).read_bytes()[:200]), "receipt", HERE),
    "a receipt without outputs": (edit_json(HERE, lambda c: c.pop("outputs")), "receipt", HERE),
    "a receipt deleted": (lambda t: t.place(MODEL).unlink(), "missing", HERE),
    "a final receipt deleted": (lambda t: t.place(TABLE).unlink(), "missing", "results/receipts/cub.json"),
    "an input's digest in the last receipt": (
        lambda t: t.rewrite(TABLE, keep=True, inputs={**t.receipt(TABLE)["inputs"], "zero": {
            **t.receipt(TABLE)["inputs"]["zero"], "sha256": "2" * 64}}), "chain", "results/receipts/cub.json"),
    "an input of the last receipt renamed": (
        lambda t: t.rewrite(TABLE, keep=True, inputs={**t.receipt(TABLE)["inputs"], "zero": {
            **t.receipt(TABLE)["inputs"]["zero"], "path": RAW}}), "receipt", "results/receipts/cub.json"),
    "the digest of its code in the last receipt": (
        lambda t: t.rewrite(TABLE, keep=True, code_digest="4" * 64), "receipt", "results/receipts/cub.json"),
    "layers in a receipt": (rewritten(layers=["train.base"]), "receipt", HERE),
    "a final file struck from its receipt": (
        lambda t: t.rewrite(TABLE, keep=True, outputs={
            "cub.csv": t.receipt(TABLE)["outputs"]["cub.csv"]}), "receipt", "results/receipts/cub.json"),
    "two final receipts exchanged": (
        lambda t: t.swap("results/receipts/cub.json", "results/receipts/celebamask_hq.json"), "receipt",
        "results/receipts/celebamask_hq.json"),
    "a kept receipt": (lambda t: kept(t).write_bytes(kept(t).read_bytes().replace(b'"steps": 2', b'"steps": 3')),
                       "receipt", lambda t: kept(t).relative_to(t.folder).as_posix()),
    "the index": (lambda t: t.path("results/receipts/current", MODEL.replace("/", "~")).write_text("3" * 64 + "\n"),
                  "receipt", f"results/receipts/current/{MODEL.replace('/', '~')}"),
}  # fmt: skip


@pytest.mark.parametrize("scope", ["bytes", "no-data"])
@pytest.mark.parametrize("case", RECEIPTS)
def test_altered_receipts_are_found_and_named(tree, case, scope):
    """With the data and without; but for a receipt that was only deleted, whose kept copy serves without data."""
    alter, kind, file = RECEIPTS[case]
    file = file(tree) if callable(file) else file
    alter(tree)
    report = tree.audit(scope=scope)
    if kind == "missing" and scope == "no-data":
        shutil.rmtree(tree.path("results/store"))
        assert [f.kind for f in tree.audit(scope=scope).findings if f.file == HERE] == []
        return
    assert report.findings, case
    named = [finding for finding in report.findings if finding.file == file]
    assert [finding.kind for finding in named][:1] == [kind], report.findings
    if "kept" not in case:
        assert report.findings[0].file == file, report.findings


def test_a_digest_forged_for_an_edit_does_not_make_it_cosmetic(tree):
    """The receipts name the old files and give the digest of the code as it is after the edit; git knows better."""
    code = tree.receipt(TABLE)["code"]
    name = "stages/tabulate.py"
    path = tree.path(name)
    path.write_text(path.read_text().replace("tabulate:", "better:", 1) + "\nBETTER = 1\n")
    tree.rewrite(TABLE, keep=True, code_digest=Code(tree.folder, cached=False).digest(code))
    found = [(one.kind, one.file) for one in tree.audit(TABLE + ".csv").findings]
    assert found == [("code", name)], found


PUBLISH = "stages/runner/publish.py"
SOURCES = {
    "a parameter of the profile": (
        OWN, "{demo: {steps: 2}", "{demo: {steps: 3}", "parameter", f"{OWN}: steps"),
    "a parameter of the base": (OWN, "rate: 1.0e-4", "rate: 2.0e-4", "parameter", f"{OWN}: rate"),
    "a parameter's type": ("params.yaml", "count: 4", "count: true", "parameter", "params.yaml: count"),
    "a verb's code": ("stages/train.py", "more", "some", "code", "stages/train.py"),
    "the runner's code": (PUBLISH, "MANY_FILES = 64", "MANY_FILES = 65", "code", PUBLISH),
    "the environment lock": ("envs/core.lock", "1.16.0", "1.17.0", "environment", "envs/core.lock"),
    "a source file": ("stages/papers/toy/reported.csv", "C2,3", "C2,4", "source", "stages/papers/toy/reported.csv"),
    "a command": ("dvc.yaml", "--seed ${item.seed}", "--seed 7", "command", "dvc.yaml"),
    "a layer struck": (
        "dvc.yaml", f"      - {OWN}:\n          - toy.figure.base\n", "", "parameter", "dvc.yaml: shade"),
}  # fmt: skip


@pytest.mark.parametrize("case", SOURCES)
def test_altered_sources_are_found_and_named(tree, case):
    name, old, new, kind, file = SOURCES[case]
    text = tree.path(name).read_text()
    assert old in text
    tree.path(name).write_text(text.replace(old, new, 1))
    for scope in ("bytes", "no-data"):
        findings = tree.audit(scope=scope).findings
        assert findings and (findings[0].kind, findings[0].file) == (kind, file), findings
        assert {finding.kind for finding in findings} == {kind}
