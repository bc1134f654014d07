"""The commands of the service: it, its database, its keys, its workers. Arguments in, exit code out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from textcx.cli.options import Model

Config = Annotated[Path | None, typer.Option("--config", help="settings file (default: textcx.toml here, if any)")]
Url = Annotated[
    str | None, typer.Option("--database-url", help="sqlite:///FILE or postgresql+psycopg://USER@HOST/NAME")
]
PasswordFile = Annotated[
    Path | None, typer.Option("--database-password-file", help="file with its password, such as a mounted secret")
]
Spooled = Annotated[Path | None, typer.Option("--spool", help="private directory for uploads until they are redacted")]
Backend = Annotated[str | None, typer.Option("--backend", help="what runs the encoder (default: auto)")]
Precision = Annotated[str | None, typer.Option("--precision", help="such as bf16 or fp32 (default: auto)")]
Threads = Annotated[int | None, typer.Option("--threads", help="processor threads (default: all)")]
PrivateWebhooks = Annotated[
    bool | None,
    typer.Option("--allow-private-webhooks/--no-private-webhooks", help="let webhooks call private addresses"),
]

db = typer.Typer(no_args_is_help=True, help="The database of the service.")
keys = typer.Typer(no_args_is_help=True, help="Keys with which other programs call the service.")


@db.command()
def upgrade(database_url: Url = None, database_password_file: PasswordFile = None, config: Config = None) -> None:
    """Make the tables of the service, or bring them to this version."""
    from textcx.store.sql.database import Database
    from textcx.store.sql.migrations import HEAD
    from textcx.store.sql.migrations import upgrade as bring_up

    database = Database(_url(config, database_url, database_password_file))
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
    database_password_file: PasswordFile = None,
    config: Config = None,
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
    with open_keys(_url(config, database_url, database_password_file)) as stored:
        made = stored.create(name, scopes=[Scope(each) for each in scope], expires_at=expires)
    typer.echo(made.secret)
    typer.echo(f"{made.key.id}: keep it now, it is not shown again", err=True)


@keys.command("list")
def list_keys(database_url: Url = None, database_password_file: PasswordFile = None, config: Config = None) -> None:
    """Show all keys: id, beginning, name, scopes, state. Never the keys themselves."""
    from textcx.wiring.service import open_keys

    now = datetime.now(tz=UTC)
    with open_keys(_url(config, database_url, database_password_file)) as stored:
        for key in stored.all():
            state = "valid" if key.valid_at(now) else "revoked" if key.revoked_at else "expired"
            used = key.last_used_at.isoformat(timespec="minutes") if key.last_used_at else "never used"
            typer.echo("\t".join([key.id, key.prefix, key.name, ",".join(sorted(key.scopes)), state, used]))


@keys.command()
def revoke(
    key: Annotated[str, typer.Argument(metavar="KEY", help="its id, or its beginning as 'keys list' shows it")],
    database_url: Url = None,
    database_password_file: PasswordFile = None,
    config: Config = None,
) -> None:
    """Revoke a key for good; running services notice within seconds."""
    from textcx.wiring.service import open_keys

    with open_keys(_url(config, database_url, database_password_file)) as stored:
        revoked = stored.revoke(key)
    typer.echo(f"{revoked.id} ({revoked.name}) is revoked")


def serve(
    host: Annotated[
        str | None, typer.Option("--host", help="address to listen on; others than loopback ask for keys")
    ] = None,
    port: Annotated[int | None, typer.Option("--port", help="port to listen on (default 8321)")] = None,
    database_url: Url = None,
    database_password_file: PasswordFile = None,
    spool: Spooled = None,
    theme_sets: Annotated[Path | None, typer.Option("--theme-sets", help="directory of theme sets")] = None,
    first_key: Annotated[
        bool | None,
        typer.Option(
            "--first-key/--no-first-key", help="where there was never a key, make one for everything and print it, once"
        ),
    ] = None,
    max_items: Annotated[int | None, typer.Option("--max-items", help="items of one request (default 1000)")] = None,
    max_text_characters: Annotated[
        int | None, typer.Option("--max-text-characters", help="characters of one text (default 200000)")
    ] = None,
    max_body_bytes: Annotated[
        int | None, typer.Option("--max-body-bytes", help="bytes of a request body, but for files")
    ] = None,
    max_decompressed_bytes: Annotated[
        int | None, typer.Option("--max-decompressed-bytes", help="bytes of a compressed body once decompressed")
    ] = None,
    max_file_bytes: Annotated[int | None, typer.Option("--max-file-bytes", help="bytes of an uploaded file")] = None,
    max_decompressed_file_bytes: Annotated[
        int | None, typer.Option("--max-decompressed-file-bytes", help="bytes of a compressed file once decompressed")
    ] = None,
    rate_limit: Annotated[
        int | None, typer.Option("--rate-limit", help="requests of one key in a minute; 0 for no limit")
    ] = None,
    allow_private_webhooks: PrivateWebhooks = None,
    run_jobs: Annotated[
        bool | None, typer.Option("--run-jobs/--no-run-jobs", help="run jobs here; without, 'textcx worker' does")
    ] = None,
    queue_limit: Annotated[
        int | None, typer.Option("--queue-limit", help="items that wait for the model; then 429")
    ] = None,
    batch_tokens: Annotated[
        int | None, typer.Option("--batch-tokens", help="about so many tokens are read at once")
    ] = None,
    max_wait_ms: Annotated[float | None, typer.Option("--max-wait-ms", help="longest wait for more callers")] = None,
    log_format: Annotated[str | None, typer.Option("--log-format", help="json or plain")] = None,
    log_level: Annotated[str | None, typer.Option("--log-level", help="debug, info, warning or error")] = None,
    body_seconds: Annotated[
        float | None, typer.Option("--body-seconds", help="longest pause while a body comes in; then 408")
    ] = None,
    drain_seconds: Annotated[
        int | None, typer.Option("--drain-seconds", help="time for open requests when the service stops")
    ] = None,
    key_cache_seconds: Annotated[
        float | None, typer.Option("--key-cache-seconds", help="so long a revoked key may still work")
    ] = None,
    model: Model = None,
    backend: Backend = None,
    precision: Precision = None,
    threads: Threads = None,
    config: Config = None,
) -> None:
    """Answer other programs over HTTP, on this machine or, with keys, for others."""
    flags = dict(locals())  # before anything else is one
    from textcx.commands.serve import serve as run

    chosen = flags.pop("config")
    analysis = {name: flags.pop(name) for name in ("model", "backend", "precision", "threads")}
    run(config=chosen, analysis=analysis, service=flags, tell=_tell, show=typer.echo)


def worker(
    database_url: Url = None,
    database_password_file: PasswordFile = None,
    spool: Spooled = None,
    allow_private_webhooks: PrivateWebhooks = None,
    model: Model = None,
    backend: Backend = None,
    precision: Precision = None,
    threads: Threads = None,
    batch_rows: Annotated[int | None, typer.Option("--batch-rows", help="records per checkpoint")] = None,
    config: Config = None,
) -> None:
    """Run the jobs of the service in a process of their own; several may share a PostgreSQL database."""
    from textcx.jobs.queue.worker import work
    from textcx.settings.analysis import load_settings
    from textcx.settings.service import load_service_settings, settings_file

    work(
        settings=load_settings(
            file=config or settings_file(),
            model=model,
            backend=backend,
            precision=precision,
            threads=threads,
            batch_rows=batch_rows,
        ),
        service=load_service_settings(
            file=config,
            database_url=database_url,
            database_password_file=database_password_file,
            spool=spool,
            allow_private_webhooks=allow_private_webhooks,
        ),
        tell=_tell,
    )


def _url(config: Path | None, url: str | None, password_file: Path | None) -> str:
    from textcx.settings.service import load_service_settings

    return load_service_settings(file=config, database_url=url, database_password_file=password_file).database


def _tell(sentence: str) -> None:
    typer.echo(sentence, err=True)
