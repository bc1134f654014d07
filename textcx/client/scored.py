"""What goes to the scoring routes, and what they say of each text. Offsets are code points into the text as given.

The domain has such types too; these are the client's own, so that a service of another version may say more, or say a
word that this version does not know.
"""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 - read at run time
from dataclasses import dataclass
from typing import Generic, TypeVar


@dataclass(frozen=True, slots=True)
class Text:
    """A text to score.

    Attributes:
        text: Any string.
        id: Given back; by default ``line-1``, ``line-2``, ... by its place.
        language: Code such as "en" or "en-GB"; found out where it is not said.
    """

    text: str
    id: str | None = None
    language: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A sentence or clause, ``[start, end)``. Probabilities 0..1, polarity -1..1."""

    start: int
    end: int
    label: str
    polarity: float
    probabilities: Mapping[str, float]
    p_pain: float | None
    p_request: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """What is said about one text; the fields are those of ``textcx.domain.items.SentimentItem``.

    Without a label ``reason`` says why (``empty``, ``not_an_answer``, ``language_unsupported``), and that is no error.
    ``segments`` is null where they were not asked for.
    """

    id: str
    label: str | None
    polarity: float | None
    probabilities: Mapping[str, float] | None
    strongest: Mapping[str, float] | None
    mixed: bool
    confident: bool
    windows: int
    language: str | None
    language_supported: bool
    p_pain: float | None
    p_request: float | None
    emotions: Mapping[str, float] | None
    reason: str | None
    segments: tuple[Segment, ...] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ThemeMatch:
    """A theme that a segment raises; strength 0..1."""

    theme_id: str
    name: str
    strength: float


@dataclass(frozen=True, slots=True, kw_only=True)
class AnalyzedSegment(Segment):
    """A segment with its place on the journey; ``themes`` is null where no theme set was named."""

    stage: str
    stage_confidence: float
    pain: bool | None
    themes: tuple[ThemeMatch, ...] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A quote, masked, and its place in the text as given."""

    start: int
    end: int
    quote: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Pain:
    """Something that went wrong for the customer; severity 0..1."""

    aspect: str | None
    statement: str | None
    severity: float
    reasons: tuple[str, ...]
    stage: str
    evidence: tuple[Span, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Masked:
    """A place that was masked in quotes and statements, and what stood there."""

    start: int
    end: int
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AnalyzedItem:
    """What one text alone can tell: all of an ``Item``, with stages, pain points and what was masked."""

    id: str
    label: str | None
    polarity: float | None
    probabilities: Mapping[str, float] | None
    strongest: Mapping[str, float] | None
    mixed: bool
    confident: bool
    windows: int
    language: str | None
    language_supported: bool
    p_pain: float | None
    p_request: float | None
    emotions: Mapping[str, float] | None
    reason: str | None
    segments: tuple[AnalyzedSegment, ...]
    pain_points: tuple[Pain, ...]
    redactions: tuple[Masked, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedItem:
    """A text without an answer; the others have theirs. ``code`` is ``text_too_long`` or ``duplicate_id``."""

    id: str
    code: str
    message: str


ItemT = TypeVar("ItemT", bound=Item | AnalyzedItem)


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch(Generic[ItemT]):
    """Answers in the order of the texts, all by one version of the model; null where there were no texts."""

    model_version: str | None
    items: tuple[ItemT | FailedItem, ...]

    @property
    def failed(self) -> tuple[FailedItem, ...]:
        """Those without an answer."""
        return tuple(each for each in self.items if isinstance(each, FailedItem))

    @property
    def answered(self) -> tuple[ItemT, ...]:
        """Those with one, in their order."""
        return tuple(each for each in self.items if not isinstance(each, FailedItem))
