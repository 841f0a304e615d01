"""How a command of `retrace` runs: in the project's root, its report printed, its errors in words, its exit code."""

import os
import sys
from importlib import import_module
from typing import Any

import typer

from stages.retrace import here
from stages.retrace.answer import CLOSED, ENVIRONMENT, STOPPED, USAGE, Report, Spoiled, as_text


def answer(command: str, as_json: bool, **options: Any) -> None:
    """Runs a command in the project's root, prints its report and exits with its code."""
    os.chdir(here.root())
    from stages.graph import Unreadable
    from stages.runner import terminal
    from stages.runner.exits import StageFailure

    terminal.speak_plainly()
    try:
        try:
            report = import_module(f"stages.retrace.{command}.command").run(**options)
        except (Spoiled, Unreadable):
            raise
        except ValueError as error:
            here.stop(USAGE, str(error))
        _show(command, report, as_json)
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read has read enough; what is left must not be tried again as the process ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(CLOSED) from None
    except OSError as error:
        here.stop(ENVIRONMENT, f"{error.filename}: {error.strerror}" if error.filename else str(error))
    except (Spoiled, StageFailure, Unreadable, ModuleNotFoundError) as error:
        here.stop(ENVIRONMENT, str(error))
    except KeyboardInterrupt:
        here.stop(STOPPED, "stopped")
    raise typer.Exit(report.code)


def _show(command: str, report: Report, as_json: bool) -> None:
    if as_json:
        typer.echo(as_text(report, sys.stdout.encoding or "ascii"))
    else:
        from stages.retrace.page import Page

        import_module(f"stages.retrace.{command}.view").show(report, Page())
