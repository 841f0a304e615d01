"""Random untidy folders: a file is used, listed, counted or part of a refusal that names a path; never lost."""

import os
import shutil
import tempfile
import warnings
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.data import needs
from stages.data.archive import list_members
from stages.data.files import read_json, read_table
from stages.data.image import ImageError, decode
from stages.data.lsun import LsunImages
from stages.data.raw import RawFolder
from stages.draw.scenes.supply import list_user_files
from stages.runner.exits import BAD_INPUT, MISSING, code_of
from tests.faults.conftest import place
from tests.parts import layouts
from tests.parts.raw_fixtures import flat, jpeg

KEY = "0123456789abcdef0123456789abcdef0123456"
JUNK = [".DS_Store", "._a.jpg", "Thumbs.db", "desktop.ini", "a.jpg~"]
JUNK_FOLDERS = ["__MACOSX", "@eaDir", "#recycle", "lost+found", ".Trash-0", "$RECYCLE.BIN"]
PHOTOS = ["a.jpg", "b.PNG", "c.webp", "d.jpeg", "é.jpg", "e.gif", f"{KEY}0.jpg", f"{KEY}1.webp"]
OTHERS = ["README", "list.txt", "x.tar", "lock.mdb"]
ODD = [b"caf\xe9.jpg", b"n\nl.jpg"]
CONTENTS = {"photo": jpeg(flat(4, 4)), "empty": b"", "text": b"not a photo", "cut": jpeg(flat(4, 4))[:60]}
MEMBERS = [
    *PHOTOS,
    *OTHERS,
    *JUNK,
    "x/a.jpg",
    "__MACOSX/._a.jpg",
    "../up.jpg",
    "/top.jpg",
    "in.zip",
    "x/data.mdb",
    "w\\z.png",
]

contents = st.sampled_from([*["photo"] * 4, *CONTENTS])
files = st.tuples(st.just("file"), st.sampled_from([*PHOTOS * 3, *OTHERS, *JUNK * 2]), contents)
odd = st.tuples(st.just("odd"), st.sampled_from(ODD), contents)
links = st.tuples(
    st.just("link"),
    st.sampled_from(["l.jpg", "l", "m"]),
    st.sampled_from(["..", ".", "l", "gone", "a.jpg", "x", "/dev/null"]),
)
pipes = st.tuples(st.just("pipe"), st.sampled_from(["p", "q.jpg"]), st.none())
zips = st.tuples(
    st.just("zip"),
    st.sampled_from(["bird.zip", "B.ZIP"]),
    st.lists(st.tuples(st.sampled_from(MEMBERS), contents), max_size=4),
)
entries = st.one_of(files, files, files, files, links, zips) | st.one_of(files, odd, pipes)
trees = st.recursive(
    st.lists(st.one_of(files, files, files, entries), max_size=5),
    lambda below: st.lists(
        st.one_of(files, st.tuples(st.just("folder"), st.sampled_from(["x", "y", "bird", *JUNK_FOLDERS]), below)),
        max_size=4,
    ),
    max_leaves=6,
)


def build(folder: Path, tree: list) -> None:
    folder.mkdir(exist_ok=True)
    for kind, name, value in tree:
        path = Path(os.fsdecode(os.fsencode(folder) + b"/" + (name if isinstance(name, bytes) else name.encode())))
        if os.path.lexists(path):
            continue
        if kind in ("file", "odd"):
            path.write_bytes(CONTENTS[value])
        elif kind == "link":
            path.symlink_to(value)
        elif kind == "pipe":
            os.mkfifo(path)
        elif kind == "zip":
            with warnings.catch_warnings(), zipfile.ZipFile(path, "w") as archive:
                warnings.simplefilter("ignore")
                for member, content in value:
                    archive.writestr(member, CONTENTS[content])
        else:
            build(path, value)


def reached(folder: Path, prefix: str = "") -> Iterator[tuple[str, bool]]:
    """(path, whether a name on it is junk) of all files, through links; only asked where nothing was refused."""
    for path in folder.iterdir():
        junk = path.name in JUNK or path.name in JUNK_FOLDERS
        if path.is_dir() and not junk:
            yield from reached(path, f"{prefix}{path.name}/")
        else:
            yield prefix + path.name, junk


@pytest.fixture(scope="module")
def quick() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="untidy", dir=place()) as name:
        before = Path.cwd()
        os.chdir(name)
        yield Path(name)
        os.chdir(before)


def fresh(folder: Path) -> Path:
    for name in ("data", "out"):
        shutil.rmtree(folder / name, ignore_errors=True)
        (folder / name).mkdir()
    return folder / "data/set"


def outcome(quick: Path, root: Path, problems: list[str]) -> str:
    """What render and reader make of a folder; that no file is lost is asserted here."""
    try:
        list_user_files("data/set", "lsun_bird", "", quick / "out")
        images = LsunImages(RawFolder.open(quick / "out"))
        used, rejected = [], []
        for _, source, content in images:
            try:
                decode(content)
                used.append(source)
            except ImageError:
                rejected.append(source)
    except (ValueError, FileNotFoundError) as error:
        assert code_of(error) in (BAD_INPUT, MISSING) and "data/set" in str(error)
        assert problems and "data/set" in problems[0], (error, problems)
        return "refused"
    assert bool(problems) == (not used), "the preflight takes what has a photo that can be used"
    found = list(reached(root))
    plain = sorted(path for path, junk in found if not junk)
    assert read_table(quick / "out/files.parquet")["path"] == plain
    left_out = read_json(quick / "out/left_out.json")
    assert sum(left_out[kind] for kind in left_out if ": " not in kind) == len(found) - len(plain)
    in_zips = 0
    for name in {source.split(":")[0] for source in used + rejected if ".zip:" in source.lower()}:
        members = list_members(root / name)
        in_zips += len(members.found) + sum(members.left_out.values()) - 1
    known = sum(Path(path).name == "lock.mdb" for path in plain)
    assert len(used) + len(rejected) + sum(images.left_out.values()) + known == len(plain) + in_zips
    return "used" if used else "rejected"


def test_every_file_of_a_folder_is_used_listed_counted_or_named(quick):
    outcomes = Counter()

    @settings(max_examples=800, deadline=None, derandomize=True)
    @given(trees)
    def run(tree: list) -> None:
        root = fresh(quick)
        build(root, tree)
        problems = needs.missing({"supply.lsun_bird.base": {"supply": "user", "root": "data/set"}})
        outcomes[outcome(quick, root, problems)] += 1

    run()
    assert min(outcomes[kind] for kind in ("used", "refused", "rejected")) > 20, outcomes


@pytest.fixture(scope="module")
def published(quick) -> dict[str, Path]:
    found = {}
    for name in (
        "celebamask_hq",
        "ffhq",
        "stanford_cars",
        "single_cars",
        "cub",
        "cub_masks",
        "celeba_wild",
        "flowers",
        "taichi",
        "bird_boxes",
        "dog_boxes",
    ):
        getattr(layouts, name)(quick / "published" / name)
        found[name] = quick / "published" / name
    return found


HARMS = ("remove", "empty", "garbage", "capitals", "twice", "deeper", "junk", "loop", "gone", "pipe", "odd", "higher")


def harm(root: Path, kind: str, pick: int) -> None:
    """One thing that goes wrong with a random file or folder of a set."""
    paths = sorted(path for path in root.rglob("*") if path.is_file() or path.is_dir())
    path = paths[pick % len(paths)]
    folder = path if path.is_dir() else path.parent
    if kind == "remove":
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    elif kind in ("empty", "garbage") and path.is_file():
        path.write_bytes(b"" if kind == "empty" else b"1 \xff garbage\n" * 40)
    elif kind == "capitals":
        path.rename(path.with_name(path.name.upper()))
    elif kind == "twice" and path.is_dir() and not path.with_name(f"{path.name} copy").exists():
        copied = path.with_name(f"{path.name} copy") / path.name
        shutil.copytree(path, copied, symlinks=True, ignore=lambda at, names: {"pipe"} & set(names))
    elif kind == "deeper":
        path.rename(path.with_name("moved"))
        path.mkdir()
        path.with_name("moved").rename(path / path.name)
    elif kind == "higher":
        root.rename(root.with_name("moved"))
        root.mkdir()
        root.with_name("moved").rename(root / "download")
    elif kind == "junk":
        (folder / "._x.jpg").write_bytes(b"x")
        (folder / "@eaDir").mkdir(exist_ok=True)
    elif kind in ("loop", "gone") and not os.path.lexists(folder / kind):
        (folder / kind).symlink_to(".." if kind == "loop" else "nowhere")
    elif kind == "pipe" and not (folder / kind).exists():
        os.mkfifo(folder / kind)
    elif kind == "odd":
        Path(os.fsdecode(os.fsencode(folder) + b"/\xff.jpg")).write_bytes(b"x")


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.integers(0, 10), st.lists(st.tuples(st.sampled_from(HARMS), st.integers(0, 1000)), min_size=1, max_size=3))
def test_a_harmed_set_passes_or_is_refused_with_its_path(quick, published, which, harms):
    name, template = list(published.items())[which]
    root = fresh(quick)
    shutil.copytree(template, root)
    for kind, pick in harms:
        if any(path.is_file() or path.is_dir() for path in root.rglob("*")):
            harm(root, kind, pick)
    need = "stanford_cars" if name == "single_cars" else name
    problems = needs.missing({f"supply.{need}.base": {"supply": "user", "root": "data/set"}})
    assert len(problems) <= 1 and all("data/set" in problem for problem in problems)
    kinds = {kind for kind, _ in harms}
    if kinds <= {"junk", "higher"}:
        assert problems == []
