"""`retrace doctor` compares versions as versions, and every installed file with its installer's list."""

import base64
import hashlib
import sys
from pathlib import Path

import pytest

from stages.retrace.doctor import libraries
from stages.runner import installed


class Place:
    """A folder with one package of two files, a compiled one and a script beside it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "site-packages"
        about = self.folder / "kind-1.1.dist-info"
        about.mkdir(parents=True)
        (about / "METADATA").write_text("Metadata-Version: 2.1\nName: kind\nVersion: 1.1\n")
        rows = ["kind-1.1.dist-info/RECORD,,\n", "kind/__pycache__/a.cpython-311.pyc,,\n"]
        for name, content in {
            "kind/a.py": b"A = 1\n",
            "kind/b.so": bytes(range(256)) * 9,
            "../bin/kind": b"#!\n",
        }.items():
            (self.folder / name).parent.mkdir(exist_ok=True)
            (self.folder / name).write_bytes(content)
            for mode in ("sha256",) if name != "../bin/kind" else ("sha512",):
                hashed = base64.urlsafe_b64encode(hashlib.new(mode, content).digest()).rstrip(b"=").decode()
                rows.append(f"{name},{mode}={hashed},{len(content)}\n")
        (about / "RECORD").write_text("".join(rows))

    def found(self) -> list[tuple[str, str]]:
        return [(one.what, one.remedy) for one in libraries.files(())]


@pytest.fixture
def place(tmp_path, monkeypatch) -> Place:
    made = Place(tmp_path)
    (tmp_path / "envs").mkdir()
    (tmp_path / "envs/core.lock").write_text("kind==1.1\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [str(made.folder), *sys.path])
    monkeypatch.setattr(installed, "places", lambda: [made.folder])
    return made


def test_files_as_installed_are_a_note(place):
    assert place.found() == [("all 3 installed files are as they were installed", "")]


REMEDY = "rm -r .venv; uv cache clean kind; make setup"


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("kind/a.py", b"A = 2\n", "kind/a.py has other bytes"),
        ("kind/b.so", bytes(range(256)) * 8 + bytes(256), "kind/b.so has other bytes"),
        ("kind/a.py", b"A = 10\n", "kind/a.py has 7 bytes instead of 6"),
        ("kind/a.py", None, "kind/a.py is missing"),
        ("../bin/kind", b"#?\n", "bin/kind has other bytes"),
    ],
)
def test_an_altered_file_is_named_with_its_remedy(place, name, content, said):
    path = place.folder / name
    path.write_bytes(content) if content is not None else path.unlink()
    ((what, remedy),) = place.found()
    assert what.startswith("1 installed files are not as installed: ") and what.endswith(said) and remedy == REMEDY


def test_of_many_the_first_are_named(place):
    rows = "".join(f"kind/{n}.py,sha256=aa,1\n" for n in range(9))
    record = place.folder / "kind-1.1.dist-info/RECORD"
    record.write_text(record.read_text() + rows)
    ((what, _),) = place.found()
    assert what.startswith("9 installed") and "kind/0.py is missing" in what and what.endswith("and 5 more")


def test_without_a_list_nothing_is_known(place):
    (place.folder / "kind-1.1.dist-info/RECORD").unlink()
    (what, remedy), (rest, _) = place.found()
    assert "nothing is known: kind" in what and not remedy and rest.startswith("all 0")


@pytest.mark.parametrize(("lock", "wrong"), [("kind==1.16.0\n", True), ("kind==1.1.0\n", False), ("kind==1\n", True)])
def test_versions_are_compared_as_versions(place, lock, wrong):
    """A part of the other's letters is no sign: 1.1 is in 1.16.0, and 1.1.0 is 1.1."""
    Path("envs/core.lock").write_text(lock)
    (finding,) = libraries.versions(())
    assert bool(finding.remedy) == wrong
    assert not wrong or "found 1.1" in finding.what
