"""A receipt says which libraries that a stage loaded are not the lock's, and which of their files were altered."""

import base64
import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from stages.runner import digest, installed, packages, receipt
from tests.house.toy_project import ToyProject

OUT = "results/store/demo/toy/a"
LOCK = 'kind==1.0.0\nother==2.0 ; python_version < "3"\nother==3.0 ; python_version >= "3"  \\\n    --hash=sha256:00\n'


class Place:
    """A folder of packages that a test installs, and may then do harm to."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder / "site-packages"
        self.folder.mkdir()
        self.lock = folder / "core.lock"
        self.lock.write_text(LOCK)
        monkeypatch.chdir(folder)
        monkeypatch.setattr(installed, "places", lambda: [self.folder])
        monkeypatch.setattr(packages, "MAPS", folder / "maps")
        self.modules: dict[str, ModuleType] = {}
        monkeypatch.setattr(packages, "sys", SimpleNamespace(modules=self.modules))

    def install(self, name: str, version: str, files: dict[str, str], record: bool = True) -> None:
        about = self.folder / f"{name}-{version}.dist-info"
        about.mkdir(exist_ok=True)
        rows = [f"{about.name}/RECORD,,\n"]
        for path, text in files.items():
            (self.folder / path).parent.mkdir(exist_ok=True)
            (self.folder / path).write_text(text)
            hashed = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
            rows.append(f'"{path}",sha256={hashed},{len(text)}\n')
        if record:
            (about / "RECORD").write_text("".join(rows))

    def load(self, *paths: str | Path) -> None:
        for path in paths:
            self.modules[str(path)] = ModuleType(str(path))
            self.modules[str(path)].__file__ = str(self.folder / path)

    def map(self, *paths: Path) -> None:
        lines = [f"7f0-7f1 r-xp 00000000 08:01 12    {path}\n" for path in paths]
        packages.MAPS.write_text("".join(["7f0-7f1 rw-p 00000000 00:00 0 \n", *lines]))

    def found(self) -> dict:
        return packages.loaded(self.lock)


@pytest.fixture
def place(tmp_path, monkeypatch) -> Place:
    made = Place(tmp_path, monkeypatch)
    made.install("kind", "1.0.0", {"kind/__init__.py": "A = 1\n", "kind/part.py": "B = 2\n", "kind/lib/libk.so.1": "k"})
    made.install("other", "3.0", {"other.py": "C = 3\n", "a, b.py": "D = 4\n"})
    made.load("kind/__init__.py", "other.py", "a, b.py")
    made.map()
    return made


def test_nothing_is_said_where_all_is_as_locked_and_installed(place):
    assert place.found() == {"others": {}, "altered": []}


def test_another_version_and_a_package_that_no_lock_holds_are_others(place):
    place.lock.write_text(LOCK.replace("kind==1.0.0", "kind==1.0.0.1"))
    place.install("More_Kinds", "0.1+cpu", {"more.py": ""})
    assert place.found()["others"] == {"kind": "1.0.0"}, "more-kinds was not loaded"
    place.load("more.py")
    assert place.found() == {"others": {"kind": "1.0.0", "more-kinds": "0.1+cpu"}, "altered": []}


def test_a_file_with_other_bytes_is_named_if_it_was_loaded(place):
    (place.folder / "kind/part.py").write_text("B = 3\n")
    assert place.found()["altered"] == []
    place.load("kind/part.py")
    (place.folder / "other.py").write_text("C = 4\n")
    assert place.found() == {"others": {}, "altered": ["kind/part.py", "other.py"]}


def test_a_library_that_was_altered_with_its_list_is_not_seen(place):
    """Nothing in an environment can prove the environment; installing from the lock, by its hashes, can."""
    place.install("kind", "1.0.0", {"kind/__init__.py": "A = 2\n", "kind/part.py": "B = 2\n"})
    assert place.found() == {"others": {}, "altered": []}


def test_a_file_that_no_list_names_is_named(place):
    (place.folder / "kind/planted.py").write_text("")
    place.load("kind/planted.py")
    assert place.found()["altered"] == ["kind/planted.py"]


def test_a_file_that_is_gone_is_named(place):
    (place.folder / "other.py").unlink()
    place.map(Path(f"{place.folder}/kind/lib/libk.so.1 (deleted)"))
    assert place.found()["altered"] == ["kind/lib/libk.so.1", "other.py"]


def test_a_compiled_library_counts_once_it_is_loaded(place):
    library = place.folder / "kind/lib/libk.so.1"
    library.write_text("x")
    assert place.found()["altered"] == []
    place.map(library)
    assert place.found()["altered"] == ["kind/lib/libk.so.1"]


def test_a_library_from_elsewhere_in_place_of_one_of_its_name_is_named_unless_it_is_the_same(place, tmp_path):
    stray = tmp_path / "libk.so.1"
    stray.write_text("k")
    place.map(stray, tmp_path / "libmore.so")
    assert place.found()["altered"] == []
    stray.write_text("another")
    assert place.found()["altered"] == ["kind/lib/libk.so.1"]


def test_a_module_of_pythons_own_stands_in_for_none_of_its_name(place, tmp_path):
    """As `_csv` of the standard library beside that of pyarrow, which is loaded only when somebody asks for it."""
    place.install("arrows", "1.0.0", {"arrows/__init__.py": "", "arrows/_csv.cpython-311.so": "a"})
    place.lock.write_text(LOCK + "arrows==1.0.0\n")
    own = tmp_path / "_csv.cpython-311.so"
    own.write_text("another")
    place.load("arrows/__init__.py", own)
    place.map(own)
    assert place.found() == {"others": {}, "altered": []}


def test_of_a_package_without_a_list_is_said_that_nothing_is_known(place):
    place.install("bare_kind", "4.0", {"bare_kind/__init__.py": ""}, record=False)
    place.install("odd", "5.0", {"strange/__init__.py": ""}, record=False)
    (place.folder / "odd-5.0.dist-info/top_level.txt").write_text("strange\n")
    place.load("bare_kind/__init__.py", "strange/__init__.py")
    assert place.found() == {"others": {"bare-kind": "4.0 (no RECORD)", "odd": "5.0 (no RECORD)"}, "altered": []}


def test_what_was_found_is_believed_only_as_long_as_every_file_looks_the_same(place, monkeypatch):
    monkeypatch.setattr(digest, "SETTLED_SECONDS", -1.0)
    found = place.found()
    monkeypatch.setattr(packages, "_compare", lambda *_: {"others": {}, "altered": ["anew"]})
    assert place.found() == found
    # Size and time of change as before: the inode's own time still tells.
    path = place.folder / "other.py"
    times = path.stat()
    path.write_text("C = 9\n")
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert place.found()["altered"] == ["anew"]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [("1.1", "1.16.0", False), ("1.16", "1.16.0", True), ("2.0", "2.0+cpu", False), ("1.0rc1", "1.0", False),
     ("2004d", "2004d", True), ("1.0", "", False)],
)  # fmt: skip
def test_versions_are_compared_as_versions(one, other, same):
    assert installed.same_version(one, other) == same


def test_the_receipt_of_a_stage_says_it_and_its_fingerprint_does_not_follow_from_it(tmp_path):
    project = ToyProject(tmp_path)
    lock = project.folder / "envs/core.lock"
    shutil.copy(Path(__file__).parents[2] / "envs/core.lock", lock)
    assert project.run().returncode == 0
    content = receipt.read(project.folder / OUT / "receipt.json")
    assert content["packages"] == {"others": {}, "altered": []} and content["schema"] == receipt.SCHEMA == 3
    assert content["environment"].keys() == {"lock", "sha256"}
    assert receipt.fingerprint(content) == content["fingerprint"]
    spoiled = {**content, "packages": {"others": {"numpy": "1"}, "altered": []}}
    assert receipt.fingerprint(spoiled) == content["fingerprint"]


def test_this_environment_is_as_its_lists_say():
    """With compiled libraries: whatever this process, with numpy, has loaded."""
    words = "import numpy, json; from pathlib import Path; from stages.runner import packages"
    told = "print(json.dumps([packages.loaded(Path('envs/core.lock')), list(packages._files()[0])]))"
    done = subprocess.run([sys.executable, "-c", f"{words}; {told}"], capture_output=True, text=True, check=True)
    found, files = json.loads(done.stdout)
    assert found == {"others": {}, "altered": []}
    assert any(name.startswith("numpy.libs/") for name in files) and "numpy/__init__.py" in files
