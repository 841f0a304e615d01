"""DVC's `cache.type`: outputs that are links into the cache are files, wherever it lies; other links are none."""

import os
import shutil
import stat
from pathlib import Path

import pytest

from stages.runner import linked
from stages.runner.digest import listing
from tests.house.toy_project import ToyProject
from tests.retrace.toy_tree import MODEL, RAW, Tree

FIGURE = "results/figures/fig.png"


def configured(folder: Path, kind: str, cache: str = "") -> Tree:
    """A tree that is not built yet, with its settings in the file that git does not keep."""
    tree = Tree(folder)
    place = f"dir = {cache}\n" if cache else ""
    tree.write(".dvc/config.local", f"[cache]\n    type = {kind}\n    {place}")
    return tree


def objects(cache: Path) -> dict[str, tuple[bytes, int]]:
    """Every object with its bytes and whether it may be written."""
    found = sorted(path for path in cache.rglob("*") if path.is_file())
    return {path.relative_to(cache).as_posix(): (path.read_bytes(), path.stat().st_mode & 0o222) for path in found}


def kept(before: dict, after: dict) -> bool:
    """Whether no object was written through a link: all that was there is there, with the same bytes."""
    return all(after.get(name) == value for name, value in before.items())


@pytest.mark.parametrize("kind", ["symlink", "hardlink"])
def test_a_linked_tree_is_run_adopted_audited_changed_and_run_again(tmp_path, kind):
    cache = tmp_path / "another disk" / "cache"
    tree = configured(tmp_path / "tree", kind, "" if kind == "hardlink" else f'"{cache}"')
    cache = tree.path(".dvc/cache") if kind == "hardlink" else cache
    tree.build()
    made = [tree.path(name) for name in (f"{MODEL}/made.txt", f"{MODEL}/more/log.bin", f"{MODEL}/receipt.json")]
    for path in made:
        assert path.is_symlink() if kind == "symlink" else path.stat().st_nlink > 1, f"{path}: DVC made a copy"
    before, bytes_before, is_link = objects(cache / "files"), tree.results(), made[0].is_symlink()
    for words in (
        ("audit",),
        ("audit", "--cache"),
        ("explain",),
        ("status",),
        ("adopt",),
        ("trace", f"{MODEL}/made.txt"),
    ):
        done = tree.retrace(*words)
        assert done.returncode == 0, (words, done.stdout, done.stderr)
    assert f"file {MODEL}/made.txt " in " ".join(done.stdout.split()) and "by its place" in done.stdout
    for engine in (tree.dvc("status"), tree.snakemake("-n")):
        assert "up to date" in engine.stdout or "Nothing to be done" in engine.stdout + engine.stderr, engine
    assert kept(before, objects(cache / "files")) and tree.results() == bytes_before
    tree.edit("stages/papers/toy/params.yaml", "rate: 1.0e-4", "rate: 2.0e-4")
    done = tree.snakemake("--cores", "1")
    assert done.returncode == 0, done.stdout + done.stderr
    assert not tree.path(MODEL, "made.txt").is_symlink() and "0.0002" in tree.path(MODEL, "made.txt").read_text()
    assert tree.path(RAW, "made.txt").is_symlink() == is_link, "the rest stays linked"
    assert kept(before, objects(cache / "files")), "an output was written through its link"
    for words in (("audit",), ("adopt",)):
        done = tree.retrace(*words)
        assert done.returncode == 0, (words, done.stdout, done.stderr)
    tree.edit("stages/papers/toy/params.yaml", "rate: 2.0e-4", "rate: 3.0e-4")
    done = tree.dvc("repro")
    assert done.returncode == 0, done.stdout + done.stderr
    assert kept(before, objects(cache / "files")) and tree.retrace("audit").returncode == 0


@pytest.fixture(scope="module")
def symlinked(tmp_path_factory) -> Tree:
    """Never altered."""
    tree = configured(tmp_path_factory.mktemp("symlinked") / "tree", "symlink", "../../cache")
    tree.build()
    return tree


@pytest.fixture()
def tree(symlinked, tmp_path) -> Tree:
    """A copy with its own cache to alter: links are absolute, so they are made anew."""
    folder = tmp_path / "tree"
    shutil.copytree(symlinked.folder.parent / "cache", tmp_path / "cache")
    made = symlinked.copy(folder)
    for path in made.path("results").rglob("*"):
        if path.is_symlink():
            target = tmp_path / Path(os.readlink(path)).relative_to(symlinked.folder.parent)
            path.unlink()
            path.symlink_to(target)
    assert made.audit().code == 0
    return made


def test_an_altered_object_is_seen_behind_its_link(tree):
    tree.alter(f"{RAW}/made.txt")
    (finding, *_) = tree.audit().findings
    assert (finding.kind, finding.file) == ("bytes", f"{RAW}/made.txt")
    kinds = {(one.kind, Path(one.file).parent.parent.name) for one in tree.audit(scope="cache").findings}
    assert ("object", "md5") in kinds
    done = tree.snakemake("--cores", "1", "--forcerun", "toy_train_cub_0", "--", MODEL)
    log = tree.path(".work/logs/toy_train_cub_0.log").read_text()
    assert done.returncode and "altered or damaged" in log and "Traceback" not in log


def test_an_object_that_is_gone_is_missing_and_no_strange_link(tree):
    path = tree.path(RAW, "made.txt")
    Path(os.path.realpath(path)).unlink()
    (finding, *_) = tree.audit().findings
    assert (finding.kind, finding.file) == ("missing", f"{RAW}/made.txt") and "not in DVC's cache" in finding.found
    done = tree.snakemake("--cores", "1", "--forcerun", "toy_train_cub_0", "--", MODEL)
    log = tree.path(".work/logs/toy_train_cub_0.log").read_text()
    assert done.returncode and "dvc fetch" in log and "Traceback" not in log


@pytest.mark.parametrize(
    "target", ["/etc/passwd", "outside", "cache/other", "cache/files/md5/ab/through", "folder", "gone"]
)
def test_a_link_to_anywhere_else_stays_refused(tree, tmp_path, target):
    """Also one to an equal file, to another name within the cache, and to a link in the cache that leads out of it."""
    path, place = tree.path(RAW, "made.txt"), tmp_path / target
    raw = path.read_bytes()
    if target == "folder":
        path, place = tree.path(RAW, "planted"), tmp_path / "folder"
        place.mkdir()
    elif target.endswith("through"):
        place = tmp_path / "cache/files/md5/ab" / ("c" * 30)
        place.parent.mkdir(exist_ok=True)
        (tmp_path / "outside").write_bytes(raw)
        place.symlink_to(tmp_path / "outside")
    elif target not in ("/etc/passwd", "gone"):
        place.write_bytes(raw)
    path.unlink(missing_ok=True)
    path.symlink_to(place)
    found = [one for one in tree.audit().findings if one.file == path.relative_to(tree.folder).as_posix()]
    assert [one.kind for one in found] == ["link"] and "copy it" in found[0].remedy
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tree.folder)
        with pytest.raises(ValueError, match="plain file or a link into DVC's cache"):
            listing(Path(RAW))


def test_a_final_file_that_is_a_planted_link_is_refused(tree, tmp_path):
    tree.path(FIGURE).unlink()
    tree.path(FIGURE).symlink_to("/etc/passwd")
    assert [(one.kind, one.file) for one in tree.audit().findings] == [("link", FIGURE)]


def test_damaged_settings_end_in_a_message(tree):
    tree.write(".dvc/config.local", "[cache\ndir = /x\n")
    for words in (("audit",), ("audit", "--cache"), ("adopt",)):
        done = tree.retrace(*words)
        assert done.returncode == 2 and "Traceback" not in done.stderr and "config.local" in done.stderr, done.stderr


SETTINGS = {
    "none": ({}, ".dvc/cache"),
    "beside the project": ({".dvc/config": "[cache]\ndir = ../store\n"}, "store"),
    "absolute, quoted": ({".dvc/config": "[Cache]\n  Dir = \"/big disk/#1\"  # shared\n"}, "/big disk/#1"),
    "absolute with a comment": ({".dvc/config": "['remote \"a\"']\n\turl = x\n[cache]\ndir=/big#shared\n"}, "/big"),
    "of this copy over the project's": (
        {".dvc/config": "[cache]\ndir = /a\n", ".dvc/config.local": "[core]\n[cache]\n type = symlink\n dir = /b\n"},
        "/b",
    ),
    "of the user": ({"home/config": "[cache]\ndir = /c\n"}, "/c"),
    "of the machine, below the user's": ({"site/config": "[cache]\ndir = /d\n", "home/config": "[core]\n"}, "/d"),
    "the project's over the user's": (
        {"home/config": "[cache]\ndir = /c\n", ".dvc/config": "[cache]\ndir = d\n"}, ".dvc/d"
    ),
    "in the home folder": ({".dvc/config": "[cache]\ndir = ~/store\n"}, "home/store"),
}  # fmt: skip


@pytest.mark.parametrize("files, place", SETTINGS.values(), ids=SETTINGS)
def test_the_cache_lies_where_dvc_itself_finds_it(tmp_path, monkeypatch, files, place):
    from dvc.config import Config

    monkeypatch.chdir(tmp_path)
    for name, folder in (("DVC_GLOBAL_CONFIG_DIR", "home"), ("DVC_SYSTEM_CONFIG_DIR", "site"), ("HOME", "home")):
        monkeypatch.setenv(name, str(tmp_path / folder))
    (tmp_path / ".dvc").mkdir()
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    assert linked.objects() == tmp_path / place / "files/md5"
    theirs = Config(str(tmp_path / ".dvc"))["cache"].get("dir", str(tmp_path / ".dvc/cache"))
    assert linked.objects() == Path(theirs, "files/md5")


@pytest.mark.parametrize("text", [b"dir = /a\n", b"[cache\ndir = /a\n", b"[cache]\ndir\n", b"\xff\xfe"])
def test_settings_that_do_not_parse_are_named(tmp_path, monkeypatch, text):
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".dvc").mkdir()
    (tmp_path / ".dvc/config").write_bytes(text)
    with pytest.raises(ValueError, match=r"\.dvc/config: expected DVC's settings"):
        linked.objects()


def test_a_linked_output_is_replaced_and_never_written_through(tmp_path):
    """By hand, without an engine that takes outputs away first: file by file, and a folder that is itself a link."""
    project = ToyProject(tmp_path / "project")
    held = tmp_path / "held"
    held.mkdir()
    (held / "number.txt").write_text("not ours\n")
    (held / "number.txt").chmod(0o444)
    out = project.folder / "results/store/demo/toy/a"
    out.parent.mkdir(parents=True)
    out.symlink_to(held)
    assert project.run().returncode == 0
    assert not out.is_symlink() and (out / "number.txt").read_text() == "3\n"
    table = project.folder / "results/tables/t.txt"
    table.parent.mkdir()
    table.symlink_to(held / "number.txt")
    assert project.run(out="results/tables/t", extra=("--files", "txt")).returncode == 0
    assert not table.is_symlink() and table.read_text() == "3\n"
    assert sorted(held.iterdir()) == [held / "number.txt"] and (held / "number.txt").read_text() == "not ours\n"
    assert not stat.S_IMODE((held / "number.txt").stat().st_mode) & 0o222
