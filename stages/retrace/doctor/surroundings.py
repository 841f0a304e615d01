"""What a run needs of this machine beside the locked packages: optional programs, the user's data, disk."""

import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from stages.graph import Stage
from stages.retrace.doctor.findings import Finding

PROGRAMS = {
    "git": "DVC's experiments need it, and explain's old lines come from its history",
    "strace": "the test of declared against actual access skips without it",
    "dot": "draws what `retrace trace --dot` prints",
}
# More than all results and states of a demo.
DRAWN_MB = 2048


def optional(stages: Sequence[Stage]) -> Iterator[Finding]:
    """Environments and programs beside the lock: a finding only where a stage of this profile needs them."""
    detects = [stage for stage in stages if stage.group.startswith("detect")]
    users = [stage.name for stage in detects if _values(stage).get("source") == "detectron2"]
    if users and not _is_installed("detectron2"):
        what = f"detectron2 is not installed, and {users[0]} of this profile uses it ({len(users)} stages in all)"
        remedy = "install envs/detectron2.yaml, or set detect's source to torchvision in stages/params/detect.yaml"
        yield Finding("optional", what, remedy)
    if not Path(".git").exists() and not _without_git():
        what = "no git repository here, and DVC refuses to work without one unless it is told to"
        yield Finding("optional", what, "dvc config --local core.no_scm true; or git init")
    for program, use in PROGRAMS.items():
        if shutil.which(program) is None:
            yield Finding("optional", f"{program} is not here: {use}")


def user_data(stages: Sequence[Stage]) -> Iterator[Finding]:
    """What each preflight would ask for, with the expected layout."""
    from stages.data import needs

    asked = [stage for stage in stages if stage.group.startswith("preflight")]
    problems = [(stage, problem) for stage in asked for problem in needs.missing(stage.params)]
    for _, problem in problems:
        yield Finding("user data", problem, "supply it, or set another `profile:` at the top of params.yaml")
    if not problems:
        yield Finding("user data", f"all that this profile needs is here ({len(asked)} needs)")


def disk(stages: Sequence[Stage]) -> Iterator[Finding]:
    """Free space against what unbuilt stages declare in meta.disk_mb, which is meant for the paper's scale."""
    needed = sum(stage.meta.get("disk_mb", 0) for stage in stages if not Path(stage.outs[0]).exists())
    free = shutil.disk_usage(".").free // 2**20
    drawn = not any(_values(stage).get("supply") == "user" for stage in stages)
    what = f"{free:,} MB free; stages that are not built declare {needed:,} MB at the paper's scale"
    if drawn and needed:
        what, needed = f"{what}; drawn data take a small part of that", min(needed, DRAWN_MB)
    remedy = f"free {needed - free:,} MB, or build fewer targets" if needed > free else ""
    yield Finding("disk", what, remedy)


def _values(stage: Stage) -> dict[str, Any]:
    """A stage's parameters, later layers over earlier ones."""
    return {key: value for content in stage.params.values() for key, value in (content or {}).items()}


def _without_git() -> bool:
    """Whether DVC's settings say that there is no git, as an archive's do."""
    from dvc.config import Config

    return Config.from_cwd()["core"].get("no_scm", False)


def _is_installed(package: str) -> bool:
    from importlib.util import find_spec

    return find_spec(package) is not None
