"""Writes built stages into DVC's lock and cache, all in one go: python -m stages.retrace.dvc.lock STAGE …

`dvc commit` reads and writes the whole lock once a stage, which takes minutes where this takes seconds.
"""

import functools
import sys
from pathlib import Path

from stages.graph.names import GUARD
from stages.graph.written import note_checked, refuse_stale

LOCK = Path("dvc.lock")


def record(names: list[str]) -> None:
    """Hash, cache and lock the named stages as they lie in the workspace. Pinned to dvc 3.67.1, as graph.py is."""
    from dvc.dependency import param
    from dvc.repo import Repo, lock_repo
    from dvc.stage.serialize import to_single_stage_lockfile
    from dvc.utils.serialize import dump_yaml, load_yaml

    # DVC parses the parameters three times a stage, which is most of the time spent here; nothing changes it meanwhile.
    param.load_path = functools.cache(param.load_path)
    # DVC alone has a stage that checks the generated files.
    refuse_stale(Path())
    note_checked(Path())
    with Repo() as repo, lock_repo(repo):
        stages = {stage.addressing: stage for stage in repo.index.stages}
        known = load_yaml(str(LOCK)) if LOCK.is_file() else {"schema": "2.0", "stages": {}}
        for name in (GUARD, *names):
            stage = stages[name]
            stage.save()
            stage.commit()
            known["stages"][name] = to_single_stage_lockfile(stage)
        dump_yaml(str(LOCK), known)


if __name__ == "__main__":
    record(sys.argv[1:])
