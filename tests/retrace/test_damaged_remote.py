"""gpu.yml where an object is damaged, in the remote or in the runner's own cache: its stage runs again."""

import shutil

from tests.retrace.test_tampering_cache import MADE, object_of
from tests.retrace.test_workflows import Runner, steps
from tests.retrace.toy_tree import Tree

STAGE = "Running stage 'toy_train@cub-0'"


def run(runner: Runner, *names: str) -> str:
    """What the named steps say, all of which end well."""
    runner.said = ""
    for step in steps("gpu.yml", "reproduce"):
        if step.get("name") in names:
            text = step["run"].replace("retrace ", "python -m stages.retrace.main ")
            assert runner._step(text, kill=False, when=None) == 0, runner.said[-3000:]
    return runner.said


def test_what_is_damaged_is_made_anew(tree, tmp_path):
    place = object_of(tree, "toy_train@cub-0", *MADE)
    made, remote, volume = tree.path("/".join(MADE)).read_bytes(), tmp_path / "remote", tmp_path / "volume"
    volume.mkdir()
    assert tree.dvc("remote", "add", "-d", "store", str(remote)).returncode == 0
    assert tree.dvc("push", "--with-deps", "toy_tabulate@cub").returncode == 0
    sent = remote / place.removeprefix(".dvc/cache/")
    sent.chmod(0o644)
    sent.write_bytes(made[::-1])
    other = tree.copy(tmp_path / "other")
    for name in ("results", ".dvc/cache", ".dvc/tmp"):
        shutil.rmtree(other.path(name))
    runner = Runner(Tree(other.folder, made=False), volume)
    said = run(runner, "fetch what others made", "reproduce", "audit")
    assert STAGE in said, "DVC itself passes over it: what a remote lists counts as there, be it refused or not"
    assert other.path("/".join(MADE)).read_bytes() == made
    # As what came before the remote was asked to verify: object and file are one damaged thing that DVC believes.
    for path in (other.path(place), other.path("/".join(MADE))):
        other.alter(path.relative_to(other.folder).as_posix())
    said = run(runner, "reproduce", "audit")
    assert "damaged objects leave DVC's cache" in said and STAGE in said
    assert other.path("/".join(MADE)).read_bytes() == made
