"""The commands around the service: its database, its keys, its workers. Arguments in, exit code out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from textcx.store.sql.database import Database

Config = Annotated[Path | None, typer.Option("--config", help="settings file (default: textcx.toml here, if any)")]
Url = Annotated[str | None, typer.Option("--database-url", help="sqlite:///FILE or postgresql+psycopg://USER@HOST/NAME")]  # fmt: skip

db = typer.Typer(no_args_is_help=True, help="The database of the service.")
keys = typer.Typer(no_args_is_help=True, help="Keys with which other programs call the service.")


@db.command()
def upgrade(database_url: Url = None, config: Config = None) -> None:
    """Make the tables of the service, or bring them to this version."""
    from textcx.store.sql.database import Database
    from textcx.store.sql.migrations import HEAD
    from textcx.store.sql.migrations import upgrade as bring_up

    database = Database(_url(database_url, config))
    try:
        before = bring_up(database)
    finally:
        database.close()
    typer.echo(f"The database stands at step {HEAD}" + (f" (before: {before})" if before != HEAD else ", as before"))


@keys.command()
def create(
    name: Annotated[str, typer.Argument(help="what the key is for, such as the program that will use it")],
    scope: Annotated[list[str], typer.Option("--scope", help="analyze, read, write or admin; repeatable")],
    days: Annotated[int | None, typer.Option("--days", min=1, help="days until it expires (default: never)")] = None,
    database_url: Url = None,
    config: Config = None,
) -> None:
    """Make a key. It is shown once, on standard output, and cannot be shown again."""
    from textcx.domain.errors import WrongUse
    from textcx.domain.service import Scope
    from textcx.store.sql.keys import SqlKeys

    unknown = sorted(set(scope) - set(Scope))
    if unknown:
        msg = f"{', '.join(unknown)} is no scope; expected {', '.join(Scope)}"
        raise WrongUse(msg)
    database = _open(database_url, config)
    try:
        expires = datetime.now(tz=UTC) + timedelta(days=days) if days is not None else None
        made = SqlKeys(database).create(name, scopes=[Scope(each) for each in scope], expires_at=expires)
    finally:
        database.close()
    typer.echo(made.secret)
    typer.echo(f"{made.key.id}: keep it now, it is not shown again", err=True)


@keys.command("list")
def list_keys(database_url: Url = None, config: Config = None) -> None:
    """Show all keys: id, beginning, name, scopes, state. Never the keys themselves."""
    from textcx.store.sql.keys import SqlKeys

    database = _open(database_url, config)
    try:
        now = datetime.now(tz=UTC)
        for key in SqlKeys(database).all():
            state = "valid" if key.valid_at(now) else "revoked" if key.revoked_at else "expired"
            used = key.last_used_at.isoformat(timespec="minutes") if key.last_used_at else "never used"
            typer.echo("\t".join([key.id, key.prefix, key.name, ",".join(sorted(key.scopes)), state, used]))
    finally:
        database.close()


@keys.command()
def revoke(
    key: Annotated[str, typer.Argument(metavar="KEY", help="its id, or its beginning as 'keys list' shows it")],
    database_url: Url = None,
    config: Config = None,
) -> None:
    """Revoke a key for good; running services notice within seconds."""
    from textcx.store.sql.keys import SqlKeys

    database = _open(database_url, config)
    try:
        revoked = SqlKeys(database).revoke(key)
    finally:
        database.close()
    typer.echo(f"{revoked.id} ({revoked.name}) is revoked")


def worker(
    database_url: Url = None,
    spool: Annotated[
        Path | None, typer.Option("--spool", help="private directory for uploads until they are redacted")
    ] = None,
    model: Annotated[Path | None, typer.Option("--model", help="folder of another encoder")] = None,
    backend: Annotated[str | None, typer.Option("--backend", help="what runs the encoder (default: auto)")] = None,
    precision: Annotated[str | None, typer.Option("--precision", help="such as bf16 or fp32 (default: auto)")] = None,
    threads: Annotated[int | None, typer.Option("--threads", help="processor threads (default: all)")] = None,
    batch_rows: Annotated[int | None, typer.Option("--batch-rows", help="records per checkpoint")] = None,
    config: Config = None,
) -> None:
    """Run the jobs of the service in a process of their own; several may share a PostgreSQL database."""
    from textcx.config import load_settings
    from textcx.service.worker import work
    from textcx.service_config import load_service_settings

    work(
        settings=load_settings(
            file=config, encoder=model, backend=backend, precision=precision, threads=threads, batch_rows=batch_rows
        ),
        service=load_service_settings(file=config, database_url=database_url, spool=spool),
        tell=lambda sentence: typer.echo(sentence, err=True),
    )


def _open(database_url: str | None, config: Path | None) -> Database:
    from textcx.wiring import open_database

    return open_database(_url(database_url, config))


def _url(database_url: str | None, config: Path | None) -> str:
    from textcx.service_config import load_service_settings

    return load_service_settings(file=config, database_url=database_url).database_url
