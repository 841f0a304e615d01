"""One rule for each stage of dvc.yaml, as `make graph` wrote it; README.md says how to run it."""

import gc

from snakemake.utils import min_version

from stages import graph, homes
from stages.data import needs
from stages.graph import asked, jobs, written
from stages.runner.terminal import safe

min_version("9.27")

# A million objects that all stay: to look through them again and again takes a third of a call with nothing to do.
gc.disable()

if config:
    files = " and ".join(dict.fromkeys(map(homes.home, config)))
    raise WorkflowError(safe(f"--config is not read here: change {', '.join(config)} in {files} for both engines."))

try:
    if workflow.is_main_process:
        asked.refuse_elsewhere(workflow.basedir)
    # What DVC's first stage does: no job starts from generated files that are not what their sources say.
    written.refuse_stale(workflow.basedir)
    STAGES = graph.load(workflow.basedir)
    ASKED = jobs.resources(STAGES)
    if workflow.is_main_process:
        asked.refuse_unknown(STAGES)
except ValueError as error:
    raise WorkflowError(safe(str(error)))


onstart:
    # Runs only before real jobs, never for -n: what the planned jobs read of the user's data must be there.
    planned = jobs.planned(workflow.dag.needrun_jobs())
    needs.stop_if_missing([stage.params for stage in graph.supplies(STAGES, planned)], safe)
    # To count jobs a second Snakemake wakes once a second for each that ever ended: a third of a core before long.
    workflow.scheduler.job_rate_limiter = None


rule all:
    input:
        [out for stage in STAGES if stage.final for out in stage.outs],


for stage in STAGES:

    # Everything that differs between rules is given as a value: a loop variable inside `shell:` would be looked up when
    # the job runs, and every rule would run the last command.
    rule:
        name: stage.rule_name
        input: stage.deps,
        output:
            [directory(out) for out in stage.folders],
            [ensure(out, non_empty=True) for out in stage.files],
            [ensure(report(out, **stage.report), non_empty=True) for out in stage.shown],
        message: safe(f"{stage.rule_name}: {stage.desc}; log: .work/logs/{stage.rule_name}.log")
        log: f".work/logs/{stage.rule_name}.log",
        benchmark: jobs.costs(stage)
        conda: f"envs/{stage.env}.yaml"
        localrule: jobs.is_small(stage)
        threads: stage.threads
        resources: **ASKED[stage.rule_name],
        params:
            cmd=stage.cmd,
            values=stage.params,
            code=stage.code,
        shell: "{params.cmd} > {log} 2>&1"

gc.freeze()
gc.enable()
