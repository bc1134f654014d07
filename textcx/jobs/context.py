"""What jobs work with: the stores, the spool and the engines, built when the first job needs them.

Several jobs of one process share the engines, which are not made for several threads; each call of one goes through a
lock, so that a long job and a new record take turns batch by batch.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from textcx.domain.errors import StoreProblem
from textcx.jobs.interruptions import ProcessEnds
from textcx.pipelines.incoming import IncomingTools
from textcx.steps.journey import stage_vectors
from textcx.store.spool import Spool
from textcx.store.sql.analyses import SqlAnalysisStore
from textcx.store.sql.batches import SqlBatches
from textcx.store.sql.datasets import SqlDatasets
from textcx.store.sql.erasure import SqlErasure
from textcx.store.sql.jobs import SqlJobs
from textcx.store.sql.theme_sets import SqlThemeSets
from textcx.store.sql.triage import SqlTriage
from textcx.store.sql.webhooks import SqlWebhooks

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from textcx.domain.encoding import Encoding
    from textcx.domain.feedback import Redaction
    from textcx.pipelines.corpus import CorpusTools, RecordTools
    from textcx.ports import Encoder, LanguageDetector, LanguageGuess, Phrase, PhraseFinder, Redactor, SentenceSplitter
    from textcx.settings.analysis import Settings
    from textcx.store.sql.database import Database
    from textcx.store.theme_sets.named import DirectoryThemeSets
    from textcx.wiring.container import Container


T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class JobTools:
    """The engines of jobs, and which files they were made of."""

    first: RecordTools
    second: CorpusTools
    arrivals: IncomingTools
    models: tuple[dict[str, str], ...]


class JobContext:
    """Everything that a job may ask for.

    Attributes:
        database: Where all is kept.
        settings: How the analysis is done.
        spool: Where uploads lie.
        named_sets: The theme sets that data sets may name; null for none.
        stopping: Set when the process is to end: jobs stop at their next step and go on in the next process.
        patience: Seconds for which a job tries again while the database cannot be reached.
    """

    def __init__(
        self,
        *,
        database: Database,
        settings: Settings,
        spool: Path,
        tools: Callable[[], JobTools],
        named_sets: DirectoryThemeSets | None = None,
        patience: float = 120.0,
    ) -> None:
        self.database = database
        self.settings = settings
        self.spool = Spool(spool)
        self.named_sets = named_sets
        self.stopping = threading.Event()
        self.patience = patience
        self._make_tools = tools
        self._lock = threading.Lock()
        self.datasets = SqlDatasets(database)
        self.jobs = SqlJobs(database)
        self.batches = SqlBatches(database)
        self.analyses = SqlAnalysisStore(database)
        self.theme_sets = SqlThemeSets(database)
        self.triage = SqlTriage(database)
        self.webhooks = SqlWebhooks(database)
        self.erasure = SqlErasure(database)

    def patiently(self, work: Callable[[], T]) -> T:
        """Do something, again and again while the database cannot be reached, for as long as the patience lasts.

        Raises:
            StoreProblem: If the database could not be reached in all that time.
            ProcessEnds: If the process is to end meanwhile.
        """
        try:
            return self.database.patiently(work, seconds=self.patience, wait=self.stopping.wait)
        except StoreProblem:
            if self.stopping.is_set():
                raise ProcessEnds from None
            raise

    @property
    def tools(self) -> JobTools:
        """The engines; the first job waits until they are loaded."""
        with self._lock:
            return self._tools

    @cached_property
    def _tools(self) -> JobTools:
        return self._make_tools()


def tools_of(container: Container) -> JobTools:
    """Build the engines of jobs, guarded for several threads.

    Args:
        container: Builds each engine once; must be used by nothing else.
    """
    first, second = container.record_tools(), container.corpus_tools()
    turn = threading.RLock()
    encoder = _Encoder(first.encoder, turn)
    phrases = _Phrases(second.phrases, turn)
    return JobTools(
        first=replace(
            first, encoder=encoder, languages=_Languages(first.languages, turn),
            redactor=_Redactor(first.redactor, turn), splitter=_Splitter(first.splitter, turn),
        ),
        second=replace(second, encoder=encoder, phrases=phrases),
        arrivals=IncomingTools(
            phrases=phrases, language=second.language, stages=stage_vectors(second.language.journey, encoder),
            pain_threshold=container.settings.pain_threshold,
            offer_words=container.settings.offer_words(),
        ),
        models=tuple(container.models()),
    )  # fmt: skip


class _Encoder:
    """One call at a time."""

    def __init__(self, encoder: Encoder, turn: threading.RLock) -> None:
        self._encoder, self._turn = encoder, turn
        self.encoder_id, self.confident_at, self.precision = encoder.encoder_id, encoder.confident_at, encoder.precision

    def encode(self, texts: Sequence[str], *, vectors: bool = True) -> Encoding:
        with self._turn:
            return self._encoder.encode(texts, vectors=vectors)


class _Languages:
    """One call at a time."""

    def __init__(self, languages: LanguageDetector, turn: threading.RLock) -> None:
        self._languages, self._turn = languages, turn

    def detect(self, texts: Sequence[str]) -> list[LanguageGuess]:
        with self._turn:
            return self._languages.detect(texts)


class _Redactor:
    """One call at a time."""

    def __init__(self, redactor: Redactor, turn: threading.RLock) -> None:
        self._redactor, self._turn = redactor, turn

    def find(self, texts: Sequence[str]) -> list[list[Redaction]]:
        with self._turn:
            return self._redactor.find(texts)


class _Splitter:
    """One call at a time."""

    def __init__(self, splitter: SentenceSplitter, turn: threading.RLock) -> None:
        self._splitter, self._turn = splitter, turn

    def split(self, texts: Sequence[str]) -> list[list[tuple[int, int]]]:
        with self._turn:
            return self._splitter.split(texts)


class _Phrases:
    """One call at a time."""

    def __init__(self, phrases: PhraseFinder, turn: threading.RLock) -> None:
        self._phrases, self._turn = phrases, turn

    def phrases(self, texts: Sequence[str]) -> list[list[Phrase]]:
        with self._turn:
            return self._phrases.phrases(texts)
