"""What the pipeline needs from outside, as Protocols. Engines, readers and stores implement them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from contextlib import AbstractContextManager
    from datetime import datetime
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from textcx.domain.analysis import Analysis
    from textcx.domain.encoding import Encoding, TokenVectors
    from textcx.domain.feedback import ColumnPlan, FeedbackBatch, Redaction
    from textcx.domain.lexicons.language import Language
    from textcx.domain.lexicons.naming import NamingWords
    from textcx.domain.matters import Coverage, Nearness
    from textcx.domain.service.keys import ApiKey
    from textcx.domain.themes.sets import StrengthCurve


class Encoder(Protocol):
    """Vectors plus named heads from one pass."""

    encoder_id: str
    confident_at: float
    near: Nearness
    covers: Coverage
    precision: str
    finds_aspects: bool

    def encode(self, texts: Sequence[str], *, vectors: bool = True, tags: bool = False) -> Encoding:
        """Encode texts, each different one once; an answer never depends on the other texts or their order.

        With ``tags`` it also tells of each token whether it names an aspect or an opinion, if it ``finds_aspects``.
        """

    def words(self, texts: Sequence[str]) -> TokenVectors | None:
        """Return vectors of the tokens of texts; null if the encoder tells nothing of single words."""


@dataclass(frozen=True, slots=True)
class LanguageGuess:
    """The most likely language of a text (ISO 639-1), its probability, or null where a text is too short to tell."""

    language: str | None
    confidence: float


class LanguageDetector(Protocol):
    """Tells the language of texts."""

    def detect(self, texts: Sequence[str]) -> list[LanguageGuess]:
        """Guess the language of each text."""


class Redactor(Protocol):
    """Finds what identifies a person."""

    def find(self, texts: Sequence[str]) -> list[list[Redaction]]:
        """Find what must be masked in each text: sorted, not overlapping, offsets in code points."""


class SentenceSplitter(Protocol):
    """Splits texts into sentences and clauses."""

    def split(self, texts: Sequence[str]) -> list[list[tuple[int, int]]]:
        """Spans of each text's segments: sorted, not overlapping, without surrounding white space, never empty."""


@dataclass(frozen=True, slots=True)
class Phrase:
    """A noun or verb phrase of a text, with offsets into that text and its normal form ('customer service')."""

    start: int
    end: int
    lemma: str
    kind: str  # "noun", "verb" or "adjective"


class PhraseFinder(Protocol):
    """Finds the phrases people use to name things."""

    def phrases(self, texts: Sequence[str]) -> list[list[Phrase]]:
        """Noun chunks (without determiners and pronouns) and verb or adjective phrases of each text, in text order."""


@dataclass(frozen=True, slots=True)
class TopicFit:
    """Clusters as the engine found them; topic numbers never leave the theme steps.

    Attributes:
        topics: Finest cluster of each segment, -1 where none; the largest cluster is 0. Shape ``(segments,)``.
        strengths: 0..1, of the same shape; 0 where there is no cluster.
        origin: Where directions are taken from, on the lattice (``steps.themes.geometry.lattice``). Shape ``(width,)``.
        centroids: Directions of the finest clusters, on the lattice. Shape ``(clusters, width)``.
        levels: The levels above, coarsest first: the group of each finest cluster. None to two arrays.
        stabilities: For each of the levels, then for the finest: how stable each of its clusters is, 0..1.
        keywords: For each of the levels, then for the finest: the c-TF-IDF words of each cluster, best first.
        curve: Turns closeness to a centroid into strength.
        stability: Agreement of the finest level with that of other samples, -1..1.
    """

    topics: NDArray[np.int64]
    strengths: NDArray[np.float64]
    origin: NDArray[np.float32]
    centroids: NDArray[np.float32]
    levels: tuple[NDArray[np.int64], ...]
    stabilities: tuple[NDArray[np.float64], ...]
    keywords: tuple[tuple[tuple[str, ...], ...], ...]
    curve: StrengthCurve
    stability: float


class ThemeModel(Protocol):
    """Groups segments by what they are about."""

    def fit(
        self, texts: Sequence[str], vectors: NDArray[np.float32], *, seed: int, max_unassigned: float | None = None
    ) -> TopicFit:
        """Cluster segments; the same set in another order gives the same clusters.

        ``vectors``: unit length, shape ``(segments, width)``. ``max_unassigned``: largest share of segments in no
        cluster, 0..1.
        """


class ThemeNamer(Protocol):
    """A language model that proposes what groups of remarks could be called; made for one analysis.

    Nobody trusts it: what it proposes is proven like every other name and title. It never raises for what a server
    does; a group without an answer has no proposals.
    """

    def propose(self, groups: Sequence[Sequence[str]], *, titles: bool) -> list[list[str]]:
        """Propose a few names of each group of redacted remarks, best first; none where it has none.

        With ``titles``, they say what goes wrong, in at most eight words; else they name a theme, in two to five. Only
        the first eight remarks of a group are looked at, and the first 300 characters of each.
        """

    def accept(self, count: int) -> None:
        """Note that so many more of the groups got what was proposed for them."""

    def report(self) -> dict[str, Any]:
        """Say for the manifest who was asked, about how many groups, and how many proposals were accepted."""

    def notes(self) -> tuple[str, ...]:
        """Sentences for the reader where answers were missing; none where all went well."""


class FeedbackReader(Protocol):
    """One input, read as a stream."""

    name: str
    plan: ColumnPlan

    def starting_at(self, first_row: int) -> FeedbackReader:
        """Return the same reader with its rows numbered from ``first_row`` on."""

    def batches(self, *, rows: int, skip: int = 0) -> Iterator[FeedbackBatch]:
        """Yield the records in order, ``rows`` at a time, leaving out the first ``skip`` rows."""


class AnalysisStore(Protocol):
    """Keeps finished analyses."""

    def save(self, analysis: Analysis, directory: Path) -> None:
        """Write a finished analysis."""

    def load(self, directory: Path) -> Analysis:
        """Read a finished analysis back."""


class ProgressReporter(Protocol):
    """Follows the work: which stage is running, how far it is, how long it took."""

    def stage(self, name: str) -> AbstractContextManager[None]:
        """Time a stage; entered again, its seconds add up."""

    def expect(self, name: str, amount: int) -> None:
        """Report how many records or steps a stage will handle in all, where that is known."""

    def advance(self, name: str, amount: int) -> None:
        """Report that a stage has handled so many more records or steps."""


class KeyStore(Protocol):
    """Finds the keys that callers of the service present. May block; the service calls it in a thread and caches."""

    def find(self, sha256: str) -> ApiKey | None:
        """Return the key with this digest (``domain.service.keys.digest_of``), also a revoked one; null if none."""

    def any_key(self) -> bool:
        """Say whether at least one key is valid now."""

    def touch(self, key_id: str, *, at: datetime) -> None:
        """Note that a key was used at ``at`` (UTC); an unknown id is no error."""


@dataclass(frozen=True, slots=True)
class ThemeMatch:
    """A theme that a segment raises, with its permanent id, its name, and how strongly, 0..1."""

    theme_id: str
    name: str
    strength: float


class ThemeSets(Protocol):
    """The theme sets that the service was given. ``assign`` is called by its inference thread only."""

    def names(self) -> Sequence[str]:
        """Names of the sets, sorted."""

    def assign(
        self, name: str, texts: Sequence[str], vectors: NDArray[np.float32], *, encoder_id: str, naming: NamingWords
    ) -> list[list[ThemeMatch]]:
        """Themes of each segment, strongest first; each segment's depend on itself alone.

        ``vectors``: unit length, made by ``encoder_id``. Shape ``(segments, dimensions)``. ``naming`` tells segments
        that are about nothing, and raise no theme. Raises ``NotFound`` for an unknown name and ``ModelProblem`` for a
        set made with another encoder.
        """


class ScoringTools(Protocol):
    """What scoring texts works with; ``textcx.wiring.container.Container`` has it."""

    @property
    def language(self) -> Language:
        """The language that is analyzed."""

    @property
    def encoder(self) -> Encoder:
        """The encoder."""

    @property
    def languages(self) -> LanguageDetector:
        """The language detector."""

    @property
    def splitter(self) -> SentenceSplitter:
        """The splitter."""

    @property
    def redactor(self) -> Redactor:
        """The redactor, for words of aspects."""
