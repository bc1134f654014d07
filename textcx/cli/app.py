"""The command line: arguments in, exit code out.

Exit codes: 0 done, 1 failed, 2 wrong use, 3 done but some records could not be read, 130 interrupted. Heavy imports
wait until a command needs them, so that ``textcx --help`` is quick.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from textcx.cli.options import COLUMNS, ENGINE, Directory, Inputs, Overwrite, Quiet, container_of, takes, tell
from textcx.cli.service import db, keys, serve, worker
from textcx.cli.themes import themes as theme_commands
from textcx.domain.version import __version__

ANALYSIS = (
    *("limit", "batch_rows", "model", "threads", "seed", "config"),
    *("redact", "keep_names", "journey", "themes", "taxonomy", "max_unassigned", "title", "tables"),
    *("namer", "namer_url", "namer_model"),
)
"""The options of analyze that say how it is done."""
FAILED, DONE_WITH_ERRORS, INTERRUPTED = 1, 3, 130

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Customer feedback in, a decision-ready report out. Nothing leaves this machine unless you ask for it.",
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"textcx {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="show the version")
    ] = False,
) -> None:
    """Read the options that belong to no command."""


@app.command()
@takes(*COLUMNS, *ANALYSIS)
def analyze(
    ctx: typer.Context,
    inputs: Inputs,
    out: Annotated[Path, typer.Option("--out", help="directory for the result; must not exist")],
    overwrite: Overwrite = False,
    quiet: Quiet = False,
) -> None:
    """Analyze feedback files: report, tables and findings in one directory."""
    from textcx.commands import analyze as job
    from textcx.runs.progress import follow

    container = container_of(ctx)
    try:
        with follow(quiet=quiet) as clock:
            analysis = job.analyze(inputs, out=out, container=container, clock=clock, overwrite=overwrite)
    except KeyboardInterrupt:
        typer.echo("textcx: interrupted; run the same command again to continue from the last checkpoint", err=True)
        raise typer.Exit(INTERRUPTED) from None
    typer.echo(job.summarize(analysis, out=out))
    if any(broken.reason == "unreadable_row" for broken in analysis.unprocessable):
        raise typer.Exit(DONE_WITH_ERRORS)


@app.command()
@takes(*COLUMNS, "config")
def inspect(
    ctx: typer.Context, file: Annotated[str, typer.Argument(metavar="FILE", help="a file as for analyze, or -")]
) -> None:
    """Show what analyze would make of a file; nothing is written."""
    from textcx.commands import inspect as job

    tools = container_of(ctx)
    overrides = tools.settings.overrides()
    typer.echo(job.render(job.inspect(file, overrides=overrides, language=tools.language, languages=tools.languages)))


@app.command()
@takes("text_column", "id_column", "limit", *ENGINE, "config")
def sentiment(
    ctx: typer.Context,
    records: Annotated[
        str, typer.Argument(metavar="INPUT", help="JSONL or CSV with id and text; - for standard input")
    ],
    out: Annotated[str, typer.Option("--out", help="file for the result (JSONL); - for standard output")] = "-",
    segments: Annotated[bool, typer.Option("--segments", help="list the segments of each text")] = False,
    aspects: Annotated[bool, typer.Option("--aspects", help="list what each text judges, and how")] = False,
    form: Annotated[str | None, typer.Option("--format", help="jsonl or csv, where the suffix does not tell")] = None,
    encoding: Annotated[str | None, typer.Option("--encoding", help="such as cp1252 (default: UTF-8)")] = None,
    overwrite: Overwrite = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="no progress bar and no summary")] = False,
) -> None:
    """Score texts as they come: one line of JSON for each record, in order."""
    try:
        from textcx.commands import sentiment as job
        from textcx.runs.progress import follow

        tools = container_of(ctx)
        target = None if out == "-" else Path(out)
        with follow(quiet=quiet, bars=target is not None or not sys.stdout.isatty()) as clock:
            tally = job.score(
                records,
                out=target,
                settings=tools.settings,
                tools=tools,
                progress=clock,
                form=form,
                encoding=encoding,
                segments=segments,
                aspects=aspects,
                overwrite=overwrite,
            )
    except KeyboardInterrupt:
        kept = "" if out == "-" else f"; what was scored so far is in {out}.partial"
        typer.echo(f"textcx: interrupted{kept}", err=True)
        raise typer.Exit(INTERRUPTED) from None
    if not (quiet or tally.stopped):
        typer.echo(f"textcx: {job.summarize(tally)}", err=True)
    if tally.failed:
        raise typer.Exit(DONE_WITH_ERRORS)


app.command()(serve)


@app.command()
def report(directory: Directory) -> None:
    """Write report.html and analysis.json of a finished analysis again."""
    from textcx.reports.bundle import write_reports
    from textcx.store.directory import DirectoryStore

    write_reports(DirectoryStore().load(directory), directory)
    typer.echo(f"Report: {directory / 'report.html'}")


@app.command()
def verify(
    directory: Directory,
    inputs: Annotated[
        list[str] | None, typer.Argument(metavar="INPUT...", help="the files it was made of, in the same order")
    ] = None,
) -> None:
    """Check a finished analysis: quotes, offsets, redactions and counts, against itself and its sources."""
    from textcx.commands import verify as job
    from textcx.store.directory import DirectoryStore

    outcome = job.verify(DirectoryStore().load(directory), inputs or ())
    for check, count in outcome.checks.items():
        failed = sum(problem.startswith(f"{check}:") for problem in outcome.problems)
        typer.echo(f"{'FAILED' if failed else 'ok':<7} {check} ({count:,} checked)")
    for problem in outcome.problems:
        typer.echo(f"  {problem}", err=True)
    if not outcome.passed:
        raise typer.Exit(FAILED)


train = typer.Typer(no_args_is_help=True, help="Train the shipped models again.")
app.add_typer(train, name="train")
app.add_typer(theme_commands, name="themes")
app.add_typer(db, name="db")
app.add_typer(keys, name="keys")
app.command()(worker)


@train.command("sentiment")
def train_sentiment(
    data: Annotated[Path, typer.Option("--data", help="folder of labelled data")],
    out: Annotated[Path, typer.Option("--out", help="directory for the model")],
    start: Annotated[
        Path | None, typer.Option("--start", help="folder of all-MiniLM-L6-v2; the installed package by default")
    ] = None,
    model: Annotated[
        Path | None, typer.Option("--model", help="directory of a model whose upper layers and heads are trained on")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="seed of everything random")] = 17,
    epochs: Annotated[int, typer.Option("--epochs", min=1, help="passes over the data")] = 3,
    resume: Annotated[bool, typer.Option("--resume", help="go on from the last checkpoint")] = False,
) -> None:
    """Train the encoder, all of it from all-MiniLM-L6-v2, or the sentiment of a model on."""
    from textcx.runs.progress import StageClock
    from textcx.settings.analysis import load_settings
    from textcx.training.run import Run, train_encoder, train_on
    from textcx.wiring.container import Container

    if start and model:
        message = "--start begins anew and --model goes on from a trained model: give one of them"
        raise typer.BadParameter(message)
    work = out.with_name(f"{out.name}.work")
    with StageClock(bars=True) as progress:
        run = Run(
            data=data,
            out=out,
            work=work,
            seed=seed,
            epochs=epochs,
            resume=resume,
            progress=progress,
            wording=Container(load_settings()).language.requests,
        )
        if model:
            train_on(run, model=model)
        else:
            train_encoder(run, start=start)
    tell(f"The model is in {out}; the figures of the run are in {work}/log.jsonl.")


@train.command("matters")
def train_the_branch(
    data: Annotated[Path, typer.Option("--data", help="folder of labelled data")],
    model: Annotated[Path, typer.Option("--model", help="directory of the model that gets the branch")],
    out: Annotated[Path, typer.Option("--out", help="directory for the model with the branch")],
    resume: Annotated[bool, typer.Option("--resume", help="go on from the last checkpoint")] = False,
) -> None:
    """Train the branch of matters alone, on top of a trained model; train sentiment ends with it, too."""
    from textcx.runs.progress import StageClock
    from textcx.training.branch.run import train_matters

    work = out.with_name(f"{out.name}.work")
    with StageClock(bars=True) as progress:
        train_matters(data=data, model=model, out=out, work=work, resume=resume, progress=progress)
    tell(f"The model is in {out}.")


@app.command()
@takes("model")
def evaluate(
    ctx: typer.Context,
    data: Annotated[Path, typer.Option("--data", help="folder of labelled data")],
    out: Annotated[Path | None, typer.Option("--out", help="JSON file for the numbers")] = None,
    sets: Annotated[
        str | None, typer.Option("--sets", help="names of sets, separated by commas (default: all)")
    ] = None,
    limit: Annotated[int | None, typer.Option("--limit", min=1, help="at most N texts of each set")] = None,
    no_baselines: Annotated[bool, typer.Option("--no-baselines", help="leave out VADER and TextBlob")] = False,
) -> None:
    """Measure the encoder on labelled data, beside VADER and TextBlob; nothing of the texts is kept."""
    from textcx.commands.evaluate import evaluate_encoder
    from textcx.settings.analysis import load_settings
    from textcx.wiring.container import Container

    typer.echo(
        evaluate_encoder(
            data,
            open_encoder=lambda: Container(load_settings(model=ctx.params["model"])).encoder,
            out=out,
            sets=sets.split(",") if sets is not None else None,
            limit=limit,
            baselines=not no_baselines,
            tell=tell,
        )
    )


def main() -> None:
    """Run the command line and leave the process with its exit code."""
    from textcx.domain.errors import TextcxError

    try:
        app()
    except TextcxError as error:
        typer.echo(f"textcx: {error}", err=True)
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
