"""The auditor's command: what made a number or picture, whether it can be trusted, and what would run again.

Exit codes: 0 all is well, 1 a finding, 2 wrong usage, 3 something is missing here, 4 retrace itself failed.
"""

# A command is a folder of its name: `command.run(…) -> Report` (answer.py) gives the exit code and what --json prints,
# `view.show(report, page)` what a person reads. Both are imported when they are called, so that `retrace --help` is
# instant, and work in the project's root.

import sys
import traceback
from typing import Annotated

import typer

from stages.retrace import here
from stages.retrace.answer import DEFECT, USAGE
from stages.retrace.answering import answer as _answer
from stages.retrace.own import score, use

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
# What a certificate says of whoever checked, who alone can say it.
Who = Annotated[str, typer.Option(help="Who checked, for the certificate.")]
Orcid = Annotated[str, typer.Option(help="The ORCID iD of who checked.")]
When = Annotated[str, typer.Option(help="When it was checked, such as 2026-11-30T14:00:00.")]
Where = Annotated[str, typer.Option(help="The address of the checker's report, a DOI's best.")]
Targets = Annotated[list[str] | None, typer.Argument(help="Stages, groups or outputs; all if none is named.")]


@app.command()
def trace(
    file: Annotated[str, typer.Argument(help="A file or folder, wherever it lies, or a fingerprint or sha256.")],
    cell: Annotated[str, typer.Option(help="One number of a table, such as 'ContrasFill,face,KFFA'.")] = "",
    depth: Annotated[int, typer.Option(min=0, help="Levels of the tree; all if not given.")] = 1000,
    full: Annotated[bool, typer.Option("--full", help="Parameters and code of every stage, not of the first.")] = False,
    dot: Annotated[bool, typer.Option("--dot", help="Print the tree as a graph for Graphviz.")] = False,
    as_json: Json = False,
) -> None:
    """Show everything that a table, picture, score, model or dataset was made from."""
    _answer("trace", as_json, file=here.path(file), cell=cell, depth=depth, full=full, dot=dot)


@app.command()
def explain(targets: Targets = None, as_json: Json = False) -> None:
    """Say what would run again, and why: to the key, file or line."""
    _answer("explain", as_json, targets=here.targets(targets))


@app.command()
def audit(
    targets: Targets = None,
    check_bytes: Annotated[bool, typer.Option("--bytes", help="The chain and every byte (the default).")] = False,
    no_data: Annotated[bool, typer.Option("--no-data", help="The chain of receipts alone.")] = False,
    cache: Annotated[bool, typer.Option("--cache", help="Every object of DVC's cache.")] = False,
    root: Annotated[str | None, typer.Option(help="Digest of the last receipt, which the auditor holds.")] = None,
    against: Annotated[str | None, typer.Option(help="A git revision whose receipts must be the same.")] = None,
    as_json: Json = False,
) -> None:
    """Check receipts and bytes, and name the first broken link."""
    scopes = [scope for scope, on in (("bytes", check_bytes), ("no-data", no_data), ("cache", cache)) if on]
    if len(scopes) > 1 or (root and against):
        here.stop(USAGE, "choose one of --bytes, --no-data, --cache, and one of --root, --against")
    _answer("audit", as_json, targets=here.targets(targets), scope=(scopes or ["bytes"])[0], root=root, against=against,
            progress=not as_json)  # fmt: skip


@app.command()
def adopt(
    targets: Targets = None,
    accept: Annotated[str | None, typer.Option(help="A stage whose changed code or settings are waived.")] = None,
    reason: Annotated[str | None, typer.Option(help="Why, for the waiver.")] = None,
    as_json: Json = False,
) -> None:
    """Tell Snakemake and DVC that results/ is up to date, after checking every byte against the receipts."""
    _answer("adopt", as_json, targets=here.targets(targets), accept=accept, reason=reason)


@app.command()
def claims(
    papers: Annotated[list[str] | None, typer.Argument(help="Papers by folder name; all if none is named.")] = None,
    as_json: Json = False,
) -> None:
    """List what each paper claims: the printed value, ours, and the verdict."""
    _answer("claims", as_json, papers=papers or [])


@app.command()
def crate(
    out: Annotated[str, typer.Argument(help="A folder outside results/: new, empty or an earlier crate.")],
    prov: Annotated[bool, typer.Option("--prov", help="Add the same provenance as W3C PROV-JSON.")] = False,
    against: Annotated[
        str | None, typer.Option(help="A git revision or a report: which outputs have its bytes.")
    ] = None,
    codechecker: Who = "",
    orcid: Orcid = "",
    check_time: When = "",
    check_report: Where = "",
    as_json: Json = False,
) -> None:
    """Pack all tables and figures with what they rest on as a Workflow Run RO-Crate."""
    checker = {"name": codechecker, "orcid": orcid, "time": check_time, "report": check_report}
    _answer("crate", as_json, out=here.out(out), prov=prov, against=against, start=here.here(), checker=checker)


@app.command()
def report(
    out: Annotated[str, typer.Argument(help="A folder outside results/: new, empty or an earlier report.")],
    targets: Targets = None,
    against: Annotated[str | None, typer.Option(help="A git revision or another report, to show what changed.")] = None,
    codechecker: Who = "",
    orcid: Orcid = "",
    check_time: When = "",
    check_report: Where = "",
    as_json: Json = False,
) -> None:
    """Write all that is built as pages to open, mail and review, each number with what it was made from."""
    checker = {"name": codechecker, "orcid": orcid, "time": check_time, "report": check_report}
    _answer("report", as_json, out=here.out(out), targets=here.targets(targets), against=against, start=here.here(),
            progress=not as_json, checker=checker)  # fmt: skip


@app.command()
def status(as_json: Json = False) -> None:
    """Say what runs now: step, time left, last losses, log and curve; and how the last runs ended."""
    _answer("status", as_json)


@app.command()
def doctor(as_json: Json = False) -> None:
    """Look for what stops or blocks a run here, and say what to do."""
    _answer("doctor", as_json)


app.command()(use)
app.command()(score)


def main() -> None:
    """Runs a command; an error that no command expects has an exit code of its own, since 1 means a finding."""
    try:
        app()
    except Exception:
        from stages.runner import terminal

        print(terminal.safe(traceback.format_exc()), file=sys.stderr)
        print("retrace itself failed, which says nothing about the results; please report the lines above",
              file=sys.stderr)  # fmt: skip
        sys.exit(DEFECT)


if __name__ == "__main__":
    main()
