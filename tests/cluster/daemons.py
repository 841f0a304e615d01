"""A SLURM of its own on the loopback, of Debian's packages: munge, one controller and two nodes that are this host."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

NODES = ("n1", "n2")
DAEMONS = ("munged", "slurmctld", "slurmd")
CLIENTS = ("sbatch", "srun", "squeue", "sinfo", "scontrol", "scancel", "sacct", "sacctmgr")
# Daemons lie where the PATH of a plain user does not look.
PATH = os.pathsep.join((os.environ["PATH"], "/usr/sbin", "/sbin"))
# No control groups, no accounting, and nodes that claim more cores and memory than this host has to give.
SETTINGS = """
ClusterName=toy
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ports[0]}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={place}/munge
CredType=cred/munge
StateSaveLocation={place}/state
SlurmdSpoolDir={place}/spool.%n
SlurmctldPidFile={place}/slurmctld.pid
SlurmdPidFile={place}/slurmd.%n.pid
SlurmctldLogFile={place}/slurmctld.log
SlurmdLogFile={place}/slurmd.%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
ReturnToService=2
SchedulerParameters=batch_sched_delay=0,sched_interval=1
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
SlurmdParameters=config_overrides
KillWait=5
{gpus}
NodeName=n1 NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[1]} CPUs=4 RealMemory=100000 {each} State=UNKNOWN
NodeName=n2 NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[2]} CPUs=4 RealMemory=100000 {each} State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""
# One device each, called 0 on both: files that any machine has.
DEVICES = "NodeName=n1 Name=gpu File=/dev/null\nNodeName=n2 Name=gpu File=/dev/zero\n"


def missing() -> list[str]:
    """The programs that a cluster needs and this machine lacks."""
    return [name for name in (*DAEMONS, *CLIENTS) if shutil.which(name, path=PATH) is None]


class Cluster:
    """A running cluster; `environment` is what its users' programs need."""

    def __init__(self, place: Path) -> None:
        self.place = place
        # First of the PATH: Snakemake takes SLURM_CONF, as all that begins so, from what it starts inside a job.
        self.environment = {**os.environ, "PATH": f"{place / 'bin'}{os.pathsep}{PATH}"}

    def call(self, *words: str) -> str:
        """What a program of SLURM says, be it well or not."""
        command = [str(self.place / "bin" / words[0]), *words[1:]]
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, timeout=60)
        return done.stdout + done.stderr

    def jobs(self, state: str) -> list[str]:
        """The numbers of the jobs in a state."""
        return self.call("squeue", "--noheader", "--format", "%i", "--states", state).split()


@contextmanager
def cluster(with_gpus: bool) -> Iterator[Cluster]:
    """Two nodes, each with one device or with none; all daemons and jobs end with it."""
    # The path of a socket may not be long.
    place = Path(tempfile.mkdtemp(prefix="slurm", dir="/tmp"))
    made, started = Cluster(place), []
    try:
        _write(place, with_gpus)
        for name, words in _daemons(place).items():
            with (place / f"{name}.said").open("w") as said:
                command = [str(place / "bin" / words[0]), *words[1:]]
                started.append(subprocess.Popen(command, stdout=said, stderr=said, start_new_session=True))
            if name == "munged":
                until(lambda: (place / "munge").exists(), "munged does not listen", place)
        until(lambda: made.call("sinfo", "--noheader", "--format", "%T %D").split() == ["idle", "2"], "no nodes", place)
        yield made
    finally:
        if started:
            made.call("scancel", "--user", str(os.getuid()))
            end = time.monotonic() + 15
            while made.jobs("running,completing,pending") and time.monotonic() < end:
                time.sleep(0.2)
        for process in reversed(started):
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        shutil.rmtree(place, ignore_errors=True)


def until(done: Callable[[], bool], what: str, place: Path | None = None, seconds: float = 60.0) -> None:
    """Waits for a condition; fails with what the daemons logged last."""
    end = time.monotonic() + seconds
    while not done():
        if time.monotonic() > end:
            logs = sorted([*place.glob("*.said"), *place.glob("*.log")]) if place else []
            raise AssertionError("\n".join([what, *(f"{log.name}: {log.read_text()[-500:]}" for log in logs)]))
        time.sleep(0.1)


def _write(place: Path, with_gpus: bool) -> None:
    (place / "state").mkdir()
    (place / "bin").mkdir()
    for name in (*DAEMONS, *CLIENTS):
        program = place / "bin" / name
        found = shutil.which(name, path=PATH)
        program.write_text(f'#!/bin/sh\nSLURM_CONF={place}/slurm.conf exec {found} "$@"\n')
        program.chmod(0o755)
    (place / "key").write_bytes(os.urandom(128))
    (place / "key").chmod(0o600)
    facts = {
        "host": os.uname().nodename.partition(".")[0], "user": os.getuid(), "place": place, "ports": _ports(3),
        "gpus": "GresTypes=gpu" if with_gpus else "", "each": "Gres=gpu:1" if with_gpus else "",
    }  # fmt: skip
    (place / "slurm.conf").write_text(SETTINGS.format(**facts))
    if with_gpus:
        (place / "gres.conf").write_text(DEVICES)


def _daemons(place: Path) -> dict[str, list[str]]:
    munge = {
        "key-file": "key",
        "socket": "munge",
        "pid-file": "munge.pid",
        "log-file": "munge.log",
        "seed-file": "seed",
    }
    return {
        "munged": ["munged", "--foreground", "--force", *(f"--{key}={place / name}" for key, name in munge.items())],
        "slurmctld": ["slurmctld", "-D", "-c"],
        **{node: ["slurmd", "-D", "-N", node] for node in NODES},
    }


def _ports(count: int) -> list[int]:
    """Ports that were free a moment ago."""
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    found = [one.getsockname()[1] for one in held]
    for one in held:
        one.close()
    return found
