"""Settings: built-in defaults < ``textcx.toml`` < environment ``TEXTCX_*`` < flags. Every error is reported at once."""

from __future__ import annotations

import difflib
import math
import os
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self, TypeVar
from urllib.parse import urlsplit

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_serializer,
    field_validator,
    model_validator,
)

from textcx.domain.errors import BadSetting
from textcx.domain.feedback import ColumnOverrides

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

FILE_NAME = "textcx.toml"
PREFIX = "TEXTCX_"
SERVICE_TABLE = "service"
"""The table of ``textcx.toml`` that holds the settings of the service."""
Chosen = TypeVar("Chosen", bound=BaseModel)
NAMER = ("namer", "namer_url", "namer_model", "namer_seconds")
"""The settings of the language model that may be asked for names; of the records they change nothing."""
QUOTA = Path("/sys/fs/cgroup/cpu.max")
"""Where Linux says how many microseconds of processor time a container may use in a period, and the period."""


def processors(*, quota: Path = QUOTA) -> int:
    """Return how many processors this process may use: those it is pinned to, and no more than its container's limit.

    A thread more than there are processors is not idle: the others wait for it at the end of every product. ``quota``
    is the file with the limit of a container (cgroup v2); one that is missing or says "max" is no limit.
    """
    pinned = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        most, period = (int(part) for part in quota.read_text(encoding="ascii").split())
    except (OSError, ValueError):
        return pinned
    return max(1, min(pinned, math.ceil(most / period))) if period > 0 else pinned


class Settings(BaseModel):
    """Everything that can be chosen, with its default.

    In ``textcx.toml`` these are top-level keys; in the environment ``TEXTCX_`` + the name in capitals, lists separated
    by commas; on the command line a flag of the same name.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    # columns
    text_column: tuple[str, ...] = Field(default=(), description="columns of customers' words, joined in this order")
    id_column: str | None = None
    date_column: str | None = None
    date_format: str | None = Field(default=None, description="strptime pattern, such as %d/%m/%Y")
    source: str | None = Field(default=None, description="review, survey, social or support")
    source_column: str | None = None
    respondent_column: str | None = None
    touchpoint_column: str | None = None
    value_column: str | None = Field(default=None, description="customer value, such as revenue a year")
    attribute: tuple[str, ...] = Field(default=(), description="columns that group customers")
    rating: tuple[str, ...] = Field(default=(), description="NAME=COLUMN:LOW-HIGH[:reversed]")
    questions: dict[str, str] = Field(default_factory=dict, description="text column = the question it answers")

    # how it is done
    seed: int = Field(default=0, ge=0, lt=2**31)
    batch_rows: int = Field(default=2000, ge=10, le=100_000, description="records per checkpoint")
    threads: int = Field(default_factory=processors, ge=1, le=1024)
    backend: Literal["auto", "torch", "onnx", "openvino"] = Field(default="auto", description="what runs the encoder")
    precision: Literal["auto", "bf16", "fp32", "int8"] = "auto"
    limit: int | None = Field(default=None, ge=1, description="read only the first so many records")

    # privacy
    redact: bool = True
    keep_names: tuple[str, ...] = Field(default=(), description="product and company names that are never masked")

    # findings
    min_group: int = Field(default=5, ge=1, description="smallest group shown by attribute")
    pain_threshold: float = Field(default=0.5, ge=0.0, le=1.0, description="p_pain from which a segment is a pain")
    alarms_a_year: float = Field(
        default=1.0, gt=0.0, le=100.0, description="false alarms that all themes together may give in a year"
    )
    title: str | None = Field(default=None, description="heading of the report")
    taxonomy: Path | None = Field(
        default=None, description="themes that are matched first: a team's own (TOML), or the name of a shipped one: cx"
    )
    themes: Path | None = Field(default=None, description="theme set to assign to; without one, themes are learned")
    max_unassigned: float | None = Field(
        default=None, ge=0.0, le=1.0, description="largest share of segments in no theme when themes are learned"
    )

    # models
    model: str | None = Field(
        default=None,
        description="encoder: a directory, or owner/name on the Hugging Face hub; the shipped one by default",
    )
    encoder: Path | None = Field(default=None, description="older name of model, for directories")
    language: str = Field(default="en", description="what is analyzed: a folder of models/languages, or another one")
    spacy_pipeline: str | None = Field(default=None, description="any installed spaCy pipeline of the language")
    journey: str | None = Field(
        default=None, description="a journey that ships, by name; auto for the one that fits; or your own (TOML)"
    )

    # a language model, if the user has one
    namer: Literal["openai"] | None = Field(default=None, description="asks a server for names and titles")
    namer_url: str | None = Field(
        default=None, repr=False, description="its address up to /v1; may hold a password, so it is never shown"
    )
    namer_model: str | None = Field(default=None, description="the model that it is to use")
    namer_seconds: float = Field(default=30.0, gt=0.0, le=600.0, description="longest wait for an answer")

    # result
    tables: tuple[Literal["csv", "xlsx"], ...] = ()

    @field_validator("text_column", "attribute", "rating", "keep_names", "tables", mode="before")
    @classmethod
    def _one_is_a_list_of_one(cls, value: object) -> object:
        return (value,) if isinstance(value, str) else value

    @field_validator("journey", mode="before")
    @classmethod
    def _a_path_is_its_text(cls, value: object) -> object:
        return str(value) if isinstance(value, Path) else value

    @model_validator(mode="after")
    def _a_namer_is_whole(self) -> Self:
        if self.namer is None:
            return self
        if not self.namer_url or not self.namer_model:
            msg = (
                "--namer openai needs --namer-url and --namer-model: the address of an OpenAI-compatible server, such "
                "as http://127.0.0.1:8080/v1, and the name of a model that it has"
            )
            raise ValueError(msg)
        if not _is_address(self.namer_url):
            msg = "namer_url is no address of a server; expected one such as http://127.0.0.1:8080/v1"
            raise ValueError(msg)
        if not self.redact:
            msg = "--namer shows quotes to a server, so they must be masked: leave out either --namer or --no-redact"
            raise ValueError(msg)
        return self

    @field_serializer("namer_url")
    def _without_secrets(self, url: str | None) -> str | None:
        """Only scheme, host and port are ever written."""
        if not url or not _is_address(url):
            return None
        parts = urlsplit(url)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"

    def offer_words(self) -> frozenset[str]:
        """Return the words of the product and company names, in lower case."""
        return frozenset(word for name in self.keep_names for word in name.casefold().split())

    def overrides(self) -> ColumnOverrides:
        """Return what these settings say about columns."""
        return ColumnOverrides(
            text=self.text_column,
            id=self.id_column,
            date=self.date_column,
            date_format=self.date_format,
            source=self.source,
            source_column=self.source_column,
            respondent=self.respondent_column,
            touchpoint=self.touchpoint_column,
            customer_value=self.value_column,
            attributes=self.attribute,
            ratings=self.rating,
            questions=self.questions,
        )


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        return False


def load_settings(*, file: Path | None = None, **flags: object) -> Settings:
    """Gather the settings from all four places and check them.

    Args:
        file: The settings file; by default ``textcx.toml`` in the working directory, if there is one.
        flags: What the caller chose; null means "not chosen".

    Raises:
        BadSetting: Naming every wrong setting, where it came from, what came and what was expected.
    """
    values = read_settings_file(file)
    values.pop(SERVICE_TABLE, None)
    return choose(Settings, in_file=values, file=file, prefix=PREFIX, flags=flags)


def choose(
    model: type[Chosen], *, in_file: dict[str, Any], file: Path | None, prefix: str, flags: dict[str, object]
) -> Chosen:
    """Put settings together from what ``file`` says, the environment and flags, and check them.

    A field of ``model`` with ``repr=False`` is secret and never shown in an error. ``prefix`` is of the names in the
    environment. A flag that is null was not chosen.

    Raises:
        BadSetting: Naming every wrong setting, where it came from, what came and what was expected.
    """
    chosen: dict[str, Any] = {}
    origin: dict[str, str] = {}
    for place, values in (
        (str(file or FILE_NAME), in_file),
        ("the environment", _from_environment(model, prefix)),
        ("the command line or call", {name: value for name, value in flags.items() if value is not None}),
    ):
        chosen |= values
        origin |= dict.fromkeys(values, place)
    try:
        return model(**chosen)
    except ValidationError as error:
        lines = [_explain(problem, origin, model) for problem in error.errors(include_url=False)]
        msg = "these settings cannot be used:\n" + "\n".join(f"  {line}" for line in lines)
        raise BadSetting(msg) from None


def _explain(problem: ErrorDetails, origin: dict[str, str], model: type[BaseModel]) -> str:
    message = str(problem["msg"]).removeprefix("Value error, ")
    if not problem["loc"]:
        return message
    name = str(problem["loc"][0])
    place = origin.get(name, "settings")
    known = model.model_fields
    if problem["type"] == "extra_forbidden":
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"did you mean '{near[0]}'?" if near else "known are: " + ", ".join(sorted(known))
        return f"{name} (from {place}) is no setting; {hint}"
    shown = f" = {problem['input']!r}" if known[name].repr else ""
    return f"{name}{shown} (from {place}): {message[0].lower()}{message[1:]}"


def read_settings_file(file: Path | None) -> dict[str, Any]:
    """Read a settings file as it is; nothing where none was named and ``textcx.toml`` is not there.

    Raises:
        BadSetting: If the named file is missing, or is not valid TOML.
    """
    path = file or Path(FILE_NAME)
    if file is None and not path.is_file():
        return {}
    if not path.is_file():
        msg = f"there is no settings file {file}; name an existing one or leave --config out"
        raise BadSetting(msg)
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        msg = f"{path} is not valid TOML: {error}"
        raise BadSetting(msg) from None


def _from_environment(model: type[BaseModel], prefix: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, field in model.model_fields.items():
        value = os.environ.get(prefix + name.upper())
        if value is not None:
            listed = str(field.annotation).startswith("tuple")
            found[name] = tuple(part.strip() for part in value.split(",") if part.strip()) if listed else value
    return found
