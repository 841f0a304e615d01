"""The command `retrace`. Exit codes: 0 all is well, 1 a finding, 2 wrong usage, 3 something is missing here."""

import json
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)


@app.callback()
def retrace() -> None:
    """Checks and explains what both engines made."""


@app.command()
def adopt(
    targets: Annotated[
        list[str] | None, typer.Argument(help="Stages, groups or outputs; all if none is named.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Tell Snakemake and DVC that results/ is up to date, after checking every byte against the receipts."""
    from stages.retrace import adopt as work

    if not Path("dvc.yaml").is_file():
        _fail("expected dvc.yaml in the current folder; run retrace from the project root")
    try:
        report = work.adopt(targets or [], Path("."))
    except ValueError as error:
        _fail(str(error))
    if as_json:
        typer.echo(json.dumps(report.as_dict(), sort_keys=True, indent=1))
    else:
        for name, lines in {**report.broken, **report.stale, **report.failed}.items():
            typer.echo(f"{name}: " + (lines if isinstance(lines, str) else "; ".join(lines)), err=True)
        typer.echo(
            f"adopted {len(report.adopted)}, not built {len(report.unbuilt)}, out of date {len(report.stale)}, "
            f"not as their receipts say {len(report.broken)}"
        )
    raise typer.Exit(report.code)


def _fail(message: str) -> None:
    typer.echo(message, err=True)
    raise typer.Exit(2)


def main() -> None:
    app()


if __name__ == "__main__":
    main()
