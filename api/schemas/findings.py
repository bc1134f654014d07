"""What was found, as documents: the rows of the tables of ``docs/tables.md``, a page at a time."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field

from .documents import Answer


class QuoteDocument(Answer):
    """A quote, masked; ``[start, end)`` of the record's text, in code points."""

    record_id: str
    start: int
    end: int
    quote: str


class ThemeDocument(Answer):
    """A theme. Where records are filtered, trend is null and the figures are counted over those that fit."""

    theme_id: str
    parent_theme_id: str | None = None
    level: int | None = None
    name: str | None
    keywords: list[str] | None = None
    records: int | None
    respondents: int | None
    share: float | None = Field(description="of all records that fit, 0 to 1")
    share_ci_low: float | None = None
    share_ci_high: float | None = None
    polarity: float | None
    negative_share: float | None
    stability: float | None = None
    first_seen: datetime | None = None
    last_seen: datetime | None = None
    trend: dict[str, Any] | None = None
    evidence: list[QuoteDocument] | None = None


class PainPointDocument(Answer):
    """Something that goes wrong for customers."""

    pain_point_id: str
    theme_id: str | None
    stage: str | None
    aspect: str | None
    statement: str | None
    severity: float | None = Field(description="0 to 1")
    records: int | None
    respondents: int | None
    trend: dict[str, Any] | None = None
    evidence: list[QuoteDocument] | None = None


class StageDocument(Answer):
    """A stage of the journey."""

    stage: str
    segments: int | None
    respondents: int | None
    polarity: float | None
    ci_low: float | None
    ci_high: float | None
    negative_share: float | None


class DriverDocument(Answer):
    """A theme or stage and its effect on a rating; an association, not a cause."""

    rating: str | None
    unit: str | None
    subject_kind: str | None
    subject_id: str | None
    effect: float | None
    ci_low: float | None
    ci_high: float | None
    n_with: int | None
    n_without: int | None
    q_value: float | None


class RatingDocument(Answer):
    """The value of a rating, of all or of some."""

    rating: str | None
    subject_kind: str | None
    subject_id: str | None
    value: float | None
    unit: str | None
    ci_low: float | None
    ci_high: float | None
    n: int | None
    n_commented: int | None = None


class TrendDocument(Answer):
    """The value of a measure in a period."""

    subject_kind: str | None
    subject_id: str | None
    period: str | None
    measure: str | None
    value: float | None
    ci_low: float | None
    ci_high: float | None
    n: int | None
    complete: bool | None = None


class RecordDocument(Answer):
    """A record, masked; one that could not be analyzed has a reason and no text."""

    record_id: str
    source: str | None
    created_at: datetime | None
    language: str | None
    text: str | None
    redactions: list[dict[str, Any]] | None
    respondent_id: str | None = Field(description="a pseudonym")
    touchpoint: str | None
    customer_value: float | None
    ratings: dict[str, Any]
    attributes: dict[str, Any]
    label: str | None
    polarity: float | None
    p_negative: float | None
    p_neutral: float | None
    p_positive: float | None
    mixed: bool | None
    confident: bool | None
    primary_theme_id: str | None
    primary_stage: str | None
    duplicate_of: str | None
    n_segments: int | None
    reason: str | None
    received_at: datetime


class SegmentDocument(Answer):
    """A segment of a record and what was found in it."""

    start: int
    end: int
    text_column: str | None
    text: str
    label: str | None
    polarity: float | None
    p_negative: float | None
    p_neutral: float | None
    p_positive: float | None
    p_pain: float | None
    p_request: float | None
    stage: str | None
    stage_confidence: float | None
    theme_id: str | None
    strength: float | None
    pain: bool | None
    aspect: str | None
    statement: str | None
    severity: float | None
    reasons: list[str] | None
    pain_point_id: str | None


class RecordDetail(RecordDocument):
    """A record with its segments."""

    segments: list[SegmentDocument]


class _Page(Answer):
    next_cursor: str | None = Field(description="null at the end")


class ThemePage(_Page):
    """Themes, widest reach first."""

    items: list[ThemeDocument]


class PainPointPage(_Page):
    """Pain points, highest reach x severity first."""

    items: list[PainPointDocument]


class JourneyPage(_Page):
    """Stages, in their order."""

    items: list[StageDocument]


class DriverPage(_Page):
    """Drivers, strongest first."""

    items: list[DriverDocument]


class RatingPage(_Page):
    """Values of ratings."""

    items: list[RatingDocument]


class TrendPage(_Page):
    """Trends, period by period."""

    items: list[TrendDocument]


class RecordPage(_Page):
    """Records, in the order in which they came."""

    items: list[RecordDocument]


_ROWS: dict[type[BaseModel], type[BaseModel]] = {
    ThemePage: ThemeDocument, PainPointPage: PainPointDocument, JourneyPage: StageDocument, DriverPage: DriverDocument,
    RatingPage: RatingDocument, TrendPage: TrendDocument, RecordPage: RecordDocument,
}  # fmt: skip


def columns_of(page: type[BaseModel]) -> list[str]:
    """Return the names of the columns of a kind of page."""
    return list(_ROWS[page].model_fields)
