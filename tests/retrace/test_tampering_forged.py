"""One receipt forged, with its fingerprint, kept copy and index, is not enough: found with the data and without."""

import json

import pytest

from stages.retrace.adopt import command as adopt
from stages.runner import receipt
from stages.runner.code import Code
from tests.retrace.toy_tree import MODEL, MODELS

TABLE, FIG = "results/tables/cub", "results/figures/fig"
FINAL, HERE = "results/receipts/cub.json", f"{MODEL}/receipt.json"
SCOPES = ("bytes", "no-data")
ZEROS = "0" * 64


def changed(content: dict, *path: str, to: object) -> dict:
    """A copy of a receipt with another value at a path."""
    copy = json.loads(json.dumps(content))
    inner = copy
    for name in path[:-1]:
        inner = inner[name]
    if to is None:
        del inner[path[-1]]
    else:
        inner[path[-1]] = to
    return copy


def forged(out: str, *path: str, to: object):
    """One receipt, with its fingerprint, kept copy and index made anew; nothing after it."""
    return lambda tree: tree.rewrite(out, keep=True, **changed(tree.receipt(out), *path, to=to))


# Of the table's receipt, on which nothing rests: what is not of a receipt's form.
SHAPES = {
    "a field that no receipt has": ("comment", "better"),
    "a field of an output that none has": ("outputs", "cub.csv", "mode", 7),
    "a field of an input that none has": ("inputs", "zero", "note", "x"),
    "a field of the environment that none has": ("environment", "python", "3.11"),
    "a field of the packages that none has": ("packages", "note", "x"),
    "a device that is none": ("device", "abacus"),
    "a size below nothing": ("outputs", "cub.csv", "size", -1),
    "a size in letters": ("outputs", "cub.csv", "size", "9"),
    "a size that is true": ("outputs", "cub.csv", "size", True),
    "a digest in capitals": ("outputs", "cub.csv", "sha256", "A" * 64),
    "a digest too short": ("outputs", "cub.csv", "sha256", "0" * 63),
    "a digest with an end of line": ("outputs", "cub.csv", "sha256", "0" * 64 + "\n"),
    "an output above its folder": ("outputs", "../figures/fig.png", {"sha256": ZEROS, "size": 1}),
    "an output at the root of the disk": ("outputs", "/etc/hosts", {"sha256": ZEROS, "size": 1}),
    "an output by a way round": ("outputs", "./cub.csv", {"sha256": ZEROS, "size": 1}),
    "an output with a letter that no terminal shows": ("outputs", "cub\x1b[2J.csv", {"sha256": ZEROS, "size": 1}),
    "an input above the project": ("inputs", "zero", "path", "../other"),
    "code above the project": ("code", "../stages/train.py", ZEROS),
    "code without a digest": ("code", "stages/train.py", ""),
    "gaps that are no list": ("gaps", "G1"),
    "parameters that are no mapping": ("params", [3]),
    "a stage without a name": ("stage", ""),
    "another schema": ("schema", 2),
    "no device": ("device", None),
    "no schema": ("schema", None),
}


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize("case", SHAPES)
def test_what_is_not_of_a_receipts_form_is_none(tree, case, scope):
    *path, to = SHAPES[case]
    place, old = tree.path(FINAL), tree.receipt(TABLE)
    content = changed(old, *path, to=to)
    content["fingerprint"] = receipt.fingerprint(content)
    place.write_bytes(receipt.encode(content))
    digest = receipt.digest(content)
    tree.path(f"results/receipts/{digest}.json").write_bytes(receipt.encode(content))
    tree.path("results/receipts/current", TABLE.replace("/", "~")).write_text(f"{digest}\n")
    findings = tree.audit(scope=scope).findings
    assert ("receipt", FINAL) in {(one.kind, one.file) for one in findings}, findings


def edited_train(tree, *outs: str):
    """Other code, and receipts that name it, for the stages given; nothing after them is touched."""
    path = tree.path("stages/train.py")
    path.write_text(path.read_text().replace("* 9", "* 9 + b''"))
    for out in outs:
        code = {**tree.receipt(out)["code"], "stages/train.py": receipt.file_digest(path)}
        digest = Code(tree.folder, cached=False).digest(code)
        tree.path(f"results/receipts/{tree.digest(out)}.json").rename(tree.path("results/kept"))
        old = tree.digest(out)
        tree.rewrite(out, keep=True, code=code, code_digest=digest)
        tree.path("results/kept").rename(tree.path(f"results/receipts/{old}.json"))


def struck(out: str, name: str):
    def alter(tree):
        code = {path: sha256 for path, sha256 in tree.receipt(out)["code"].items() if path != name}
        tree.rewrite(out, keep=True, code=code, code_digest=Code(tree.folder, cached=False).digest(code))

    return alter


def added(out: str, name: str):
    def alter(tree):
        code = {**tree.receipt(out)["code"], name: receipt.file_digest(tree.path(name))}
        tree.rewrite(out, keep=True, code=code, code_digest=Code(tree.folder, cached=False).digest(code))

    return alter


def another_lock(tree):
    tree.path("envs/other.lock").write_text("six==1.0\n")
    sha256 = receipt.file_digest(tree.path("envs/other.lock"))
    tree.rewrite(TABLE, keep=True, environment={"lock": "envs/other.lock", "sha256": sha256})


MODELS_ALL = [f"{MODELS}/{name}_{seed}" for name in ("cub", "celebamask_hq") for seed in (0, 1)]
# name -> (alteration, kind of a finding, file that it names)
CHAINS = {
    "other code, in the receipts of the stages that it is of": (
        lambda t: edited_train(t, *MODELS_ALL), "chain", f"{MODELS}/celebamask_hq_0/receipt.json"),
    "a parameter in a receipt before others": (forged(MODEL, "params", "steps", to=7), "parameter", None),
    "a gap in a receipt before others": (forged(MODEL, "gaps", to=["G9"]), "chain", HERE),
    "the device in a receipt before others": (forged(MODEL, "device", to="cuda"), "chain", HERE),
    "packages in a receipt before others": (
        forged(MODEL, "packages", "others", to={"torch": "2.0"}), "chain", HERE),
    "an altered package, confessed": (
        forged(TABLE, "packages", "altered", to=["numpy/linalg/linalg.py"]), "packages", FINAL),
    "a file struck from a table's code": (struck(TABLE, "stages/tabulate.py"), "code", "stages/tabulate.py"),
    "a file struck from a figure's code": (struck(FIG, "stages/runner/plan.py"), "code", "stages/runner/plan.py"),
    "a file struck from a model's code": (struck(MODEL, "stages/block.py"), "code", "stages/block.py"),
    "code of another stage in a table's": (added(TABLE, "stages/train.py"), "code", "stages/train.py"),
    "code that is gone in a table's": (
        forged(TABLE, "code", "stages/gone.py", to="1" * 64), "code", "stages/gone.py"),
    "another lock in the last receipt": (another_lock, "environment", "envs/other.lock"),
    "another digest of the lock": (forged(TABLE, "environment", "sha256", to=ZEROS), "environment", "envs/core.lock"),
    "another command in the last receipt": (
        lambda t: t.rewrite(TABLE, keep=True, command=[*t.receipt(TABLE)["command"], "--spare", "zero"]),
        "command", "dvc.yaml"),
    "another verb in the last receipt": (forged(TABLE, "verb", to="train"), "receipt", FINAL),
    "another size of the table": (forged(TABLE, "outputs", "cub.csv", "size", to=3), "bytes", f"{TABLE}.csv"),
    "an input that nobody made": (
        forged(TABLE, "inputs", "zero", "receipt", to="7" * 64), "chain", None),
    "an input without the receipt that it had": (
        lambda t: t.rewrite(TABLE, keep=True, inputs={**t.receipt(TABLE)["inputs"], "zero": {
            **t.receipt(TABLE)["inputs"]["zero"], "receipt": None, "sha256": ZEROS}}), "chain", None),
}  # fmt: skip


@pytest.mark.parametrize("case", CHAINS)
def test_one_forged_receipt_is_not_enough(tree, case, monkeypatch):
    alter, kind, file = CHAINS[case]
    alter(tree)
    for scope in SCOPES if kind != "bytes" else ("bytes",):
        found = {(one.kind, one.file) for one in tree.audit(scope=scope).findings}
        assert kind in {name for name, _ in found} and (file is None or (kind, file) in found), found
    monkeypatch.chdir(tree.folder)
    monkeypatch.setattr(adopt, "_tell", lambda *rest: None)
    assert len(adopt.run([], None, None).adopted) < 11, "adopt takes no forgery"


def edited_alike(tree):
    """The table, its receipt in place, and no other trace."""
    tree.alter(f"{TABLE}.csv")
    entry = {"sha256": receipt.file_digest(tree.path(f"{TABLE}.csv")), "size": tree.path(f"{TABLE}.csv").stat().st_size}
    tree.rewrite(TABLE, outputs={**tree.receipt(TABLE)["outputs"], "cub.csv": entry})


def edited_alike_with_a_comment(tree):
    """The same, with a digest of code that only a comment changed, so that the fingerprint is another too."""
    edited_alike(tree)
    name = "stages/tabulate.py"
    tree.path(name).write_text(tree.path(name).read_text() + "# A comment.\n")
    tree.rewrite(TABLE, code={**tree.receipt(TABLE)["code"], name: receipt.file_digest(tree.path(name))})


def edited_alike_with_packages(tree):
    """The same, with a package that was not the lock's, which the fingerprint does not speak of."""
    edited_alike(tree)
    tree.rewrite(TABLE, packages={"others": {"numpy": "1.0"}, "altered": []})


def test_a_stage_that_asks_for_no_gpu_did_not_run_on_one(tree):
    """Or a forgery would be excused from repeating what the CPU made."""
    forged(TABLE, "device", to="cuda")(tree)
    found = {(one.kind, one.file, one.found) for one in tree.audit().findings}
    assert ("receipt", FINAL, "one on cuda") in found, found


@pytest.mark.parametrize("alter", [edited_alike, edited_alike_with_a_comment, edited_alike_with_packages])
def test_adopt_does_not_bless_a_table_edited_with_its_receipt(tree, alter, monkeypatch):
    alter(tree)
    findings = tree.audit().findings
    kept = next(one for one in findings if one.stage == "toy_tabulate@cub" and "though all" in one.found)
    assert kept.kind == "receipt" and kept.vouched_by.startswith("results/receipts/")
    assert not any("adopt" in one.remedy for one in findings)
    monkeypatch.chdir(tree.folder)
    monkeypatch.setattr(adopt, "_tell", lambda *rest: pytest.fail("an engine was told"))
    report = adopt.run([], None, None)
    assert "toy_tabulate@cub" in report.broken and report.adopted == [] and report.code == 1
    assert adopt.run([], "toy_tabulate@cub", "it looks right").broken, "nor with a waiver"


def test_what_a_gpu_made_twice_may_differ(tree):
    """Both receipts say so; where one of the two ran on the CPU it says nothing of the other."""
    content = {**tree.receipt(TABLE), "device": "cuda"}
    other = {**content, "outputs": {**content["outputs"], "cub.md": {"sha256": ZEROS, "size": 8}}}
    for one in (content, other):
        one["fingerprint"] = receipt.fingerprint(one)
        tree.path(f"results/receipts/{receipt.digest(one)}.json").write_bytes(receipt.encode(one))
    assert tree.audit().findings == []
