"""Strangers among receipts, links for folders, an audit of nothing, a revision and an auditor that are not as told."""

import json
import os
import shutil
import subprocess
import zlib

import pytest

from tests.retrace.toy_tree import MODEL, RAW

TABLE, FINAL = "results/tables/cub", "results/receipts/cub.json"
SCOPES = ("bytes", "no-data")
ZEROS = "0" * 64

# What lies among the receipts and vouches for nothing.
STRANGERS = {
    "a receipt by another name": lambda t: shutil.copy(t.path(FINAL), t.path("results/receipts/best.json")),
    "a text": lambda t: t.path("results/receipts/notes.txt").write_text("x"),
    "a receipt of nothing here": lambda t: t.path("results/receipts/other.json").write_text("{}"),
    "a folder with a receipt": lambda t: (t.path("results/receipts/old").mkdir(),
                                          shutil.copy(t.path(FINAL), t.path("results/receipts/old/cub.json"))),
    "a copy under a name of digits": lambda t: shutil.copy(t.path(FINAL), t.path(f"results/receipts/{ZEROS}.json")),
    "a digest without the ending": lambda t: t.path(f"results/receipts/{ZEROS}").write_text("x"),
    "a folder by a digest": lambda t: t.path(f"results/receipts/{ZEROS}.json").mkdir(),
    "a pipe": lambda t: os.mkfifo(t.path("results/receipts/pipe.json")),
    "a pipe by a digest": lambda t: os.mkfifo(t.path(f"results/receipts/{ZEROS}.json")),
    "an index of nothing": lambda t: t.path("results/receipts/current/results~tables~best").write_text(f"{ZEROS}\n"),
    "an index that says more": lambda t: t.path("results/receipts/current", TABLE.replace("/", "~")).write_text(
        f"{t.digest(TABLE)}\nand more\n"),
    "an index that is a folder": lambda t: t.path("results/receipts/current/results~x").mkdir(),
    "an index that is a link to itself": lambda t: t.path("results/receipts/current/results~x").symlink_to("results~x"),
    "a folder among waivers": lambda t: t.path(f"results/receipts/waivers/{ZEROS}.json").mkdir(parents=True),
    "a text among waivers": lambda t: (t.path("results/receipts/waivers").mkdir(exist_ok=True),
                                       t.path("results/receipts/waivers/x").write_text("x")),
    "a pipe among waivers": lambda t: (t.path("results/receipts/waivers").mkdir(exist_ok=True),
                                       os.mkfifo(t.path("results/receipts/waivers/x.json"))),
    "a list that calls itself a waiver": lambda t: (t.path("results/receipts/waivers").mkdir(exist_ok=True),
                                                    t.path(f"results/receipts/waivers/{ZEROS}.json").write_text("[]")),
}  # fmt: skip


@pytest.mark.parametrize("case", STRANGERS)
def test_what_vouches_for_nothing_is_no_receipt(tree, case):
    STRANGERS[case](tree)
    for scope in SCOPES:
        findings = tree.audit(scope=scope).findings
        assert findings and findings[0].file.startswith("results/receipts/"), findings


def moved(name: str):
    """A folder put elsewhere, with a link in its place: the same bytes by another way."""

    def alter(tree):
        aside = tree.path("aside")
        tree.path(name).rename(aside)
        tree.path(name).symlink_to(aside, target_is_directory=True)

    return alter


LINKS = ("results/tables", "results/store", "results/store/demo", "results/store/demo/model", MODEL, f"{MODEL}/more",
         "results/receipts", "results/receipts/current", "results/figures", RAW)  # fmt: skip


@pytest.mark.parametrize("name", LINKS)
def test_a_link_in_place_of_a_folder_is_found(tree, name):
    moved(name)(tree)
    assert ("link", name) in {(one.kind, one.file) for one in tree.audit().findings}


def test_results_alone_may_lie_on_another_disk_and_are_walked(tree):
    moved("results")(tree)
    assert tree.audit().findings == []
    tree.path("results/tables/best.csv").write_text("1\n")
    tree.path("results/more").symlink_to(tree.path("stages"))
    tree.path("results/tables/link.csv").symlink_to(tree.path(f"{TABLE}.csv"))
    found = {(one.kind, one.file) for one in tree.audit().findings}
    assert found == {("foreign", "results/tables/best.csv"), ("link", "results/more"),
                     ("foreign", "results/tables/link.csv")}  # fmt: skip


@pytest.mark.parametrize("scope", ["bytes", "no-data", "cache"])
def test_an_audit_of_nothing_is_no_clean_audit(tree, scope):
    """One target of two, a stage, a group, a file; and of everything nothing."""
    for path in [*tree.path("results/figures").iterdir(), tree.path("results/receipts/fig.json"),
                 tree.path("results/receipts/current/results~figures~fig")]:  # fmt: skip
        path.unlink()
    lock = tree.path("dvc.lock")
    head, tail = lock.read_text().split("  toy_illustrate:\n")
    lock.write_text(head + "".join(f"  {part}" for part in tail.split("\n  ")[1:] if part[0].isalpha()))
    for targets in (("toy_illustrate",), ("results/figures/fig.png",), (f"{TABLE}.csv", "results/figures/fig.pdf")):
        with pytest.raises(FileNotFoundError, match="so there is nothing to audit"):
            tree.audit(*targets, scope=scope)
    assert tree.audit(f"{TABLE}.csv", scope=scope).findings == []


def git_replaced(tree):
    """`git replace` shows another object wherever git reads the one that a commit names."""
    altered_score(tree)
    blob = tree.git("rev-parse", f"HEAD:{FORGED}").strip()
    other = tree.git("hash-object", "-w", FORGED).strip()
    tree.git("replace", blob, other)


def git_attributes(tree):
    """An archive leaves out what attributes say, among them those of the repository's own folder."""
    altered_score(tree)
    tree.path(".git/info/attributes").write_text("results/receipts/** export-ignore\n*.json export-subst\n")


def git_damaged(tree):
    """Another content under the name of an object; git reads it as it is."""
    altered_score(tree)
    blob = tree.git("rev-parse", f"HEAD:{FORGED}").strip()
    content = tree.path(FORGED).read_bytes()
    place = tree.path(".git/objects", blob[:2], blob[2:])
    place.chmod(0o644)
    place.write_bytes(zlib.compress(b"blob %d\0" % len(content) + content))


def altered_score(tree):
    tree.alter(f"{MODEL}/made.txt")
    tree.forge(MODEL)


FORGED = "results/receipts/current/results~tables~cub"


@pytest.mark.parametrize("alter", [git_replaced, git_attributes])
def test_a_revision_is_read_as_its_commit_names_it(tree, alter):
    alter(tree)
    findings = tree.audit(against="HEAD").findings
    assert findings and findings[0].kind == "root", findings


def test_an_object_that_is_not_what_its_name_says_is_no_revision(tree):
    git_damaged(tree)
    with pytest.raises(OSError, match="damaged or replaced"):
        tree.audit(against="HEAD")


def test_the_auditors_own_code_has_a_digest(built, tree):
    """From a clean clone with one command, over a tree whose own auditor says that all is well."""
    name = tree.path("stages/retrace/audit/auditing.py")
    name.write_text(name.read_text().replace("self.found.sorted(), self.found.notes", "[], self.found.notes", 1))
    tree.alter(f"{TABLE}.csv")
    lying = subprocess.run(["python", "-m", "stages.retrace.main", "audit", "--json"], cwd=tree.folder,
                           capture_output=True, text=True)  # fmt: skip
    clean = subprocess.run(
        ["python", "-P", "-m", "stages.retrace.main", "audit", "--json"], cwd=tree.folder,
        env={**os.environ, "PYTHONPATH": str(built.folder)}, capture_output=True, text=True,
    )  # fmt: skip
    told, true = json.loads(lying.stdout), json.loads(clean.stdout)
    assert told["findings"] == [] and clean.returncode == 1, lying.stderr + clean.stderr
    assert true["first"]["file"] == f"{TABLE}.csv" and told["auditor"] != true["auditor"]
    again = json.loads(built.retrace("audit", "--json").stdout)
    assert again["auditor"] == true["auditor"], "the digest that any clean copy prints"
