"""The commands of the service: it, its database, its keys, its workers. Arguments in, exit code out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from textcx.cli.options import DATABASE, ENGINE, JOBS, SERVICE, takes, tell

db = typer.Typer(no_args_is_help=True, help="The database of the service.")
keys = typer.Typer(no_args_is_help=True, help="Keys with which other programs call the service.")


@db.command()
@takes(*DATABASE, "config")
def upgrade(ctx: typer.Context) -> None:
    """Make the tables of the service, or bring them to this version."""
    from textcx.store.sql.database import Database
    from textcx.store.sql.migrations import HEAD
    from textcx.store.sql.migrations import upgrade as bring_up

    database = Database(_url(ctx))
    try:
        before = bring_up(database)
    finally:
        database.close()
    typer.echo(f"The database stands at step {HEAD}" + (f" (before: {before})" if before != HEAD else ", as before"))


@keys.command()
@takes(*DATABASE, "config")
def create(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="what the key is for, such as the program that will use it")],
    scope: Annotated[list[str], typer.Option("--scope", help="analyze, read, write or admin; repeatable")],
    days: Annotated[int | None, typer.Option("--days", min=1, help="days until it expires (default: never)")] = None,
) -> None:
    """Make a key. It is shown once, on standard output, and cannot be shown again."""
    from textcx.domain.errors import WrongUse
    from textcx.domain.service.keys import Scope
    from textcx.wiring.service import open_keys

    unknown = sorted(set(scope) - set(Scope))
    if unknown:
        msg = f"{', '.join(unknown)} is no scope; expected {', '.join(Scope)}"
        raise WrongUse(msg)
    expires = datetime.now(tz=UTC) + timedelta(days=days) if days is not None else None
    with open_keys(_url(ctx)) as stored:
        made = stored.create(name, scopes=[Scope(each) for each in scope], expires_at=expires)
    typer.echo(made.secret)
    typer.echo(f"{made.key.id}: keep it now, it is not shown again", err=True)


@keys.command("list")
@takes(*DATABASE, "config")
def list_keys(ctx: typer.Context) -> None:
    """Show all keys: id, beginning, name, scopes, state. Never the keys themselves."""
    from textcx.wiring.service import open_keys

    now = datetime.now(tz=UTC)
    with open_keys(_url(ctx)) as stored:
        for key in stored.all():
            state = "valid" if key.valid_at(now) else "revoked" if key.revoked_at else "expired"
            used = key.last_used_at.isoformat(timespec="minutes") if key.last_used_at else "never used"
            typer.echo("\t".join([key.id, key.prefix, key.name, ",".join(sorted(key.scopes)), state, used]))


@keys.command()
@takes(*DATABASE, "config")
def revoke(
    ctx: typer.Context,
    key: Annotated[str, typer.Argument(metavar="KEY", help="its id, or its beginning as 'keys list' shows it")],
) -> None:
    """Revoke a key for good; running services notice within seconds."""
    from textcx.wiring.service import open_keys

    with open_keys(_url(ctx)) as stored:
        revoked = stored.revoke(key)
    typer.echo(f"{revoked.id} ({revoked.name}) is revoked")


@takes(*SERVICE, *ENGINE, "config")
def serve(ctx: typer.Context) -> None:
    """Answer other programs over HTTP, on this machine or, with keys, for others."""
    from textcx.commands.serve import serve as run

    run(
        config=ctx.params["config"],
        analysis={name: ctx.params[name] for name in ENGINE},
        service={name: ctx.params[name] for name in SERVICE},
        tell=tell,
        show=typer.echo,
    )


@takes(*JOBS, *ENGINE, "batch_rows", "config")
def worker(ctx: typer.Context) -> None:
    """Run the jobs of the service in a process of their own; several may share a PostgreSQL database."""
    from textcx.jobs.queue.worker import work
    from textcx.settings.analysis import load_settings
    from textcx.settings.service import load_service_settings, settings_file

    config = ctx.params["config"]
    work(
        settings=load_settings(
            file=config or settings_file(), **{name: ctx.params[name] for name in (*ENGINE, "batch_rows")}
        ),
        service=load_service_settings(file=config, **{name: ctx.params[name] for name in JOBS}),
        tell=tell,
    )


def _url(ctx: typer.Context) -> str:
    from textcx.settings.service import load_service_settings

    given = {name: ctx.params[name] for name in DATABASE}
    return load_service_settings(file=ctx.params["config"], **given).database
