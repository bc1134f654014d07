"""The item: what textcx says about one text. Offsets are code points into the text, which it never holds itself."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    from textcx.domain.feedback import Reason, Redaction

LINE_ID = "line-{}"
"""Id of a record without one: the number of its line. A stream has no end, so ids cannot be made unique."""


@dataclass(frozen=True, slots=True)
class GivenText:
    """A text as it came in, with the caller's own id, which need not be unique.

    Attributes:
        language: What the caller says it is written in ("en", "en-GB"); null where it is to be found.
        cells: Where each of its cells stands in it, in order; null where it is one cell. No segment crosses a cell.
        line: 1-based number of the line it came from, as an editor counts.
        named: False where the id was made from the line.
    """

    id: str
    text: str
    language: str | None = None
    cells: tuple[tuple[int, int], ...] | None = None
    line: int = 0
    named: bool = True


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


@dataclass(frozen=True, slots=True, kw_only=True)
class SentimentItem:
    """The sentiment of one text.

    Attributes:
        label: Negative, neutral or positive; null where ``reason`` is given, as are most of the others.
        polarity: -1..1, P(positive) - P(negative).
        probabilities: 0..1 for each label, of the whole text.
        strongest: The highest probability of ``negative`` and of ``positive`` in any one segment, so that a mixed text
            shows both, whatever the label of the whole.
        mixed: Whether a clearly negative and a clearly positive segment stand in the text.
        confident: Whether the label's probability is high enough to be right as often as the model's card says.
        windows: Windows the text was read in.
        language: ISO 639-1 code; null where the text is too short or too odd to tell.
        language_supported: Whether texts in that language are judged; true where it is unknown.
        p_pain: 0..1, something went wrong for the customer; null without such a head of the encoder.
        p_request: 0..1, a wish or suggestion; null likewise.
        emotions: 0..1 for each emotion; null likewise.
    """

    id: str
    label: str | None = None
    polarity: float | None = None
    probabilities: Mapping[str, float] | None = None
    strongest: Mapping[str, float] | None = None
    mixed: bool = False
    confident: bool = False
    windows: int = 0
    language: str | None = None
    language_supported: bool = True
    p_pain: float | None = None
    p_request: float | None = None
    emotions: Mapping[str, float] | None = None
    reason: Reason | None = None
    segments: tuple[SegmentItem, ...] = ()

    def plain(self, *, segments: bool = False) -> dict[str, Any]:
        """Return the item as plain values, ready for JSON, with its segments where they are wanted."""
        item = asdict(self) | {"reason": self.reason and self.reason.value}
        parts = list(item.pop("segments"))
        return item | {"segments": parts} if segments else item


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
    """What is found in one text.

    ``item`` has its segments; ``texts`` are their masked words, ``stages`` their stage and confidence (0..1),
    ``vectors`` theirs, unit length, of shape ``(segments, dimensions)``. ``pains`` are in the order of the segments.
    """

    item: SentimentItem
    texts: tuple[str, ...]
    stages: tuple[tuple[str, float], ...]
    pains: tuple[TextPain, ...]
    redactions: tuple[Redaction, ...]
    vectors: NDArray[np.float32]
