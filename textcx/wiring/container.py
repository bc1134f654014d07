"""The only place that builds things: from settings to engines, readers and stores, each when first used."""

from __future__ import annotations

import hashlib
import os
import secrets
from contextlib import suppress
from functools import cache, cached_property
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from textcx.domain.errors import ModelProblem
from textcx.pipelines.corpus import CorpusTools, RecordTools

if TYPE_CHECKING:
    from collections.abc import Callable

    import polars as pl

    from textcx.domain.feedback import ColumnOverrides
    from textcx.domain.lexicons.language import Language
    from textcx.domain.themes.seed_topics import ThemeTaxonomy
    from textcx.domain.themes.sets import ThemeSet
    from textcx.ports import (
        Encoder,
        FeedbackReader,
        KeyStore,
        LanguageDetector,
        PhraseFinder,
        Redactor,
        SentenceSplitter,
    )
    from textcx.settings.analysis import Settings
    from textcx.store.sql.database import Database


KEY_BYTES = 32


def models_directory() -> Path:
    """Return where the shipped models and languages are: in the installed package, or beside it in a checkout."""
    packaged = Path(str(files("textcx"))) / "_models"
    checkout = Path(str(files("textcx"))).parent / "models"
    for directory in (packaged, checkout):
        if directory.is_dir():
            return directory
    msg = f"the models are missing: neither {packaged} nor {checkout} is there; install textcx again"
    raise ModelProblem(msg)


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


def open_source(source: str | Path | pl.DataFrame, overrides: ColumnOverrides) -> FeedbackReader:
    """Open an input for reading."""
    from textcx.readers import open_feedback  # noqa: PLC0415 - readers load what their format needs

    return open_feedback(source, overrides=overrides)


def open_database(url: str) -> Database:
    """Open the database of the service; an SQLite file gets its tables here, PostgreSQL must have them already.

    Raises:
        BadSetting: If the URL is none of a database that is known.
        StoreProblem: If the database cannot be reached or its tables are of another version.
    """
    from textcx.store.sql.database import Database  # noqa: PLC0415 - SQLAlchemy waits until it is needed
    from textcx.store.sql.migrations import check, upgrade  # noqa: PLC0415

    database = Database(url)
    try:
        if database.is_sqlite:
            upgrade(database)
        else:
            check(database)
    except BaseException:
        database.close()
        raise
    return database


def key_store(database: Database) -> KeyStore:
    """Return the keys that a database holds."""
    from textcx.store.sql.keys import SqlKeys  # noqa: PLC0415

    return SqlKeys(database)


@cache
def _language(folder: Path, journey: Path | None) -> Language:
    from textcx.engines.language.folder import load_language  # noqa: PLC0415

    return load_language(folder, journey=journey)


class Container:
    """Builds each tool of a run once, when it is first asked for."""

    def __init__(
        self, settings: Settings, *, small_batches: bool = False, between: Callable[[], None] | None = None
    ) -> None:
        """Build nothing yet; ``small_batches`` and ``between`` as for ``engines.encoders.load_encoder``."""
        self.settings, self.small_batches, self.between = settings, small_batches, between

    def record_tools(self) -> RecordTools:
        """Return the tools of ``pipeline.analyze_batch``."""
        return RecordTools(
            encoder=self.encoder,
            languages=self.languages,
            redactor=self.redactor,
            splitter=self.splitter,
            language=self.language,
            respondent_key=self.respondent_key,
        )

    def corpus_tools(self, theme_set: ThemeSet | None = None) -> CorpusTools:
        """Return the tools of ``pipeline.analyze_corpus``; with a theme set, segments are assigned to it."""
        from textcx.engines.clustering.bertopic import BertopicThemes  # noqa: PLC0415 - heavy, built when first used

        return CorpusTools(
            encoder=self.encoder,
            themes=BertopicThemes(stop_words=self.language.naming.stop_words),
            phrases=self.phrases,
            language=self.language,
            theme_set=theme_set,
            taxonomy=self.theme_taxonomy,
        )

    @cached_property
    def theme_taxonomy(self) -> ThemeTaxonomy | None:
        """The themes that the team brought along."""
        from textcx.engines.language.taxonomies import load_theme_taxonomy  # noqa: PLC0415

        return load_theme_taxonomy(self.settings.taxonomy) if self.settings.taxonomy else None

    @cached_property
    def phrases(self) -> PhraseFinder:
        """The phrase finder."""
        from textcx.engines.spacy.text import SpacyPhraseFinder  # noqa: PLC0415

        return SpacyPhraseFinder(self.language.phrases, **self._pipeline)

    @cached_property
    def language(self) -> Language:
        """The language that is analyzed, with the user's own journey taxonomy where there is one."""
        return _language(self._language_folder, self.settings.journey)

    @cached_property
    def encoder(self) -> Encoder:
        """The encoder, on as many threads as the settings say."""
        from textcx.engines.encoder.load import load_encoder  # noqa: PLC0415

        return load_encoder(
            self._encoder_directory,
            backend=self.settings.backend,
            precision=self.settings.precision,
            threads=self.settings.threads,
            small_batches=self.small_batches,
            between=self.between,
        )

    @cached_property
    def languages(self) -> LanguageDetector:
        """The language detector."""
        from textcx.engines.language.fasttext import FasttextLanguageDetector  # noqa: PLC0415

        return FasttextLanguageDetector(self.language)

    @cached_property
    def redactor(self) -> Redactor:
        """The redactor; one that finds nothing where the user does not want redaction."""
        if not self.settings.redact:
            from textcx.engines.redaction.none import NoRedactor  # noqa: PLC0415

            return NoRedactor()
        from textcx.engines.redaction.presidio import PresidioRedactor  # noqa: PLC0415

        return PresidioRedactor(self.language.names, keep=self.settings.keep_names, **self._pipeline)

    @cached_property
    def splitter(self) -> SentenceSplitter:
        """The splitter."""
        from textcx.engines.spacy.text import SpacySentenceSplitter  # noqa: PLC0415

        return SpacySentenceSplitter(self.language)

    @cached_property
    def respondent_key(self) -> bytes:
        """The installation's key for pseudonyms."""
        return respondent_key()

    def models(self) -> list[dict[str, str]]:
        """Return name and SHA-256 of every model and language file in use."""
        encoder = self._encoder_directory
        used = sorted(path for path in encoder.glob("*") if path.suffix in {".safetensors", ".toml", ".json"})
        used += sorted(self._language_folder.glob("*.toml"))
        if self.settings.journey:
            used.append(self.settings.journey)
        return [
            {"file": f"{path.parent.name}/{path.name}", "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
            for path in used
            if path.is_file()
        ]

    @property
    def _encoder_directory(self) -> Path:
        return self.settings.encoder or models_directory() / "sentiment"

    @property
    def _language_folder(self) -> Path:
        return models_directory() / "languages" / self.settings.language

    @property
    def _pipeline(self) -> dict[str, str]:
        return {"pipeline": self.settings.spacy_pipeline} if self.settings.spacy_pipeline else {}
