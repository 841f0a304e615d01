"""Writes built stages into DVC's lock and cache, all in one go: python -m stages.retrace.dvc.lock STAGE …

`dvc commit` reads and writes the whole lock once a stage, which takes minutes where this takes seconds.
"""

import functools
import sys
from copy import deepcopy
from pathlib import Path
from typing import Any

from stages.graph.names import GUARD
from stages.graph.written import note_checked, refuse_stale
from stages.retrace.dvc import store

LOCK = Path("dvc.lock")


def record(names: list[str]) -> None:
    """Hash, cache and lock the named stages as they lie in the workspace. Pinned to dvc 3.67.1, as graph.py is.

    The same bytes whatever ran before: stages stand in the graph's order (DVC appends each as it first runs), those
    that the graph does not have behind them.
    """
    from dvc.dependency import param
    from dvc.repo import lock_repo
    from dvc.stage.serialize import to_single_stage_lockfile
    from dvc.utils.serialize import dump_yaml, load_yaml

    # DVC parses the parameters three times a stage, which is most of the time spent here; nothing changes it meanwhile.
    param.load_path = functools.cache(param.load_path)
    # DVC alone has a stage that checks the generated files.
    refuse_stale(Path())
    note_checked(Path())
    with store.opened() as repo, lock_repo(repo):
        stages = {stage.addressing: stage for stage in repo.index.stages}
        known: dict[str, Any] = load_yaml(str(LOCK))["stages"] if LOCK.is_file() else {}
        for name in (GUARD, *names):
            stage = stages[name]
            stage.save()
            stage.commit()
            # A copy, since stages share parsed values here, for which YAML would write anchors.
            known[name] = deepcopy(to_single_stage_lockfile(stage))
        order = [name for name in stages if name in known] + [name for name in known if name not in stages]
        dump_yaml(str(LOCK), {"schema": "2.0", "stages": {name: known[name] for name in order}})


if __name__ == "__main__":
    record(sys.argv[1:])
