"""The engines of jobs. Several jobs of one process share them, though they are not made for several threads.

Each call of one goes through a lock, so that a long job and a new record take turns batch by batch.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar, cast

from textcx.pipelines.incoming import IncomingTools
from textcx.steps.journey import stage_vectors
from textcx.steps.matters import matters_of

if TYPE_CHECKING:
    from textcx.pipelines.batch import RecordTools
    from textcx.pipelines.corpus_tools import CorpusTools
    from textcx.wiring.container import Container

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class JobTools:
    """The engines of jobs, and which files they were made of."""

    record: RecordTools
    corpus: CorpusTools
    incoming: IncomingTools
    models: tuple[dict[str, str], ...]


def job_tools(container: Container) -> JobTools:
    """Build the engines of jobs, guarded for several threads, from a container that nothing else uses."""
    record, corpus = container.record_tools(), container.corpus_tools()
    turn = threading.RLock()
    encoder, phrases = one_at_a_time(record.encoder, turn), one_at_a_time(corpus.phrases, turn)
    language = corpus.language
    return JobTools(
        record=replace(
            record,
            encoder=encoder,
            languages=one_at_a_time(record.languages, turn),
            redactor=one_at_a_time(record.redactor, turn),
            splitter=one_at_a_time(record.splitter, turn),
        ),
        corpus=replace(corpus, encoder=encoder, phrases=phrases),
        incoming=IncomingTools(
            phrases=phrases,
            language=language,
            stages=stage_vectors(language.journey, encoder, matters_of(language, encoder)),
            pain_threshold=container.settings.pain_threshold,
            offer_words=container.settings.offer_words(),
        ),
        models=tuple(container.models()),
    )


def one_at_a_time(engine: T, turn: threading.RLock) -> T:
    """Return an engine whose methods wait for the turn."""
    return cast("T", _OneAtATime(engine, turn))


class _OneAtATime:
    def __init__(self, engine: object, turn: threading.RLock) -> None:
        self._engine, self._turn = engine, turn

    def __getattr__(self, name: str) -> object:
        attribute = getattr(self._engine, name)
        if not callable(attribute):
            return attribute

        def call(*args: object, **options: object) -> object:
            with self._turn:
                return attribute(*args, **options)

        return call
