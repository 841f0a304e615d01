"""What wraps every verb: arguments, params, lock, resume folder, atomic publish, receipt."""

from stages.runner.job import Job
from stages.runner.main import run_stage

__all__ = ["Job", "run_stage"]
