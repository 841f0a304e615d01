"""CITATION.cff: valid by its public schema, and all five papers as their folders name them."""

import re
import subprocess
from pathlib import Path

import pytest

from stages.retrace.record import works

ROOT = Path(__file__).resolve().parents[2]
VALIDATOR = ROOT / ".work/crate/bin/cffconvert"
PAPERS = sorted(path.parent.name for path in (ROOT / "stages/papers").glob("*/README.md"))
# "Li, Li, Lu: *Title*, ECCV 2022. We work from ..." as each README begins.
FIRST = re.compile(r"^(?P<names>.+?): \*(?P<title>.+?)\*, (?P<where>[A-Z]+ \d{4})\.", re.MULTILINE)
needs_validator = pytest.mark.skipif(not VALIDATOR.is_file(), reason="cffconvert is not in .work/crate: make crate-env")


@pytest.fixture(autouse=True)
def here(monkeypatch):
    monkeypatch.chdir(ROOT)


def test_five_papers_stand_in_the_repository():
    assert len(PAPERS) == 5


@pytest.mark.parametrize("paper", PAPERS)
def test_a_paper_is_cited_as_its_readme_names_it(paper):
    cited, said = works.work(paper), FIRST.search((ROOT / f"stages/papers/{paper}/README.md").read_text())
    assert cited and said, f"CITATION.cff has no reference whose abbreviation is the title of {paper}'s README"
    assert [one.family for one in cited.authors] == said["names"].split(", ")
    assert (cited.title, cited.conference["name"]) == (said["title"], said["where"])
    assert all(one.given for one in cited.authors) and said["where"] in cited.line


def test_nothing_else_is_cited():
    project = works.project()
    assert project and len(project.references) == len(PAPERS) and project.licence == "MIT"


@needs_validator
def test_the_public_validator_accepts_it_and_refuses_a_break(tmp_path):
    words = [str(VALIDATOR), "--validate", "-i"]
    assert subprocess.run([*words, "CITATION.cff"], capture_output=True, check=False).returncode == 0
    broken = tmp_path / "CITATION.cff"
    broken.write_text((ROOT / "CITATION.cff").read_text().replace("given-names: Yuheng", "given: Yuheng"))
    assert subprocess.run([*words, str(broken)], capture_output=True, check=False).returncode != 0
