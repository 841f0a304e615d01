"""The graph as each engine itself reads it, in one form, for comparison with the adapter."""

import json
import re
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from unittest import mock

from stages import homes
from stages.graph import Stage
from stages.graph.names import CHECKED, CODE, GUARD

# How Snakemake begins to speak of a job whose rule has a message.
JOB = re.compile(r"Job \d+: (\w+): .*; log: ")
LISTING = """
import json, sys
from pathlib import Path
from snakemake.api import SnakemakeApi
from snakemake.settings.types import OutputSettings, Quietness, ResourceSettings

with SnakemakeApi(OutputSettings(quiet={Quietness.ALL})) as api:
    call = api.workflow(resource_settings=ResourceSettings(cores=1), snakefile=Path("Snakefile"))
    found = {
        rule.name: {
            "cmd": rule.params.get("cmd"), "deps": list(map(str, rule.input)), "outs": list(map(str, rule.output)),
            "params": rule.params.get("values"), "code": rule.params.get("code"), "shell": rule.shellcmd,
            "env": str(rule.conda_env or ""),
            "resources": {k: str(v.raw if hasattr(v, "raw") else v) for k, v in rule.resources.items()},
            "folders": [str(out) for out in rule.output if out.is_directory],
        }
        for rule in call._workflow.rules
    }
print(json.dumps(found))
"""


@dataclass(frozen=True)
class Entry:
    """What must agree: dependencies and outputs in no order, parameters by value, the code by its digest."""

    cmd: str
    deps: frozenset[str]
    outs: frozenset[str]
    params: dict[str, Any]
    code: str


def of_stage(stage: Stage) -> Entry:
    return Entry(stage.cmd, frozenset(stage.deps), frozenset(stage.outs), dict(stage.params), stage.code)


def of_dvc(root: Path) -> dict[str, Entry]:
    """Every stage of the real DVC repository at root, by address; parameters are parsed once, not once a stage.

    The one exception: the stage that checks the generated files, and what it writes for the stages that wait for it.
    """
    from dvc.dependency import ParamsDependency, param
    from dvc.repo import Repo

    found = {}
    with (
        mock.patch.object(param, "load_path", cache(param.load_path)),
        Repo(str(root), config={"core": {"no_scm": True}}) as repo,
    ):
        for stage in repo.index.stages:
            if stage.name == GUARD:
                assert [out.def_path for out in stage.outs] == [CHECKED]
                continue
            files = {dep.def_path for dep in stage.deps if not isinstance(dep, ParamsDependency)}
            keyed = [dep for dep in stage.deps if isinstance(dep, ParamsDependency)]
            values, code = {}, ""
            for dep in keyed:
                known = dep.read_params(flatten=False)
                if dep.def_path == CODE:
                    (code,) = (_at(known, key) for key in dep.params)
                    continue
                assert {homes.home(key, root) for key in dep.params} == {dep.def_path}, stage.name
                values |= {key: _at(known, key) for key in dep.params}
            outs = frozenset(out.def_path for out in stage.outs)
            found[stage.name] = Entry(stage.cmd, frozenset(files - {CHECKED}), outs, values, code)
    return found


def raw_rules(root: Path) -> dict[str, Any]:
    """Every rule of Snakemake's own workflow at root, by name."""
    done = subprocess.run([sys.executable, "-c", LISTING], cwd=root, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def of_snakemake(root: Path) -> dict[str, Entry]:
    """Snakemake's rules but the aggregate `all`."""
    rules = {name: rule for name, rule in raw_rules(root).items() if name != "all"}
    return {
        name: Entry(rule["cmd"], frozenset(rule["deps"]), frozenset(rule["outs"]), rule["params"], rule["code"])
        for name, rule in rules.items()
    }


def _at(values: Any, key: str) -> Any:
    for part in key.split("."):
        values = values[part]
    return values


def direct_jobs(dry_run: str) -> dict[str, str]:
    """From `snakemake -n`: the rules whose reason is more than an upstream job, with that reason."""
    found, rule = {}, ""
    for line in dry_run.splitlines():
        if begun := JOB.match(line):
            rule = begun[1]
        if not line.startswith("Reason: "):
            continue
        reasons = line.removeprefix("Reason: ").split("; ")
        own = [reason for reason in reasons if not reason.startswith("Input files updated by another job")]
        if own:
            found[rule] = "; ".join(own)
    return found


def planned_jobs(dry_run: str) -> set[str]:
    """From `snakemake -n`: all rules that would run, but the aggregate `all`, which has no message of ours."""
    return {begun[1] for line in dry_run.splitlines() if (begun := JOB.match(line))}
