"""Options that are settings, declared once and added to commands by name, and what commands do with them."""

from __future__ import annotations

from functools import wraps
from inspect import Parameter, Signature, signature
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Callable

    from textcx.wiring.container import Container

    Command = Callable[..., None]

Inputs = Annotated[
    list[str],
    typer.Argument(metavar="INPUT...", help="CSV, TSV, JSONL, Parquet or XLSX; also .gz; - for standard input"),
]
Directory = Annotated[Path, typer.Argument(metavar="DIR", help="a finished analysis")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="replace the result if it exists")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="no progress bars, only the summary")]


def _option(kind: Any, description: str, *flags: str, **how: Any) -> Any:  # noqa: ANN401 - types as values
    """Return the annotation of an option that is null where it is not given; its flag is its name by default."""
    return Annotated[kind | None, typer.Option(*flags, help=description, **how)]


COLUMNS = {
    "text_column": _option(list[str], "column of customers' words; repeat to join several"),
    "id_column": _option(str, "column of record ids"),
    "date_column": _option(str, "column of dates"),
    "date_format": _option(str, "such as %d/%m/%Y"),
    "source": _option(str, "review, survey, social or support"),
    "source_column": _option(str, "column that says the source of each record"),
    "respondent_column": _option(str, "column that says who answered"),
    "attribute": _option(list[str], "column that groups customers; repeatable"),
    "touchpoint_column": _option(str, "column that says where the contact was"),
    "value_column": _option(str, "column of customer value"),
    "rating": _option(list[str], "NAME=COLUMN:LOW-HIGH[:reversed]; repeatable"),
}
ENGINE = {
    "model": _option(str, "another model: a directory, or owner/name on the Hugging Face hub"),
    "backend": _option(str, "what runs the encoder (default: auto)"),
    "precision": _option(str, "such as bf16 or fp32 (default: auto)"),
    "threads": _option(int, "processor threads (default: all)"),
}
DATABASE = {
    "database_url": _option(str, "sqlite:///FILE or postgresql+psycopg://USER@HOST/NAME"),
    "database_password_file": _option(Path, "file with its password, such as a mounted secret"),
}
JOBS = DATABASE | {
    "spool": _option(Path, "private directory for uploads until they are redacted"),
    "allow_private_webhooks": _option(
        bool, "let webhooks call private addresses", "--allow-private-webhooks/--no-private-webhooks"
    ),
}
SERVICE = JOBS | {
    "host": _option(str, "address to listen on; others than loopback ask for keys"),
    "port": _option(int, "port to listen on (default 8321)"),
    "theme_sets": _option(Path, "directory of theme sets"),
    "first_key": _option(bool, "where there was never a key, make one for everything and print it, once"),
    "max_items": _option(int, "items of one request (default 1000)"),
    "max_text_characters": _option(int, "characters of one text (default 200000)"),
    "max_body_bytes": _option(int, "bytes of a request body, but for files"),
    "max_decompressed_bytes": _option(int, "bytes of a compressed body once decompressed"),
    "max_file_bytes": _option(int, "bytes of an uploaded file"),
    "max_decompressed_file_bytes": _option(int, "bytes of a compressed file once decompressed"),
    "rate_limit": _option(int, "requests of one key in a minute; 0 for no limit"),
    "run_jobs": _option(bool, "run jobs here; without, 'textcx worker' does"),
    "queue_limit": _option(int, "items that wait for the model; then 429"),
    "batch_tokens": _option(int, "about so many tokens are read at once"),
    "max_wait_ms": _option(float, "longest wait for more callers"),
    "log_format": _option(str, "json or plain"),
    "log_level": _option(str, "debug, info, warning or error"),
    "body_seconds": _option(float, "longest pause while a body comes in; then 408"),
    "drain_seconds": _option(int, "time for open requests when the service stops"),
    "key_cache_seconds": _option(float, "so long a revoked key may still work"),
}
EDITS = {
    "rename": _option(str, "give a theme a name", metavar="ID=NAME"),
    "merge": _option(str, "make one theme of several; the first stays", metavar="ID,ID[,..]"),
    "split": _option(str, "split a theme: into its sub-themes, or into N parts (default 2)", metavar="ID[=N]"),
    "pin": _option(str, "keep a theme even if a new fit does not find it", metavar="ID"),
    "unpin": _option(str, "pin it no longer", metavar="ID"),
    "hide": _option(str, "leave a theme out of reports", metavar="ID"),
    "show": _option(str, "hide it no longer", metavar="ID"),
    "together": _option(str, "two segments that belong together", metavar="SEG,SEG"),
    "apart": _option(str, "two segments that do not", metavar="SEG,SEG"),
    "undo": _option(str, "undo an edit by its number", metavar="N"),
}
OPTIONS = {
    **COLUMNS,
    **ENGINE,
    **SERVICE,
    **EDITS,
    "config": _option(Path, "settings file (default: textcx.toml here, if any)"),
    "limit": _option(int, "read only the first N records"),
    "seed": _option(int, "seed of everything random (default 0)"),
    "batch_rows": _option(int, "records per checkpoint"),
    "redact": _option(bool, "mask what identifies a person (default: yes)"),
    "keep_names": _option(list[str], "a product or company name never to mask; repeatable", "--keep-name"),
    "title": _option(str, "heading of the report"),
    "tables": _option(list[str], "csv or xlsx: also write sheets for people; repeatable"),
    "journey": _option(
        str, "a journey that ships, auto for the one that fits, or your own (TOML)", metavar="NAME|FILE"
    ),
    "themes": _option(Path, "assign to the themes of this set; no new ones are learned", metavar="SET"),
    "taxonomy": _option(
        Path, "themes to match before others are sought: your own (TOML), or cx, which ships", metavar="FILE|NAME"
    ),
    "namer": _option(str, "openai: ask a server for names and titles; shows it redacted quotes (default: ask nobody)"),
    "namer_url": _option(str, "an OpenAI-compatible server, such as http://127.0.0.1:8080/v1", metavar="URL"),
    "namer_model": _option(str, "the model that it is to use", metavar="NAME"),
    "max_unassigned": _option(float, "largest share of segments in no theme (default 0.1)", min=0.0, max=1.0),
}
"""Every shared option by its name, which is that of the setting."""


def takes(*names: str) -> Callable[[Command], Command]:
    """Add options to a command by their names in ``OPTIONS``; what was given is in ``ctx.params`` only."""

    def with_options(command: Command) -> Command:
        @wraps(command)
        def run(**values: object) -> None:
            command(**{name: value for name, value in values.items() if name not in names})

        own = signature(command, eval_str=True).parameters.values()
        parameters = [each.replace(kind=Parameter.KEYWORD_ONLY) for each in own]
        parameters += [
            Parameter(name, Parameter.KEYWORD_ONLY, default=None, annotation=OPTIONS[name]) for name in names
        ]
        vars(run)["__signature__"] = Signature(parameters)
        run.__annotations__ = {each.name: each.annotation for each in parameters}
        return run

    return with_options


def container_of(ctx: typer.Context) -> Container:
    """Gather the settings from everywhere, and return what builds the engines; options are called like settings."""
    from textcx.settings.analysis import Settings, load_settings
    from textcx.wiring.container import Container

    given = {name: ctx.params[name] for name in ctx.params.keys() & Settings.model_fields.keys()}
    # A repeatable option that was not given is an empty tuple, which must not override the file or the environment.
    given = {name: value for name, value in given.items() if value not in (None, (), [])}
    return Container(load_settings(file=ctx.params["config"], **given))


def tell(sentence: str) -> None:
    """Say something to whoever waits, beside the result."""
    typer.echo(sentence, err=True)
