"""A thousand random alterations of a small tree: each is found, or provably changes nothing that a clean audit says."""

import hashlib
import json
import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stages import graph
from stages.retrace.audit.every_byte import ENGINES_OWN
from stages.retrace.audit.foreign import LEFTOVER
from stages.runner import receipt
from tests.retrace.toy_tree import Tree

EXAMPLES, EXAMPLES_OF_CACHE = 900, 100
# The parts of a last receipt that today's sources give anew; the others only a root outside binds.
GIVEN_ANEW = ("command", "environment", "inputs", "layers", "params", "schema", "stage", "verb", "code_digest")
VALUES = (None, True, 0, -1, 7, 1e300, "", "x", "0" * 64, "../x", "/x", "\x1b[2J", [], {}, [[]], {"x": {}}, "results")


class Snapshot:
    """Everything below some folders, to be compared and put back."""

    def __init__(self, tree: Tree, *tops: str) -> None:
        self.tree, self.tops = tree, tops
        self.known = self.read()

    def read(self) -> dict[str, tuple[str, Any]]:
        """path -> its kind, and its content."""
        found: dict[str, tuple[str, Any]] = {}
        for top in self.tops:
            for root, folders, files in os.walk(self.tree.path(top)):
                for name in folders + files:
                    path = Path(root, name)
                    inside = path.relative_to(self.tree.folder).as_posix()
                    if path.is_symlink():
                        found[inside] = "link", os.readlink(path)
                    elif path.is_dir():
                        found[inside] = "folder", None
                    else:
                        found[inside] = ("file", path.read_bytes()) if path.is_file() else ("special", None)
        return found

    def restore(self) -> None:
        now = self.read()
        for path in sorted(now, reverse=True):
            if now[path] != self.known.get(path):
                place = self.tree.path(path)
                shutil.rmtree(place) if now[path][0] == "folder" else place.unlink(missing_ok=True)
        for path in sorted(self.known):
            if not os.path.lexists(self.tree.path(path)):
                kind, content = self.known[path]
                if kind == "folder":
                    self.tree.path(path).mkdir()
                elif kind == "link":
                    self.tree.path(path).symlink_to(content)
                else:
                    self.tree.path(path).write_bytes(content)


class Hand:
    """What alters: a choice among the files and folders of a tree, all from one seed."""

    def __init__(self, tree: Tree, seed: int, top: str) -> None:
        self.tree, self.chance, self.top = tree, random.Random(seed), top
        self.done = ""

    def places(self, files: bool = True, folders: bool = False) -> list[Path]:
        found = [path for path in sorted(self.tree.path(self.top).rglob("*")) if not path.is_symlink()]
        return [path for path in found if (path.is_file() and files) or (path.is_dir() and folders)]

    def pick(self, folders: bool = False) -> Path:
        return self.chance.choice(self.places(folders=folders))

    def name(self) -> Path:
        folder = self.chance.choice(self.places(files=False, folders=True))
        kept = self.chance.choice(self.places()).name
        return folder / self.chance.choice([kept, "x", ".x", "receipt.json", "x.csv", "\x1b[2Jx", "é", "a b"])

    def rename(self) -> None:
        one, to = self.pick(folders=True), self.name()
        if not os.path.lexists(to) and one not in to.parents:
            one.rename(to)

    def swap(self) -> None:
        one, other = self.pick(folders=True), self.pick(folders=True)
        if one not in other.parents and other not in one.parents and one != other:
            between = self.tree.path("between")
            one.rename(between)
            other.rename(one)
            between.rename(other)

    def link(self) -> None:
        one, other = self.pick(folders=True), self.pick(folders=True)
        aside = self.tree.path("aside")
        shutil.rmtree(aside) if aside.is_dir() else aside.unlink(missing_ok=True)
        one.rename(aside)
        one.symlink_to(self.chance.choice([aside, other, one, Path("nowhere"), self.tree.folder]))

    def truncate(self) -> None:
        one = self.pick()
        one.chmod(0o644)
        one.write_bytes(one.read_bytes()[: self.chance.randrange(max(one.stat().st_size, 1))])

    def flip(self) -> None:
        one = self.pick()
        content = bytearray(one.read_bytes())
        if content:
            content[self.chance.randrange(len(content))] ^= 1 << self.chance.randrange(8)
        known = one.stat()
        one.chmod(0o644)
        one.write_bytes(content)
        os.utime(one, ns=(known.st_atime_ns, known.st_mtime_ns))

    def duplicate(self) -> None:
        one, to = self.pick(folders=True), self.name()
        if one.is_dir():
            if not os.path.lexists(to) and one not in to.parents:
                shutil.copytree(one, to)
        elif not to.is_dir():
            shutil.copy(one, to)

    def remove(self) -> None:
        one = self.pick(folders=True)
        shutil.rmtree(one) if one.is_dir() else one.unlink()

    def put(self) -> None:
        to = self.name()
        if not os.path.lexists(to):
            kind = self.chance.choice(["folder", "pipe", "text"])
            to.mkdir() if kind == "folder" else os.mkfifo(to) if kind == "pipe" else to.write_text("x")

    def edit(self) -> None:
        """Another value, key or type in a receipt; then as it is, in the runner's form, or with all traces."""
        one = self.chance.choice([path for path in self.places() if path.suffix == ".json"])
        content = json.loads(one.read_bytes())
        spots = [(content, key) for key in content] + [
            (inner, key) for inner in content.values() if isinstance(inner, (dict, list))
            for key in (inner if isinstance(inner, dict) else range(len(inner)))
        ]  # fmt: skip
        inner, key = self.chance.choice(spots)
        top = next(name for name in content if (inner is content and name == key) or content[name] is inner)
        act = self.chance.choice(["set", "set", "delete", "add"])
        if act == "delete" or (act == "add" and isinstance(inner, list)):
            del inner[key]
        elif act == "add":
            inner[self.chance.choice(["x", "../x", "\x1b", ""])] = self.chance.choice(VALUES)
        else:
            others = [self.chance.choice(VALUES), self.chance.choice(spots)[0]]
            inner[key] = json.loads(json.dumps(self.chance.choice(others)))
        how = self.chance.choice(["raw", "form", "whole", "traces"])
        if how in ("whole", "traces") and isinstance(content, dict):
            content["fingerprint"] = receipt.fingerprint(content)
        raw = json.dumps(content).encode() if how == "raw" else receipt.encode(content)
        is_last = one.parent.name == "receipts" and len(one.stem) != 64
        one.write_bytes(raw)
        if how == "traces" and isinstance(content.get("stage"), str) and (not is_last or top in GIVEN_ANEW):
            self.hide(content, one)

    def hide(self, content: dict[str, Any], place: Path) -> None:
        """Kept copy and index follow, as a forger makes them who knows of both."""
        folder = self.tree.path("results/receipts")
        index = folder / "current" / content["stage"].replace("/", "~")
        if index.is_file():
            (folder / f"{index.read_text().strip()}.json").unlink(missing_ok=True)
            (folder / f"{receipt.digest(content)}.json").write_bytes(receipt.encode(content))
            index.write_text(f"{receipt.digest(content)}\n")


ALTER: tuple[Callable[[Hand], None], ...] = (
    Hand.rename, Hand.swap, Hand.link, Hand.truncate, Hand.flip, Hand.duplicate, Hand.remove, Hand.put, Hand.edit,
    Hand.edit, Hand.edit,
)  # fmt: skip


@pytest.fixture(scope="module")
def scene(built, tmp_path_factory):
    """A copy to alter and put back; its graph, which nothing here alters, is loaded once."""
    tree = built.copy(tmp_path_factory.mktemp("scene") / "tree")
    stages = tree.stages()
    patch = pytest.MonkeyPatch()
    patch.setattr(graph, "load", lambda root: stages)
    yield tree
    patch.undo()


def vouched(tree: Tree, stages) -> dict[str, bytes | None]:
    """The bytes of everything that the receipts of the graph's stages list, and of those receipts."""
    found: dict[str, bytes | None] = {}
    for stage in stages:
        for out in stage.outs:
            place = tree.path(out)
            inner = [path for path in sorted(place.rglob("*")) if path.is_file()] if place.is_dir() else [place]
            for path in inner:
                name = path.relative_to(tree.folder).as_posix()
                if path.name not in ENGINES_OWN and name != "results/graph.json":
                    found[name] = path.read_bytes() if path.is_file() else None
    return found


def counts(path: str) -> bool:
    """Whether a file under results/ is anything but an engine's mark or what a killed run left."""
    name = Path(path).name
    return name not in ENGINES_OWN and path != "results/graph.json" and not any(
        LEFTOVER.search(f"/{part}") for part in Path(path).parts
    )  # fmt: skip


def test_a_random_alteration_is_found_or_changes_nothing_that_a_clean_audit_says(scene):
    """No exception either: a finding, or an error of the kind that means that something is not here."""
    snapshot, stages = Snapshot(scene, "results"), scene.stages()
    clean, pristine = scene.audit(), vouched(scene, stages)
    assert clean.findings == []
    seen: dict[str, int] = {}

    @settings(
        max_examples=EXAMPLES, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck)
    )
    @given(st.sampled_from(range(len(ALTER))), st.integers(0, 2**40))
    def check(number, seed):
        hand = Hand(scene, seed, "results")
        try:
            ALTER[number](hand)
            name = ALTER[number].__name__
            try:
                report = scene.audit()
            except OSError:
                seen["not here"] = seen.get("not here", 0) + 1
                assert not scene.path("results").is_dir() or not any(scene.path("results/receipts").glob("*.json"))
                return
            seen[f"{name} {'found' if report.findings else 'clean'}"] = (
                seen.get(f"{name} {'found' if report.findings else 'clean'}", 0) + 1
            )
            if not report.findings:
                assert report.root == clean.root and report.stages == clean.stages
                assert vouched(scene, stages) == pristine
                strange = {path for path, (kind, _) in snapshot.read().items() if kind != "folder" and counts(path)}
                assert strange <= set(snapshot.known)
            json.dumps(report.as_dict())
        finally:
            snapshot.restore()

    check()
    assert snapshot.read() == snapshot.known
    assert sum(count for name, count in seen.items() if name.endswith("found")) > EXAMPLES // 2, seen


def test_a_random_alteration_of_dvcs_cache_is_found_or_no_object_of_it_differs(scene):
    snapshot = Snapshot(scene, ".dvc/cache")
    # No receipt vouches for entries of the run cache, nor for what DVC's own first stage writes.
    guards = scene.path("results/graph.json").read_bytes()
    guard = f".dvc/cache/files/md5/{(md5 := hashlib.md5(guards).hexdigest())[:2]}/{md5[2:]}"
    known = {
        path: entry
        for path, entry in snapshot.known.items()
        if "/runs/" not in path and path != guard and entry[0] != "folder"
    }
    clean = scene.audit(scope="cache")
    assert clean.findings == []
    acts = (Hand.rename, Hand.swap, Hand.truncate, Hand.flip, Hand.duplicate, Hand.remove, Hand.put)

    @settings(
        max_examples=EXAMPLES_OF_CACHE, deadline=None, database=None, derandomize=True,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(st.sampled_from(range(len(acts))), st.integers(0, 2**40))
    def check(number, seed):
        try:
            acts[number](Hand(scene, seed, ".dvc/cache"))
            try:
                report = scene.audit(scope="cache")
            except OSError:
                assert not scene.path(".dvc/cache/files/md5").is_dir()
                return
            if not report.findings:
                # A cache may hold less than the lock names, as after a pull of some targets; what is not there is told.
                assert report.receipts.items() <= clean.receipts.items()
                assert (report.root == clean.root) == (report.unbuilt == [])
                assert len(report.notes) >= len(report.unbuilt)
                now = snapshot.read()
                lost = {path for path, entry in known.items() if now.get(path) != entry}
                assert lost == set() or report.notes, "every object is as it was"
        finally:
            snapshot.restore()

    check()
