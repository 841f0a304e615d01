"""One execution of a stage, from its command line to its exit code."""

import contextlib
import os
import shutil
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path

from stages import loading
from stages.runner import (
    disk,
    foreign,
    inputs,
    layers,
    lease,
    machine,
    memory,
    numerics,
    packages,
    plan,
    project,
    publish,
    receipt,
    scheduler,
    skip,
    terminal,
    usage,
)
from stages.runner.arguments import Arguments, parse
from stages.runner.exits import BAD_PARAMS, DONE, INPUT_OUTPUT, RETRY, StageFailure, Stopped, code_of
from stages.runner.guard import Guard
from stages.runner.job import Job
from stages.runner.live import Live
from stages.runner.lock import stage_lock
from stages.runner.progress import Progress
from stages.runner.watcher import Watcher


def run_stage(
    verb: str,
    function: Callable[[Job], None],
    module: plan.ModuleOf | None = None,
    choices: tuple[str, ...] = (),
    lock: Path = plan.LOCK,
    follows: bool = False,
) -> None:
    """Runs one stage and exits with its code.

    `module` names, from the verb's choices, the module whose `Block` holds the parameters, and after it any further
    modules that are chosen by name; without it the verb itself holds the block. All of them are the stage's code.
    A stage whose parameters say `enabled: false` is not run and says so in not_run.json; nor is one that `follows` an
    input which was not run. Its module is not imported then.
    """
    terminal.speak_plainly()
    if set(sys.argv[1:]) & set(usage.WORDS):
        print(usage.text(verb, choices), end="")
        sys.exit(DONE)
    started = time.time()
    guard, watcher = Guard(), Watcher(verb)
    run = Run(verb, function, module, choices, lock, guard, watcher, follows)
    failure = ""
    try:
        # Before the guard's thread, any lock and any large import: the watcher is to hold none of them.
        watcher.start()
        guard.start()
        scheduler.when_time_is_short(guard.ask_to_save)
        run.prepare(sys.argv[1:])
        with stage_lock(run.stage):
            run.execute()
        code = DONE
    except Stopped as stop:
        code, failure = RETRY, f"stopped on request ({stop}); run it again to go on"
    except Exception as error:
        known = RETRY if guard.requested else code_of(error)
        told = disk.full(error, ()) if known == INPUT_OUTPUT and not isinstance(error, StageFailure) else ""
        code, failure = (1, traceback.format_exc()) if known is None else (known, told or str(error))
    # A disk without room for the log must not hide what happened.
    with contextlib.suppress(OSError):
        if failure:
            print(terminal.safe(f"{run.stage or verb}: {failure}"), file=sys.stderr, flush=True)
    with contextlib.suppress(OSError):
        if run.stage:
            facts = run.stage, started, run.fingerprint, run.resume_name, code, run.gpus, failure
            machine.log_run(*facts, machine.used())
    watcher.dismiss()
    if guard.out_of_time and code == RETRY and run.more is not None:
        print(terminal.safe(f"{run.stage}: {run.more.ask()}"), file=sys.stderr, flush=True)
        run.more.rest()
    try:
        sys.stdout.flush()
    except OSError:
        code = code or INPUT_OUTPUT
    # Leaves at once: worker threads of numeric libraries can hang at interpreter exit after a stop.
    os._exit(code) if code != DONE else sys.exit(DONE)


class Run:
    """The steps of one execution, in order."""

    def __init__(self, verb, function, module, choices, lock, guard, watcher, follows=False) -> None:
        self.verb, self.function, self.module_of, self.allowed = verb, function, module, choices
        self.lock, self.guard, self.watcher, self.follows = lock, guard, watcher, follows
        self.stage = ""
        self.fingerprint = ""
        self.resume_name = ""
        self.gpus: list[str] = []
        self.more: scheduler.More | None = None

    def prepare(self, words: list[str]) -> None:
        """Reads arguments and parameters; refuses what is wrong before anything is waited for or written."""
        try:
            project.refuse_elsewhere(f"stages/{self.verb}.py")
        except ValueError as error:
            raise StageFailure(BAD_PARAMS, str(error)) from None
        foreign.refuse_paths()
        numerics.refuse()
        numerics.clear()
        self.arguments: Arguments = parse(self.verb, self.allowed, words)
        self.stage = self.arguments.out.as_posix()
        self.watcher.tell(stage=self.stage)
        machine.limit_threads(self.arguments.threads)
        targets = plan.modules(self.verb, self.arguments.choices, self.module_of)
        self.plan = plan.Plan(self.arguments, targets, self.lock)
        if loading.is_stage():
            loading.hold(self.plan.code)
        given = self.arguments
        self.skipped = skip.reason_to_skip(self.plan.params, given.inputs, self.follows, given.some, given.spare)
        if self.skipped is None:
            self.module = self.plan.module()
            self.block = self.plan.block(self.module)

    def execute(self) -> None:
        """Hashes the inputs, runs the function, publishes what it wrote. The caller holds the stage's lock."""
        arguments = self.arguments
        before = inputs.look_at(arguments.inputs)
        content = self.plan.receipt(receipt.of_sound_input)
        self.fingerprint, self.resume_name = content["fingerprint"], plan.resume_name(content)
        self.watcher.tell(fingerprint=self.fingerprint, resume=self.resume_name)
        settings = machine.config()
        out = publish.temporary(arguments.out)
        resume = Path(settings.get("resume_root", machine.RESUME)) / self.resume_name
        live = Live(self.stage, resume)
        progress = Progress(f"{self.verb} {arguments.out.name}", live)
        self.more = scheduler.More(resume)
        try:
            if self.skipped is not None:
                skip.write_skipped(out, self.stage, self.skipped)
                self._publish(out, content)
                return
            with lease.leased(arguments.gpus, lease.visible(settings.get("gpus"))) as self.gpus:
                self.watcher.tell(gpus=self.gpus)
                if arguments.gpus:
                    os.environ["CUDA_VISIBLE_DEVICES"] = ",".join(self.gpus)
                processes = max(1, len(self.gpus), settings.get("processes", 1))
                self.function(self._job(out, resume, processes, progress))
            inputs.refuse_if_changed(arguments.inputs, before)
            self._publish(out, content)
        except BaseException as error:
            told = disk.full(error, (out, resume))
            shutil.rmtree(out, ignore_errors=True)
            if memory.short(error):
                places = layers.places(arguments.layers)
                raise StageFailure(BAD_PARAMS, memory.remedy(error, self.plan.params, places)) from error
            if told:
                raise StageFailure(INPUT_OUTPUT, told) from error
            raise
        finally:
            progress.close()
            live.close()
        shutil.rmtree(resume, ignore_errors=True)

    def _job(self, out: Path, resume: Path, processes: int, progress: Progress) -> Job:
        arguments = self.arguments
        return Job(
            verb=self.verb, name=arguments.out.name, choices=arguments.choices, module=self.module, block=self.block,
            inputs=arguments.inputs, out=out, files=arguments.files, resume=resume, fingerprint=self.fingerprint,
            threads=arguments.threads, gpus=len(self.gpus), processes=processes, progress=progress, guard=self.guard,
        )  # fmt: skip

    def _publish(self, made: Path, content: dict) -> None:
        arguments = self.arguments
        self.plan.refuse_if_changed()
        foreign.refuse_modules()
        wanted = tuple(f"{arguments.out.name}.{suffix}" for suffix in arguments.files)
        content = {
            **content,
            "device": "cuda" if self.gpus else "cpu",
            "packages": packages.loaded(self.plan.lock),
            "outputs": receipt.check_outputs(made, wanted),
        }
        with self.guard.deferred():
            if arguments.files:
                publish.publish_files(made, arguments.out, content)
            else:
                publish.publish_folder(made, arguments.out, content)
