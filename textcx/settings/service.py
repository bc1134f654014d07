"""Settings of the service: defaults < ``[service]`` in ``textcx.toml`` < environment ``TEXTCX_SERVICE_*`` < flags.

What is chosen about the analysis itself (encoder, threads, redaction) stays in ``textcx.settings.analysis.Settings``.
"""

from __future__ import annotations

import os
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from textcx.domain.errors import BadSetting
from textcx.settings.analysis import FILE_NAME, SERVICE_TABLE, choose, read_settings_file

PREFIX = "TEXTCX_SERVICE_"
CONFIG_VARIABLE = "TEXTCX_CONFIG"
"""Names the settings file where no flag does; ``textcx serve`` passes its flag on to its processes with it."""
MEGABYTE = 1024 * 1024
Bytes = Annotated[int, Field(ge=1024)]
DATABASES = ("sqlite:///", "postgresql+psycopg://", "postgresql://")


def data_directory() -> Path:
    """Return the user's directory for data of textcx (``XDG_DATA_HOME`` or ``~/.local/share``); it may not exist."""
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "textcx"


class ServiceSettings(BaseModel):
    """Everything that can be chosen about the service, with its default.

    In ``textcx.toml`` these are keys of the table ``[service]``; in the environment ``TEXTCX_SERVICE_`` + the name in
    capitals; for ``textcx serve`` a flag of the same name.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    # where
    host: str = Field(
        default="127.0.0.1", min_length=1, description="address to listen on; others than loopback ask for keys"
    )
    port: int = Field(default=8321, ge=0, le=65535, description="port to listen on; 0 takes a free one")
    database_url: str = Field(
        default_factory=lambda: f"sqlite:///{data_directory() / 'service.sqlite'}",
        repr=False,
        description="sqlite:///FILE or postgresql+psycopg://...",
    )
    database_password_file: Path | None = Field(
        default=None,
        description="file with the password of the database, such as a mounted secret; the URL names the user",
    )
    spool: Path = Field(
        default_factory=lambda: data_directory() / "spool",
        description="private directory for uploads until they are redacted",
    )
    theme_sets: Path = Field(
        default_factory=lambda: data_directory() / "themes", description="directory of theme sets, one folder each"
    )

    # who may call
    first_key: bool = Field(
        default=False, description="where there was never a key, make one that may do everything and print it, once"
    )

    # what is taken
    max_items: int = Field(default=1000, ge=1, le=10_000, description="items of one request")
    max_text_characters: Annotated[int, Field(ge=100, le=1_000_000)] = Field(
        default=200_000, description="characters of one text: a hundred pages, and seconds of the model"
    )
    max_body_bytes: Bytes = Field(default=16 * MEGABYTE, description="bytes of a request body, but for files")
    max_file_bytes: Bytes = Field(default=2048 * MEGABYTE, description="bytes of an uploaded file")
    max_decompressed_bytes: Bytes = Field(
        default=64 * MEGABYTE, description="bytes of a compressed body once decompressed, but for files"
    )
    max_decompressed_file_bytes: Bytes = Field(
        default=8192 * MEGABYTE, description="bytes of a compressed file once decompressed"
    )
    body_seconds: Annotated[float, Field(ge=0.1, le=3600.0)] = Field(
        default=30.0,
        description="longest pause while a body comes in, and how far it may be behind 500 bytes a second; then 408",
    )
    rate_limit: int = Field(default=12_000, ge=0, description="requests of one key in a minute; 0 for no limit")
    allow_private_webhooks: bool = Field(default=False, description="let webhooks call private addresses")

    # jobs
    run_jobs: bool = Field(default=True, description="run jobs in this process; false leaves them to 'textcx worker'")

    # how texts are scored
    queue_limit: int = Field(default=4096, ge=1, le=1_000_000, description="items that wait for the model; then 429")
    batch_tokens: int = Field(default=16_384, ge=256, le=1_000_000, description="about so many tokens are read at once")
    max_wait_ms: float = Field(
        default=10.0, ge=0.0, le=1000.0, description="longest wait for more callers; a lone request never waits"
    )

    # how it runs
    log_format: Literal["json", "plain"] = "json"
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    drain_seconds: int = Field(default=30, ge=0, le=3600, description="time for open requests when the service stops")
    key_cache_seconds: float = Field(
        default=5.0, ge=0.0, le=3600.0, description="so long a revoked key may still work, in return for fewer queries"
    )

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, value: str) -> str:
        if not value.startswith(DATABASES):
            msg = "expected sqlite:///FILE or postgresql+psycopg://USER:PASSWORD@HOST/NAME"
            raise ValueError(msg)
        return value

    @field_validator("database_password_file")
    @classmethod
    def _readable_password(cls, value: Path | None) -> Path | None:
        if value is not None:
            _password_in(value)
        return value

    @model_validator(mode="after")
    def _fit_together(self) -> ServiceSettings:
        if self.database_password_file is not None:
            _url_parts(self.database_url)
        if self.max_decompressed_bytes < self.max_body_bytes:
            msg = "max_decompressed_bytes is less than max_body_bytes; a body may not shrink when it is decompressed"
            raise ValueError(msg)
        return self

    @property
    def database(self) -> str:
        """The URL by which the database is opened: with the password of the file, where one is named. A secret."""
        if self.database_password_file is None:
            return self.database_url
        start, user, rest = _url_parts(self.database_url)
        return f"{start}{user}:{quote(_password_in(self.database_password_file), safe='')}@{rest}"

    @property
    def on_loopback(self) -> bool:
        """Whether only this machine can reach the service."""
        return is_loopback(self.host)


def _password_in(file: Path) -> str:
    """Return the line that a file holds; ``ValueError`` if it cannot be read or holds nothing."""
    try:
        found = file.read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        msg = f"it cannot be read ({getattr(error, 'strerror', None) or 'not UTF-8'}); expected one line: the password"
        raise ValueError(msg) from None
    if not found:
        msg = "it is empty; expected one line: the password"
        raise ValueError(msg)
    return found


def _url_parts(url: str) -> tuple[str, str, str]:
    """Return what comes before the user in a database URL, the user, and what comes after ``@``.

    ``ValueError`` if a password has no place in it, or is in it already.
    """
    kind, _, rest = url.partition("://")
    user, at, place = rest.partition("@")
    if kind == "sqlite" or not at or not user or "/" in user:
        msg = "database_password_file needs a database_url with a user: postgresql+psycopg://USER@HOST/NAME"
        raise ValueError(msg)
    if ":" in user:
        msg = "database_url holds a password already; leave it out there, or leave database_password_file out"
        raise ValueError(msg)
    return f"{kind}://", user, place


def is_loopback(host: str) -> bool:
    """Say whether an address or name is this machine's own: 127.0.0.0/8, ::1 or localhost."""
    if host.casefold() == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def settings_file() -> Path | None:
    """Return the settings file that the environment names, if any."""
    named = os.environ.get(CONFIG_VARIABLE)
    return Path(named) if named else None


def load_service_settings(*, file: Path | None = None, **flags: object) -> ServiceSettings:
    """Gather the settings of the service as ``textcx.settings.analysis.load_settings`` does those of an analysis.

    The file is by default the one that ``TEXTCX_CONFIG`` names, else ``textcx.toml`` here, if there is one.
    """
    file = file or settings_file()
    table = read_settings_file(file).get(SERVICE_TABLE, {})
    if not isinstance(table, dict):
        place = f"{SERVICE_TABLE} in {file or FILE_NAME}"
        msg = f"{place} must be a table; write [{SERVICE_TABLE}] and its settings below"
        raise BadSetting(msg)
    return choose(ServiceSettings, in_file=table, file=file, prefix=PREFIX, flags=flags)
