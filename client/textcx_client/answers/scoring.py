"""What goes to the scoring routes, and what they say of each text. Offsets are code points into the text as given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Generic, TypeVar

from textcx_client.answers.schema import Count, Label, Polarity, Probabilities, Schema, Share, Strongest


@dataclass(frozen=True, slots=True)
class Text:
    """A text to score.

    Attributes:
        text: Any string.
        id: Given back; by default ``line-1``, ``line-2``, ... by its place.
        language: Code such as "en" or "en-GB"; detected where it is not given.
    """

    text: str
    id: str | None = None
    language: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A sentence or clause, ``[start, end)`` of the text as given."""

    start: Count
    end: Count
    label: Label
    polarity: Polarity
    probabilities: Probabilities
    p_pain: Annotated[Share | None, Schema("something went wrong for the customer")]
    p_request: Annotated[Share | None, Schema("a wish or suggestion")]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredText:
    """What is said about one text. Without a label ``reason`` says why, and that is no error."""

    id: str
    label: Label | None
    polarity: Annotated[Polarity | None, Schema("P(positive) - P(negative)")]
    probabilities: Probabilities | None
    strongest: Strongest | None
    mixed: Annotated[bool, Schema("both a clearly negative and a clearly positive segment")]
    confident: Annotated[bool, Schema("right as often as /info says")]
    windows: Annotated[Count, Schema("windows the text was read in; nothing is cut off")]
    language: str | None
    language_supported: bool
    p_pain: Share | None
    p_request: Share | None
    emotions: Mapping[str, Share] | None
    reason: Annotated[str, Schema(enum=["empty", "not_an_answer", "language_unsupported"])] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Item(ScoredText):
    """The sentiment of one text. Without a label ``reason`` says why, and that is no error."""

    segments: Annotated[tuple[Segment, ...] | None, Schema("where they were asked for")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ThemeMatch:
    """A theme that a segment raises."""

    theme_id: str
    name: str
    strength: Share


@dataclass(frozen=True, slots=True, kw_only=True)
class AnalyzedSegment(Segment):
    """A segment with its place on the journey and its themes."""

    stage: Annotated[str, Schema('"unknown" is an answer')]
    stage_confidence: Share
    pain: bool | None
    themes: Annotated[tuple[ThemeMatch, ...] | None, Schema("null where no theme set was named")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A quote, masked; ``text[start:end]`` of the text as given."""

    start: int
    end: int
    quote: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Aspect:
    """Something that is spoken about, with what is said of it; places are null where one of the two is missing."""

    start: Count | None
    end: Count | None
    aspect: Annotated[str | None, Schema("text[start:end] of the text as given; null for an opinion on nothing named")]
    opinion_start: Annotated[Count | None, Schema("null where nothing is said of the aspect")]
    opinion_end: Count | None
    negated: Annotated[bool, Schema("the opinion holds a negation, or stands right after one")]
    polarity: Polarity
    probabilities: Probabilities


@dataclass(frozen=True, slots=True, kw_only=True)
class Pain:
    """Something that went wrong for the customer."""

    aspect: str | None
    statement: str | None
    severity: Share
    reasons: tuple[str, ...]
    stage: str
    evidence: tuple[Span, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Redaction:
    """What was masked in quotes and statements."""

    start: int
    end: int
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AnalyzedItem(ScoredText):
    """What one text can tell: sentiment, segments with stages and themes, aspects, pain points, what was masked."""

    segments: tuple[AnalyzedSegment, ...]
    aspects: tuple[Aspect, ...]
    pain_points: tuple[Pain, ...]
    redactions: tuple[Redaction, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemError:
    """Why one item has no answer."""

    code: Annotated[str, Schema(enum=["text_too_long", "duplicate_id"])]
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedItem:
    """An item without an answer; the others have theirs."""

    id: str
    error: ItemError

    @property
    def code(self) -> str:
        """Why: ``text_too_long`` or ``duplicate_id``."""
        return self.error.code

    @property
    def message(self) -> str:
        """The same for people."""
        return self.error.message


ItemT = TypeVar("ItemT", bound=ScoredText)


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
