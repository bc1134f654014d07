"""The commands ``textcx themes ...``: arguments in, exit code out. Nothing heavy is imported before a command runs."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from textcx.cli.options import EDITS, Inputs, Quiet, container_of, takes

LEARNING = (
    *("text_column", "id_column", "date_column", "source", "source_column", "respondent_column"),
    *("limit", "taxonomy", "max_unassigned", "keep_names", "seed", "threads", "config"),
    *("namer", "namer_url", "namer_model"),
)
"""The options of learn that are settings."""

themes = typer.Typer(no_args_is_help=True, help="Theme sets: themes that hold still. Look, compare, edit by hand.")

Set = Annotated[Path, typer.Argument(metavar="SET", help="directory of a theme set, or of an analysis that used one")]


@themes.command("learn")
@takes(*LEARNING)
def learn(
    ctx: typer.Context,
    inputs: Inputs,
    out: Annotated[Path, typer.Option("--out", help="directory for the set; must not exist")],
    previous: Annotated[
        Path | None,
        typer.Option("--from", metavar="SET", help="an earlier set: its themes keep their ids, its edits stay"),
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="replace the set if it exists")] = False,
    quiet: Quiet = False,
) -> None:
    """Learn the themes of feedback files and keep them, so that later runs can be assigned to them."""
    from textcx.commands import learn_themes as job
    from textcx.runs.progress import follow

    container = container_of(ctx)
    with follow(quiet=quiet or not sys.stderr.isatty()) as clock:
        summary = job.learn(inputs, out=out, container=container, clock=clock, previous=previous, overwrite=overwrite)
    typer.echo(summary)


@themes.command("show")
def show(
    theme_set: Set,
    level: Annotated[
        int | None, typer.Option("--level", min=1, max=3, help="what is shown on this level (default: the whole tree)")
    ] = None,
) -> None:
    """Show the themes of a set: size, stability, keywords, and what is fragile, pinned or hidden."""
    from textcx.commands import theme_sets as job

    typer.echo(job.show(theme_set, level=level), nl=False)


@themes.command("diff")
def diff(
    before: Annotated[Path, typer.Argument(metavar="A", help="a theme set, or an analysis that used one")],
    after: Annotated[Path, typer.Argument(metavar="B", help="the one to compare it with")],
    everything: Annotated[bool, typer.Option("--all", help="list unchanged themes, too")] = False,
) -> None:
    """Show what became of the themes of A in B: continued, split, merged, new, not found again."""
    from textcx.commands import theme_sets as job

    typer.echo(job.compare(before, after, everything=everything), nl=False)


@themes.command("export")
def export(
    analysis: Annotated[Path, typer.Argument(metavar="RESULT", help="directory of an analysis: its set and its texts")],
    bertopic: Annotated[
        Path, typer.Option("--bertopic", metavar="DIR", help="directory for the BERTopic model; must not exist")
    ],
    overwrite: Annotated[bool, typer.Option("--overwrite", help="replace an earlier export")] = False,
) -> None:
    """Write the themes of an analysis as a model that BERTopic.load opens."""
    from textcx.commands import export_themes as job

    typer.echo(job.export(analysis, out=bertopic, overwrite=overwrite), nl=False)


@themes.command("edit")
@takes(*EDITS)
def edit(
    ctx: typer.Context,
    theme_set: Set,
    into: Annotated[str | None, typer.Option("--into", metavar="NAME", help="name of what a merge makes")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="only say what would move")] = False,
    by: Annotated[str | None, typer.Option("--by", metavar="NAME", help="who does it, for the log")] = None,
) -> None:
    """Edit a set by hand, one edit at a time; a theme may be given by its id or its name."""
    from textcx.commands import theme_sets as job

    given = {action: ctx.params[action] for action in EDITS if ctx.params[action] is not None}
    typer.echo(job.edit(theme_set, given, into=into, when=datetime.now(UTC), who=by, dry_run=dry_run), nl=False)
