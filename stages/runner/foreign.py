"""Libraries that are not of the environment: a receipt names the lock, so nothing may stand in for what it locks."""

import os
import site
import sys
import sysconfig
from pathlib import Path

from stages.loading import TOP
from stages.runner.exits import BAD_PARAMS, StageFailure

# torch writes it into a temporary folder of its own and imports it from there.
WRITTEN_BY_TORCH = "_remote_module_non_scriptable"


def refuse_paths() -> None:
    """Takes the user's own packages off the path.

    Raises: StageFailure 78 if PYTHONPATH leads anywhere but to this project.
    """
    for place in filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep)):
        if Path(place).resolve() != TOP.resolve():
            raise StageFailure(
                BAD_PARAMS,
                f"PYTHONPATH leads to {place}, where code of another name or version than the lock's may lie: "
                "unset PYTHONPATH and run again",
            )
    if not site.ENABLE_USER_SITE:
        return
    own = Path(site.getusersitepackages())
    sys.path[:] = [place for place in sys.path if Path(place) != own]


def refuse_modules() -> None:
    """Raises: StageFailure 78 naming a module that was loaded from neither the environment nor the project's stages."""
    tops = {os.path.join(top, "") for top in (str(TOP), str(TOP.resolve()))}
    inside = (*_inside(), *(os.path.join(top, "stages", "") for top in tops))
    for name, module in sorted(sys.modules.items()):
        file = getattr(module, "__file__", None)
        # Python imports from whole paths; what has less is a name that a library made up, as torch does for torch.ops.
        if not file or not os.path.isabs(file) or name == WRITTEN_BY_TORCH or file.startswith(inside):
            continue
        place = os.path.realpath(file)
        if place.startswith(inside):
            continue
        told = "the project's folder" if place.startswith(tuple(tops)) else "outside the environment"
        raise StageFailure(
            BAD_PARAMS,
            f"the module {name} was loaded from {told}, {file}: it may stand in for a library of the lock; take it "
            "away and run again",
        )


def _inside() -> tuple[str, ...]:
    """Where the interpreter and the environment's packages lie, each as it is and as links lead."""
    places = {sys.prefix, sys.exec_prefix, sys.base_prefix, sys.base_exec_prefix, *sysconfig.get_paths().values()}
    places -= {str(TOP), str(TOP.resolve())}
    return tuple(sorted({place.rstrip(os.sep) + os.sep for one in places for place in (one, os.path.realpath(one))}))
