"""What .work says of runs: a line a run that ended, a file a run that lives; what no run wrote there is passed over."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from stages.runner.live import RUNNING
from stages.runner.machine import RUNS

STAMP = "%Y-%m-%dT%H:%M:%SZ"
# As `time.time` and durations can be; the year 2286 and 300 years.
Seconds = Annotated[float, Field(ge=0, le=1e10, allow_inf_nan=False)]
Moment = Annotated[str, AfterValidator(lambda text: datetime.strptime(text, STAMP).strftime(STAMP))]
Place = Annotated[str, Field(pattern=r"^[^\x00]*$")]


class Ended(BaseModel):
    """One run that ended, with its exit code and cost."""

    model_config = ConfigDict(frozen=True)
    stage: str
    fingerprint: str
    resume: Place
    started: Moment
    seconds: Seconds
    engine: str
    exit: int
    failure: str
    cpu_seconds: Seconds | None = None
    peak_memory_mb: Seconds | None = None


class Living(BaseModel):
    """What a run that lives says of itself."""

    model_config = ConfigDict(frozen=True)
    stage: Place
    pid: int = Field(gt=0, lt=2**31)
    born: str
    started: Seconds
    log: Place
    resume: Place
    done: int | None = None
    total: int | None = None
    left_s: Seconds | None = None
    text: str = ""


def logs() -> list[Path]:
    """The logs of runs, one a stage."""
    return [path for path in sorted(RUNS.glob("*.jsonl")) if path.is_file()]


def ended(log: Path) -> list[Ended]:
    """The runs of a log, oldest first; a machine that went down leaves half a line."""
    found = []
    for line in log.read_bytes().splitlines() if log.is_file() else ():
        try:
            found.append(Ended.model_validate_json(line))
        except ValidationError:
            continue
    return found


def living() -> Iterator[Living]:
    """The runs that say that they live, those that were killed among them."""
    for path in sorted(RUNNING.glob("*.json")):
        try:
            if path.is_file():
                yield Living.model_validate_json(path.read_bytes())
        except (FileNotFoundError, ValidationError):
            # It ended as we looked, or a full disk cut it short.
            continue
