"""docs/audit.md: a root is signed and checked by the commands as they are printed there."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.house.toy_graph import BIN, ROOT
from tests.retrace.shared_tree import RETRACE
from tests.retrace.toy_paper import ToyPaper

pytestmark = pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="ssh-keygen is not installed")
SECTION = (ROOT / "docs/audit.md").read_text("utf-8").partition("\n## Sign a root\n")[2].partition("\n## ")[0]
SIGN, CHECK = re.findall(r"(?ms)^```\n(.*?)^```$", SECTION)
TABLE = "results/tables/table.csv"


@pytest.fixture
def signed(paper, tmp_path) -> ToyPaper:
    """A tree with its signed root and the author's public key, both from a home with a key of ours."""
    home = tmp_path / "home/.ssh"
    home.mkdir(parents=True)
    words = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "author", "-f", str(home / "id_ed25519")]
    subprocess.run(words, check=True)
    done = run(paper, SIGN, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    shutil.copy(home / "id_ed25519.pub", paper.folder)
    return paper


def run(paper: ToyPaper, text: str, folder: Path) -> subprocess.CompletedProcess[str]:
    names = {"HOME": str(folder / "home"), "PYTHONPATH": str(paper.folder), "OMP_NUM_THREADS": "1"}
    environment = {**os.environ, **names, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}
    # ssh-keygen looks for the home of the account, whatever HOME says; the shell's ~ is HOME.
    text = RETRACE + text.replace("results/tables/table1.csv", TABLE)
    words = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", text]
    return subprocess.run(words, cwd=paper.folder, env=environment, capture_output=True, text=True, timeout=300)


def test_what_was_signed_is_accepted_and_the_tree_held_against_it(signed, tmp_path):
    assert (signed.folder / "root.txt").read_text().count("\n") == 2
    done = run(signed, CHECK, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert 'Good "retrace-root" signature for author@example.org' in done.stdout
    assert "no broken link" in done.stdout


def test_another_root_is_refused(signed, tmp_path):
    """Where the file was altered the signature fails; where the chain was made anew the audit does."""
    root = signed.folder / "root.txt"
    text = root.read_text()
    root.write_text(text.replace("root ", "root 0", 1))
    done = run(signed, CHECK, tmp_path)
    assert done.returncode != 0 and "Good" not in done.stdout and "First broken link" not in done.stdout
    root.write_text(text)
    signed.edit("stages/papers/toy/params.yaml", "rate: 0.5", "rate: 0.7")
    signed.build()
    done = run(signed, CHECK, tmp_path)
    assert done.returncode == 1 and "Good" in done.stdout and "First broken link" in done.stdout
