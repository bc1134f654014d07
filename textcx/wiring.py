"""The only place that builds things: from settings to engines, readers and stores. Everything is built when first used."""

from __future__ import annotations

import os
import secrets
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from textcx.domain.errors import ModelProblem
from textcx.pipeline import FirstHalf, SecondHalf

if TYPE_CHECKING:
    import polars as pl

    from textcx.config import Settings
    from textcx.domain.feedback import ColumnWishes
    from textcx.ports import Encoder, FeedbackReader, LanguageDetector


def models_directory() -> Path:
    """Return where the shipped models and taxonomies are: in the installed package, or beside it in a checkout."""
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
            path.parent.mkdir(parents=True, exist_ok=True)
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
                out.write(secrets.token_hex(32))
        return bytes.fromhex(path.read_text(encoding="ascii").strip())
    except (OSError, ValueError) as error:
        msg = f"the key for pseudonyms cannot be read from or made in {path} ({error}); set TEXTCX_KEY_FILE to a writable place"
        raise ModelProblem(msg) from None


class Workshop:
    """Builds each tool of a run once, when it is first asked for."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.models_directory = models_directory()

    def open_source(self, source: str | Path | pl.DataFrame, wishes: ColumnWishes, first_row: int) -> FeedbackReader:
        """Open an input for reading."""
        return open_source(source, wishes, first_row)

    def encoder(self) -> Encoder:
        """Return the encoder."""
        return self._encoder

    def languages(self) -> LanguageDetector:
        """Return the language detector."""
        return self._languages

    def first_half(self) -> FirstHalf:
        """Return the tools of ``pipeline.per_batch``."""
        return self._first_half

    def second_half(self) -> SecondHalf:
        """Return the tools of ``pipeline.over_all``."""
        from textcx.engines.bertopic_themes import BertopicThemes  # noqa: PLC0415 - heavy, built when first used
        from textcx.engines.taxonomy_toml import load_journey, load_pain_lexicon  # noqa: PLC0415

        taxonomies = self.models_directory / "taxonomies"
        return SecondHalf(
            encoder=self._encoder,
            themes=BertopicThemes(),
            phrases=self._spacy_text,
            journey=load_journey(self.settings.journey or taxonomies / "journey.toml"),
            lexicon=load_pain_lexicon(taxonomies / "consequences.toml"),
        )

    @cached_property
    def _encoder(self) -> Encoder:
        from textcx.engines.torch_encoder import load_encoder  # noqa: PLC0415

        directory = self.settings.encoder or self.models_directory / "sentiment"
        return load_encoder(directory, precision=self.settings.precision, threads=self.settings.threads)

    @cached_property
    def _languages(self) -> LanguageDetector:
        from textcx.engines.fasttext_language import FasttextLanguageDetector  # noqa: PLC0415

        return FasttextLanguageDetector()
