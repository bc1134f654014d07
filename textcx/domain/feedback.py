"""Feedback as it comes in: the columns of a file, the scales of its ratings, and what could not be used."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Mapping

VERBATIM_JOINT = "\n\n"
"""What stands between the text columns of one record in its verbatim."""

_FIXED: dict[str, Any] = {
    "row": pl.Int64,  # 0-based, counted over all inputs of the run, unreadable rows included
    "where": pl.String,  # "reviews.csv:17": file name and 1-based line (or row) number
    "given_id": pl.String,
    "texts": pl.List(pl.String),  # one cell per text column of the plan, in its order; null where empty
    "created_at": pl.Datetime("us", "UTC"),
    "source": pl.String,
    "respondent": pl.String,  # as given; never leaves memory
    "touchpoint": pl.String,
    "customer_value": pl.Float64,
    "question": pl.String,  # what was asked, where a column of the file says so for each row
}
FEEDBACK_SCHEMA = pl.Schema(_FIXED)
"""Fixed columns of a feedback batch. After them: one Float64 column ``rating:NAME`` per rating of the plan (on its
own scale, null where missing or off the scale) and one String column ``attribute:NAME`` per attribute."""


class RatingKind(StrEnum):
    """What a rating measures, which decides its summary value."""

    NPS = "nps"  # promoters minus detractors, points -100..100, from 0..10
    CSAT = "csat"  # share of the top two answers, percent 0..100
    CES = "ces"  # mean on 1..7
    STARS = "stars"  # mean on 1..5
    SCALE = "scale"  # mean on any other numeric scale


@dataclass(frozen=True, slots=True)
class RatingColumn:
    """A column that holds one raw answer on a declared numeric scale."""

    name: str
    column: str
    kind: RatingKind
    low: float
    high: float
    reversed: bool = False  # the low end is the good one (1 = very good .. 5 = very poor); values are read as given
    missing: tuple[float, ...] = ()  # codes that mean "no answer"
    note: str | None = None  # why this scale was assumed


@dataclass(frozen=True, slots=True)
class TextColumn:
    """A column of customers' words, with the question it answers where that is known (context, never verbatim)."""

    column: str
    question: str | None = None


@dataclass(frozen=True, slots=True)
class ColumnPlan:
    """Which column of an input plays which part, how it was decided, and what remained doubtful."""

    text: tuple[TextColumn, ...]
    id: str | None = None
    date: str | None = None
    date_format: str | None = None  # strptime pattern, or null for ISO 8601
    source: str = "review"  # review, survey, social, support; the value for records without a source column
    source_column: str | None = None
    respondent: str | None = None
    touchpoint: str | None = None
    customer_value: str | None = None
    question_column: str | None = None  # a column that holds, row by row, the question that was asked
    attributes: tuple[str, ...] = ()
    ratings: tuple[RatingColumn, ...] = ()
    ignored: tuple[str, ...] = ()
    reasons: Mapping[str, str] = field(default_factory=dict)  # part -> why this column was chosen
    warnings: tuple[str, ...] = ()  # what content alone could not tell; printed and kept in the manifest


@dataclass(frozen=True, slots=True)
class ColumnOverrides:
    """Columns that the user named, by flag or setting; everything null or empty is found from the file."""

    text: tuple[str, ...] = ()
    id: str | None = None
    date: str | None = None
    date_format: str | None = None
    source: str | None = None
    source_column: str | None = None
    respondent: str | None = None
    touchpoint: str | None = None
    customer_value: str | None = None
    attributes: tuple[str, ...] = ()
    ratings: tuple[str, ...] = ()  # NAME=COLUMN:LOW-HIGH[:reversed]
    questions: Mapping[str, str] = field(default_factory=dict)  # text column -> question


class Reason(StrEnum):
    """Why a record could not be analyzed."""

    EMPTY = "empty"
    NOT_AN_ANSWER = "not_an_answer"
    LANGUAGE_UNSUPPORTED = "language_unsupported"
    UNREADABLE_ROW = "unreadable_row"


@dataclass(frozen=True, slots=True)
class Unprocessable:
    """A record that could not be used: where it stood, why, and what could be done. Never its text."""

    row: int
    where: str
    reason: Reason
    hint: str
    record_id: str | None = None
    language: str | None = None

    @classmethod
    def from_plain(cls, values: dict[str, Any]) -> Unprocessable:
        """Build one from the plain values that it was stored as."""
        return cls(**{**values, "reason": Reason(values["reason"])})


@dataclass(frozen=True, slots=True)
class FeedbackBatch:
    """Some consecutive rows of the input: a frame of ``FEEDBACK_SCHEMA`` plus the rows that could not be read."""

    frame: pl.DataFrame
    unreadable: tuple[Unprocessable, ...] = ()
    warnings: tuple[str, ...] = ()

    def head(self, rows: int) -> FeedbackBatch:
        """Return the first so many rows, unreadable ones included."""
        numbers = sorted([*self.frame["row"], *(broken.row for broken in self.unreadable)])[:rows]
        if not numbers:
            return self
        return FeedbackBatch(
            frame=self.frame.filter(pl.col("row") <= numbers[-1]),
            unreadable=tuple(broken for broken in self.unreadable if broken.row <= numbers[-1]),
            warnings=self.warnings,
        )


@dataclass(frozen=True, slots=True)
class Redaction:
    """A masked stretch of the verbatim, in code points, half-open."""

    start: int
    end: int
    kind: str  # EMAIL, PHONE, CARD, ACCOUNT, URL, PERSON ...
