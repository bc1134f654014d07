"""Build engines and readers from settings, each when it is first used, so that nothing heavy is imported before."""

from __future__ import annotations

from functools import cached_property, partial
from typing import TYPE_CHECKING

from textcx.pipelines.batch import RecordTools
from textcx.pipelines.corpus_tools import CorpusTools
from textcx.wiring import sources

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from textcx.domain.lexicons.language import Language
    from textcx.domain.themes.seed_topics import ThemeTaxonomy
    from textcx.domain.themes.sets import ThemeSet
    from textcx.ports import Encoder, LanguageDetector, PhraseFinder, Redactor, SentenceSplitter
    from textcx.settings.analysis import Settings


class Container:
    """Builds each tool of a run once, when it is first asked for."""

    def __init__(
        self, settings: Settings, *, small_batches: bool = False, between: Callable[[], None] | None = None
    ) -> None:
        """Build nothing yet; ``small_batches`` and ``between`` as for ``engines.encoder.load.load_encoder``."""
        self.settings, self.small_batches, self.between = settings, small_batches, between

    def record_tools(self) -> RecordTools:
        """Return the tools of ``pipelines.batch.analyze_batch``."""
        return RecordTools(
            encoder=self.encoder,
            languages=self.languages,
            redactor=self.redactor,
            splitter=self.splitter,
            language=self.language,
            respondent_key=self.respondent_key,
        )

    def corpus_tools(self, theme_set: ThemeSet | None = None) -> CorpusTools:
        """Return the tools of ``pipelines.corpus.analyze_corpus``; with a theme set, segments are assigned to it."""
        from textcx.engines.clustering.bertopic import BertopicThemes
        from textcx.engines.encoder.model_folder import measured_errors

        encoder_id, threshold = self.encoder.encoder_id, self.settings.pain_threshold
        return CorpusTools(
            encoder=self.encoder,
            themes=BertopicThemes(stop_words=self.language.naming.stop_words),
            phrases=self.phrases,
            language=self.language,
            theme_set=theme_set,
            taxonomy=self.theme_taxonomy,
            namer=partial(sources.new_namer, self.settings) if self.settings.namer else None,
            errors=measured_errors(self._encoder_directory, encoder_id=encoder_id, pain_threshold=threshold),
        )

    @cached_property
    def theme_taxonomy(self) -> ThemeTaxonomy | None:
        """The team's own themes, or those of a shipped taxonomy."""
        from textcx.engines.language.taxonomies import load_theme_taxonomy

        return load_theme_taxonomy(self._taxonomy_file) if self._taxonomy_file else None

    @cached_property
    def phrases(self) -> PhraseFinder:
        """The phrase finder."""
        from textcx.engines.spacy.phrase_patterns import SpacyPhraseFinder

        return SpacyPhraseFinder(self.language.phrases, **self._pipeline)

    @cached_property
    def language(self) -> Language:
        """The language that is analyzed, with the journey that the user chose."""
        return sources.shared_language(self._language_folder, self.settings.journey)

    @cached_property
    def encoder(self) -> Encoder:
        """The encoder, on as many threads as the settings say."""
        from textcx.engines.encoder.load import load_encoder

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
        from textcx.engines.language.fasttext import FasttextLanguageDetector

        return FasttextLanguageDetector(self.language)

    @cached_property
    def redactor(self) -> Redactor:
        """The redactor; one that finds nothing where the user does not want redaction."""
        if not self.settings.redact:
            from textcx.engines.redaction.none import NoRedactor

            return NoRedactor()
        from textcx.engines.redaction.presidio import PresidioRedactor

        return PresidioRedactor(self.language.names, keep=self.settings.keep_names, **self._pipeline)

    @cached_property
    def splitter(self) -> SentenceSplitter:
        """The splitter."""
        from textcx.engines.spacy.text import SpacySentenceSplitter

        return SpacySentenceSplitter(self.language)

    @cached_property
    def respondent_key(self) -> bytes:
        """The installation's key for pseudonyms."""
        return sources.respondent_key()

    def models(self) -> list[dict[str, str]]:
        """Return name and SHA-256 of every model, language file and taxonomy in use; raises if one is missing."""
        from textcx.engines.language.folder import journey_files

        encoder = self._encoder_directory
        used = sorted(path for path in encoder.glob("*") if path.suffix in {".safetensors", ".toml", ".json"})
        used += sorted(self._language_folder.glob("*.t[os]*"))
        used += journey_files(self._language_folder, self.settings.journey)
        used += [] if self._taxonomy_file is None else [self._taxonomy_file]
        return sources.fingerprints(dict.fromkeys(used))

    @cached_property
    def _encoder_directory(self) -> Path:
        from textcx.engines.encoder.hub import find_model

        return find_model(self.settings.model or self.settings.encoder or sources.models_directory() / "sentiment")

    @property
    def _taxonomy_file(self) -> Path | None:
        return sources.find_taxonomy(self.settings.taxonomy) if self.settings.taxonomy else None

    @property
    def _language_folder(self) -> Path:
        return sources.models_directory() / "languages" / self.settings.language

    @property
    def _pipeline(self) -> dict[str, str]:
        return {"pipeline": self.settings.spacy_pipeline} if self.settings.spacy_pipeline else {}
