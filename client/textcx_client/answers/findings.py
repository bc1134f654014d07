"""What was found in a data set: one line of a table each, as docs/tables.md describes it.

Shares 0..1, polarity -1..1, intervals 95 %. Where records are filtered, what a count cannot give is null.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from textcx_client.answers.schema import Schema


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """A quote, masked; ``[start, end)`` of the record's text, in code points."""

    record_id: str
    start: int
    end: int
    quote: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Theme:
    """A theme. Where records are filtered, trend is null and the figures are counted over those that fit."""

    theme_id: str
    parent_theme_id: str | None = None
    level: int | None = None
    name: str | None
    keywords: tuple[str, ...] | None = None
    records: int | None
    respondents: int | None
    share: Annotated[float | None, Schema("of all records that fit, 0 to 1")]
    share_ci_low: float | None = None
    share_ci_high: float | None = None
    polarity: float | None
    negative_share: float | None
    stability: float | None = None
    first_seen: datetime | None = None
    last_seen: datetime | None = None
    trend: Mapping[str, Any] | None = None
    evidence: tuple[Quote, ...] | None = None
    polarity_low: float | None = None
    polarity_high: float | None = None
    negative_low: float | None = None
    negative_high: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PainPoint:
    """Something that goes wrong for customers."""

    pain_point_id: str
    title: str | None = None
    fit: Annotated[float | None, Schema("share of what is said that the title holds for; mixed below 0.7")] = None
    theme_id: str | None
    stage: Annotated[str | None, Schema("the main one")]
    stages: tuple[Mapping[str, Any], ...] | None = None
    aspect: str | None
    statement: Annotated[str | None, Schema("what one customer said")]
    severity: Annotated[float | None, Schema("0 to 1")]
    severity_p90: Annotated[float | None, Schema("its 90th percentile")] = None
    safety: Annotated[bool | None, Schema("somebody tells of harm or danger")] = None
    effect: Annotated[float | None, Schema("how much lower the leading rating is, as a share of its scale")] = None
    records: int | None
    respondents: int | None
    trend: Mapping[str, Any] | None = None
    evidence: tuple[Quote, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A stage of the journey."""

    stage: str
    segments: int | None
    respondents: int | None
    polarity: float | None
    ci_low: float | None
    ci_high: float | None
    negative_share: float | None
    polarity_q: float | None = None
    negative_low: float | None = None
    negative_high: float | None = None
    negative_q: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Driver:
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
    gap: float | None = None
    gap_low: float | None = None
    gap_high: float | None = None
    effect_beside: float | None = None
    beside_low: float | None = None
    beside_high: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rating:
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Trend:
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


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptRecord:
    """A record, masked; one that could not be analyzed has a reason and no text."""

    record_id: str
    source: str | None
    created_at: datetime | None
    language: str | None
    text: str | None
    redactions: tuple[Mapping[str, Any], ...] | None
    respondent_id: Annotated[str | None, Schema("a pseudonym")]
    touchpoint: str | None
    customer_value: float | None
    ratings: Mapping[str, Any]
    attributes: Mapping[str, Any]
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


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordSegment:
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
    reasons: tuple[str, ...] | None
    pain_point_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordDetail(KeptRecord):
    """A record with its segments."""

    segments: tuple[RecordSegment, ...]
