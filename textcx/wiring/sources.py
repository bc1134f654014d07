"""Where inputs, the shipped models, the user's language model and the installation's key come from."""

from __future__ import annotations

import hashlib
import os
import secrets
from contextlib import suppress
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from textcx.domain.errors import BadSetting, ModelProblem

if TYPE_CHECKING:
    from collections.abc import Iterable

    import polars as pl

    from textcx.domain.feedback import ColumnOverrides
    from textcx.domain.lexicons.language import Language
    from textcx.ports import FeedbackReader, ThemeNamer
    from textcx.settings.analysis import Settings

KEY_BYTES = 32
NAMER_KEY = "TEXTCX_NAMER_KEY"
"""Where the environment holds the key for the user's language model: no setting, so it is in no file or manifest."""


def open_source(source: str | Path | pl.DataFrame, overrides: ColumnOverrides) -> FeedbackReader:
    """Open an input for reading."""
    from textcx.readers import open_feedback  # noqa: PLC0415 - readers are loaded when the first input is opened

    return open_feedback(source, overrides=overrides)


def models_directory() -> Path:
    """Return where the shipped models and taxonomies are: in the installed package, or beside it in a checkout."""
    package = Path(str(files("textcx")))
    packaged, checkout = package / "_models", package.parent / "models"
    for directory in (packaged, checkout):
        if directory.is_dir():
            return directory
    msg = f"the models are missing: neither {packaged} nor {checkout} is there; install textcx again"
    raise ModelProblem(msg)


def find_taxonomy(taxonomy: Path) -> Path:
    """Return the file of a team's own themes, or of the shipped taxonomy of this name.

    Raises:
        BadSetting: If there is neither.
    """
    shipped = {path.stem: path for path in sorted((models_directory() / "taxonomies").glob("*.toml"))}
    if taxonomy.is_file():
        return taxonomy
    if str(taxonomy) in shipped:
        return shipped[str(taxonomy)]
    known = ", ".join(shipped)
    msg = f"there is no file {taxonomy}, and no taxonomy of that name ships; give a TOML file, or one of: {known}"
    raise BadSetting(msg)


@cache
def shared_language(folder: Path, journey: str | None) -> Language:
    """Read a language once per process; ``journey`` names another journey than the folder's own, or a file of one."""
    from textcx.engines.language.folder import load_language  # noqa: PLC0415 - loaded when first needed

    return load_language(folder, journey=journey)


def new_namer(settings: Settings) -> ThemeNamer:
    """Return the language model that ``settings.namer`` names, for one analysis."""
    from textcx.engines.namers.openai import OpenAINamer  # noqa: PLC0415 - most analyses have none

    return OpenAINamer(
        url=settings.namer_url or "",
        model=settings.namer_model or "",
        key=os.environ.get(NAMER_KEY),
        seconds=settings.namer_seconds,
        seed=settings.seed,
    )


def fingerprints(paths: Iterable[Path]) -> list[dict[str, str]]:
    """Return folder and name, and the SHA-256, of each path that is a file."""
    return [
        {"file": f"{path.parent.name}/{path.name}", "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
        for path in paths
        if path.is_file()
    ]


def respondent_key() -> bytes:
    """Return the installation's key for pseudonyms, made at first use and kept with the user's settings.

    ``TEXTCX_KEY_FILE`` names another place for it.
    """
    home = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    path = Path(os.environ.get("TEXTCX_KEY_FILE") or home / "textcx" / "respondent.key")
    try:
        if not path.exists():
            _make_key(path)
        key = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except (OSError, ValueError) as error:
        msg = (
            f"the key for pseudonyms cannot be read from or made in {path} ({error}); "
            "set TEXTCX_KEY_FILE to a writable place"
        )
        raise ModelProblem(msg) from None
    if len(key) != KEY_BYTES:
        msg = f"{path} holds no key for pseudonyms ({len(key)} bytes, expected {KEY_BYTES}); remove it to get a new one"
        raise ModelProblem(msg)
    return key


def _make_key(path: Path) -> None:
    """Write a new key so that it is there whole or not at all, and only once if two processes try."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        out.write(secrets.token_hex(KEY_BYTES))
        out.flush()
        os.fsync(out.fileno())
    with suppress(FileExistsError):
        os.link(draft, path)
    draft.unlink()
