"""The item: what textcx says about one text. Offsets are code points into the text, which it never holds itself.

Of its words it holds those of aspects only, as far as they are not masked.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    from textcx.domain.aspects import Aspect
    from textcx.domain.feedback import Reason, Redaction

LINE_ID = "line-{}"
"""Id of a record without one: the number of its line. A stream has no end, so ids cannot be made unique."""


@dataclass(frozen=True, slots=True)
class GivenText:
    """A text as it came in, with the caller's own id, which need not be unique."""

    id: str
    text: str
    language: str | None = None  # what the caller says it is written in ("en", "en-GB"); null where it is to be found
    cells: tuple[tuple[int, int], ...] | None = None  # where its cells stand, if several; no segment crosses one
    line: int = 0  # 1-based number of the line it came from, as an editor counts
    named: bool = True  # false where the id was made from the line


@dataclass(frozen=True, slots=True)
class BrokenLine:
    """A line that could not be read: a code for programs, a message for people, never its text."""

    line: int
    code: str
    message: str
    id: str | None = None

    def plain(self) -> dict[str, Any]:
        """Return the error line: ``{line, id, error: {code, message}}``."""
        return {"line": self.line, "id": self.id, "error": {"code": self.code, "message": self.message}}


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentItem:
    """The sentiment of one segment ``[start, end)``. Probabilities 0..1, null without such a head; polarity -1..1."""

    start: int
    end: int
    label: str
    polarity: float
    probabilities: Mapping[str, float]
    p_pain: float | None
    p_request: float | None

    def plain(self) -> dict[str, Any]:
        """Return it as plain values, ready for JSON."""
        return {
            "start": self.start,
            "end": self.end,
            "label": self.label,
            "polarity": self.polarity,
            "probabilities": dict(self.probabilities),
            "p_pain": self.p_pain,
            "p_request": self.p_request,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class SentimentItem:
    """The sentiment of one text; where a ``reason`` is given there is no label, nor any number."""

    id: str
    label: str | None = None  # negative, neutral or positive
    polarity: float | None = None  # -1..1, P(positive) - P(negative)
    probabilities: Mapping[str, float] | None = None  # 0..1 for each label, of the whole text
    strongest: Mapping[str, float] | None = None  # highest of "negative" and of "positive" in any one segment
    mixed: bool = False  # a clearly negative and a clearly positive segment stand in the text
    confident: bool = False  # right as often as the card of the model says
    windows: int = 0  # windows the text was read in
    language: str | None = None  # ISO 639-1; null where the text is too short or too odd to tell
    language_supported: bool = True  # true where the language is unknown
    p_pain: float | None = None  # 0..1, something went wrong for the customer; null without such a head of the encoder
    p_request: float | None = None  # 0..1, a wish or suggestion; null likewise
    emotions: Mapping[str, float] | None = None  # 0..1 for each emotion; null likewise
    reason: Reason | None = None
    segments: tuple[SegmentItem, ...] = ()
    aspects: tuple[Aspect, ...] = ()  # where they were looked for

    def plain(self, *, segments: bool = False, aspects: bool = False) -> dict[str, Any]:
        """Return the item as plain values, ready for JSON, with its segments and aspects where they are wanted."""
        item: dict[str, Any] = {
            "id": self.id,
            "label": self.label,
            "polarity": self.polarity,
            "probabilities": self.probabilities and dict(self.probabilities),
            "strongest": self.strongest and dict(self.strongest),
            "mixed": self.mixed,
            "confident": self.confident,
            "windows": self.windows,
            "language": self.language,
            "language_supported": self.language_supported,
            "p_pain": self.p_pain,
            "p_request": self.p_request,
            "emotions": self.emotions and dict(self.emotions),
            "reason": None if self.reason is None else self.reason.value,
        }
        if segments:
            item["segments"] = [each.plain() for each in self.segments]
        if aspects:
            item["aspects"] = [each.plain() for each in self.aspects]
        return item


@dataclass(frozen=True, slots=True, kw_only=True)
class TextPain:
    """Something that went wrong, told in the segment number ``segment`` (0-based); severity 0..1."""

    segment: int
    aspect: str | None
    statement: str | None
    severity: float
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TextFindings:
    """What is found in one text."""

    item: SentimentItem  # with its segments
    texts: tuple[str, ...]  # the masked words of each segment
    stages: tuple[tuple[str, float], ...]  # stage and confidence (0..1) of each segment
    pains: tuple[TextPain, ...]  # in the order of their segments
    redactions: tuple[Redaction, ...]
    vectors: NDArray[np.float32]  # of the segments, unit length, shape ``(segments, dimensions)``
