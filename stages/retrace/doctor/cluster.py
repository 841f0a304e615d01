"""What a SLURM that is here gives and lacks, as far as profiles/slurm depends on it."""

import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence

from stages.graph import Stage
from stages.retrace.doctor.findings import Finding
from stages.runner import machine

ANSWER_SECONDS = 20
# Snakemake asks squeue only where SLURM remembers a job that ended for three of its intervals of 40 s.
REMEMBERED_SECONDS = 120
LOOKS = "snakemake --slurm-init-seconds-before-status-checks"


def slurm(stages: Sequence[Stage]) -> Iterator[Finding]:
    """Accounting, without which squeue alone sees how jobs end, and GPUs, which a cluster may not have."""
    if shutil.which("sbatch") is None:
        return
    settings = _settings()
    if not settings:
        yield Finding("cluster", "SLURM's programs are here, and no cluster answers `scontrol show config`")
        return
    yield _accounting(settings)
    wanting = [stage.name for stage in stages if stage.meta.get("gpu")]
    if wanting and "gpu" not in settings.get("GresTypes", "") and _gpus() != 0:
        what = f"the cluster knows no GPUs (GresTypes) and will refuse {wanting[0]} ({len(wanting)} stages in all)"
        yield Finding("cluster", what, f"echo 'gpus = 0' >> {machine.CONFIG}")


def nodes() -> int:
    """How many nodes the cluster here has; 0 without one."""
    return sum(int(line) for line in _say("sinfo", "--noheader", "--format", "%D").split() if line.isdecimal())


def _accounting(settings: dict[str, str]) -> Finding:
    kept = settings.get("AccountingStorageType", "(null)") not in ("(null)", "accounting_storage/none")
    remembered = int((re.match(r"\d+", settings.get("MinJobAge", "")) or ["0"])[0])
    if kept or remembered >= REMEMBERED_SECONDS or shutil.which("sacct") is None:
        told = "keeps accounts" if kept else "keeps no accounts, and squeue needs none"
        return Finding("cluster", f"SLURM {told}; it forgets a job {remembered} s after its end (MinJobAge)")
    what = (
        f"SLURM keeps no accounts and forgets a job {remembered} s after its end (MinJobAge): Snakemake, which asks "
        f"sacct where that is under {REMEMBERED_SECONDS} s, would wait for every job for ever"
    )
    remedy = f"{LOOKS} {remembered // 3} …" if remembered >= 3 else "have its administrator raise MinJobAge"
    return Finding("cluster", what, remedy)


def _settings() -> dict[str, str]:
    found = re.findall(r"^(\w+)\s*= (.*?)\s*$", _say("scontrol", "show", "config"), re.MULTILINE)
    return dict(found)


def _gpus() -> int | None:
    try:
        return machine.config().get("gpus")
    except ValueError:
        return None


def _say(*words: str) -> str:
    try:
        done = subprocess.run(words, capture_output=True, encoding="utf-8", errors="replace", timeout=ANSWER_SECONDS)
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout if done.returncode == 0 else ""
