"""The commands ``textcx themes ...``: arguments in, exit code out. Nothing heavy is imported before a command runs."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from textcx.cli.options import (
    Config,
    DateColumn,
    IdColumn,
    Inputs,
    Limit,
    RespondentColumn,
    Source,
    SourceColumn,
    TextColumns,
)

themes = typer.Typer(no_args_is_help=True, help="Theme sets: themes that hold still. Look, compare, edit by hand.")

Set = Annotated[Path, typer.Argument(metavar="SET", help="directory of a theme set, or of an analysis that used one")]


@themes.command("learn")
def learn(
    inputs: Inputs,
    out: Annotated[Path, typer.Option("--out", help="directory for the set; must not exist")],
    previous: Annotated[
        Path | None,
        typer.Option("--from", metavar="SET", help="an earlier set: its themes keep their ids, its edits stay"),
    ] = None,
    text_column: TextColumns = None,
    id_column: IdColumn = None,
    date_column: DateColumn = None,
    source: Source = None,
    source_column: SourceColumn = None,
    respondent_column: RespondentColumn = None,
    limit: Limit = None,
    taxonomy: Annotated[
        Path | None, typer.Option("--taxonomy", help="your own themes (TOML), matched before others are sought")
    ] = None,
    max_unassigned: Annotated[
        float | None,
        typer.Option("--max-unassigned", min=0.0, max=1.0, help="largest share of segments in no theme (default 0.1)"),
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="replace the set if it exists")] = False,
    keep_name: Annotated[
        list[str] | None, typer.Option("--keep-name", help="a product or company name never to mask; repeatable")
    ] = None,
    seed: Annotated[int | None, typer.Option("--seed", help="seed of everything random (default 0)")] = None,
    threads: Annotated[int | None, typer.Option("--threads", help="processor threads (default: all)")] = None,
    config: Config = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="no progress bars, only the summary")] = False,
) -> None:
    """Learn the themes of feedback files and keep them, so that later runs can be assigned to them."""
    import sys

    from textcx.commands import learn_themes as job
    from textcx.runs.progress import StageClock
    from textcx.settings.analysis import load_settings
    from textcx.wiring.container import Container

    settings = load_settings(
        file=config,
        text_column=text_column,
        id_column=id_column,
        date_column=date_column,
        source=source,
        source_column=source_column,
        respondent_column=respondent_column,
        limit=limit,
        keep_names=keep_name,
        seed=seed,
        threads=threads,
        max_unassigned=max_unassigned,
        taxonomy=taxonomy,
    )
    work: dict[str, Any] = {
        "out": out,
        "settings": settings,
        "container": Container(settings),
        "previous": previous,
        "overwrite": overwrite,
    }
    with StageClock(bars=not quiet and sys.stderr.isatty()) as clock:
        learned = job.learn(inputs, clock=clock, tell=clock.tell, **work)
    typer.echo(job.summarize(learned, out=out))


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
def edit(
    theme_set: Set,
    rename: Annotated[str | None, typer.Option("--rename", metavar="ID=NAME", help="give a theme a name")] = None,
    merge: Annotated[
        str | None, typer.Option("--merge", metavar="ID,ID[,..]", help="make one theme of several; the first stays")
    ] = None,
    into: Annotated[str | None, typer.Option("--into", metavar="NAME", help="name of what a merge makes")] = None,
    split: Annotated[
        str | None,
        typer.Option(
            "--split", metavar="ID[=N]", help="split a theme: into its sub-themes, or into N parts (default 2)"
        ),
    ] = None,
    pin: Annotated[
        str | None, typer.Option("--pin", metavar="ID", help="keep a theme even if a new fit does not find it")
    ] = None,
    unpin: Annotated[str | None, typer.Option("--unpin", metavar="ID", help="pin it no longer")] = None,
    hide: Annotated[str | None, typer.Option("--hide", metavar="ID", help="leave a theme out of reports")] = None,
    show: Annotated[str | None, typer.Option("--show", metavar="ID", help="hide it no longer")] = None,
    together: Annotated[
        str | None, typer.Option("--together", metavar="SEG,SEG", help="two segments that belong together")
    ] = None,
    apart: Annotated[str | None, typer.Option("--apart", metavar="SEG,SEG", help="two segments that do not")] = None,
    undo: Annotated[str | None, typer.Option("--undo", metavar="N", help="undo an edit by its number")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="only say what would move")] = False,
    by: Annotated[str | None, typer.Option("--by", metavar="NAME", help="who does it, for the log")] = None,
) -> None:
    """Edit a set by hand, one edit at a time; a theme may be given by its id or its name."""
    from textcx.commands import theme_sets as job
    from textcx.domain.themes.edits import Action

    given = {
        Action.RENAME: rename,
        Action.MERGE: merge,
        Action.SPLIT: split,
        Action.PIN: pin,
        Action.UNPIN: unpin,
        Action.HIDE: hide,
        Action.SHOW: show,
        Action.TOGETHER: together,
        Action.APART: apart,
        Action.UNDO: undo,
    }
    wish = job.wish_of(given, into=into)
    typer.echo(job.edit(theme_set, wish, when=datetime.now(UTC), who=by, dry_run=dry_run), nl=False)
