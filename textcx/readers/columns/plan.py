"""Which column of an input plays which part, found by name and by content.

Every choice has a line in ``plan.reasons``; what content alone cannot tell is decided by a documented convention and
stated in ``plan.warnings``. What the user names always wins, and no column plays two parts unless the user says so.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from textcx.domain.errors import BadSetting, ColumnNotFound, NoTextColumn
from textcx.domain.feedback import FEEDBACK_SCHEMA, ColumnPlan, RatingColumn, TextColumn
from textcx.domain.tables import RECORDS
from textcx.readers.columns import roles
from textcx.readers.columns.profile import profile_of
from textcx.readers.columns.ratings import find_ratings, parse_rating, unique_ratings, unused_name
from textcx.readers.columns.text import choose_text, is_question_column, question_of
from textcx.readers.values.dates import ISO, given_format

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    import polars as pl

    from textcx.domain.feedback import ColumnOverrides
    from textcx.readers.columns.profile import ColumnProfile

RESERVED = frozenset(name.casefold() for name in (*FEEDBACK_SCHEMA, *RECORDS, "analyzed", "counted"))
"""Names that ratings and attributes must not take in the records table, in lower case."""

_LISTED = 20
_PARTS = "text question id date source respondent touchpoint customer rating attribute ignored"
"""First words of the keys of the reasons, in the order in which they are listed."""


@dataclass
class _Draft:
    """A plan in the making."""

    profiles: dict[str, ColumnProfile]
    overrides: ColumnOverrides
    taken: set[str] = field(default_factory=set)
    reasons: dict[str, str] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)

    def free(self) -> list[ColumnProfile]:
        return [profile for name, profile in self.profiles.items() if name not in self.taken]

    def take(self, part: str, named: str | None, score: Callable[[ColumnProfile], tuple[float, str]]) -> str | None:
        """Give a part to the column that the user named, else to the free one with the highest score above 0."""
        if named is not None:
            self.taken.add(named)
            self.reasons[part] = f"{named!r}: as you said"
            return named
        best, best_score, why = None, 0.0, ""
        for profile in self.free():
            points, reason = score(profile)
            if points > best_score:
                best, best_score, why = profile.name, points, reason
            elif points < 0:
                self.left_out.setdefault(profile.name, reason)
        if best is not None:
            self.taken.add(best)
            self.reasons[part] = f"{best!r}: {why}"
        return best


def plan_columns(sample: pl.DataFrame, *, overrides: ColumnOverrides, name: str) -> ColumnPlan:
    """Decide which column of an input plays which part, from its first rows: one String column or more.

    Raises:
        ColumnNotFound: If a named column is not there.
        BadSetting: If an override is malformed.
        NoTextColumn: If no column looks like customers' words and none was named.
    """
    check_overrides(sample.columns, overrides=overrides, name=name)
    draft = _Draft({column: profile_of(sample[column]) for column in sample.columns}, overrides)
    parts: dict[str, Any] = {}
    ratings = [parse_rating(flag) for flag in overrides.ratings]
    draft.taken.update(column for _, column in _named_columns(overrides))
    draft.taken.update(rating.column for rating in ratings)
    question = next((profile for profile in draft.free() if is_question_column(profile)), None)
    if question is not None:
        draft.taken.add(question.name)
        draft.reasons["question"] = f"{question.name!r}: says for each record what was asked"
    parts["date"], parts["date_format"] = _date(draft)
    parts["id"] = draft.take("id", overrides.id, roles.id_score)
    parts["respondent"] = draft.take("respondent", overrides.respondent, roles.respondent_score)
    parts["customer_value"] = draft.take("customer value", overrides.customer_value, roles.value_score)
    parts["touchpoint"] = draft.take("touchpoint", overrides.touchpoint, roles.touchpoint_score)
    parts["source_column"] = draft.take("source column", overrides.source_column, roles.source_score)
    parts["source"] = _source(draft, name, parts["source_column"])
    parts["ratings"] = _ratings(draft, ratings, name)
    parts["text"] = _text(draft, name, by_record=question is not None)
    parts["attributes"] = _attributes(draft)
    parts["question_column"] = question.name if question is not None else None
    ignored = tuple(profile.name for profile in draft.free())
    for column in ignored:
        nothing = "plays no part that could be told; name it with a flag to use it"
        nothing = nothing if draft.profiles[column].filled else "empty"
        draft.reasons[f"ignored {column}"] = draft.left_out.get(column, nothing)
    order = _PARTS.split()
    reasons = sorted(draft.reasons.items(), key=lambda reason: order.index(reason[0].split()[0].removesuffix("s")))
    return ColumnPlan(**parts, ignored=ignored, reasons=dict(reasons), warnings=tuple(draft.warnings))


def attribute_names(plan: ColumnPlan) -> dict[str, str]:
    """Name the attributes: by their column, "_attribute" added where that is taken; unique without regard to case."""
    used = RESERVED | {rating.name.casefold() for rating in plan.ratings}
    names: dict[str, str] = {}
    for column in plan.attributes:
        base = f"{column}_attribute" if column.casefold() in used else column
        names[column] = unused_name(base, used)
        used |= {names[column].casefold()}
    return names


def _date(draft: _Draft) -> tuple[str | None, str | None]:
    overrides = draft.overrides
    column = draft.take("date", overrides.date, roles.date_score)
    if column is None:
        return None, None
    reading = draft.profiles[column].dates
    if overrides.date_format is not None:
        reading = given_format(overrides.date_format)
    if reading is None and draft.profiles[column].filled:
        draft.warnings.append(
            f"no value of {column!r} could be read as a date; give its format with --date-format, "
            "for example --date-format '%d.%m.%Y'"
        )
    if reading is None:
        return column, None
    draft.warnings.extend(reading.doubts)
    draft.reasons["date"] += f"; format {reading.formats[0]}"
    return column, None if reading.formats[0] == ISO else reading.formats[0]


def _source(draft: _Draft, name: str, column: str | None) -> str:
    if draft.overrides.source is not None:
        draft.reasons["source"] = f"{draft.overrides.source}: as you said"
        return draft.overrides.source
    source, why = roles.guess_source(name, (profile.key for profile in draft.profiles.values()))
    draft.reasons["source"] = (f"{source} where {column!r} does not say" if column else source) + f": {why}"
    return source


def _ratings(draft: _Draft, declared: list[RatingColumn], name: str) -> tuple[RatingColumn, ...]:
    if declared:
        ratings = unique_ratings(declared, reserved=RESERVED)
    else:
        choice = find_ratings(draft.free(), reserved=RESERVED, input_name=name)
        ratings = choice.ratings
        draft.warnings.extend(choice.warnings)
        draft.left_out.update(choice.left_out)
    for rating in ratings:
        draft.taken.add(rating.column)
        turned = ", low is good" if rating.reversed else ""
        draft.reasons[f"rating {rating.name}"] = (
            f"{rating.column!r} on {rating.low:g} to {rating.high:g}{turned} ({rating.kind.value}): {rating.note}"
        )
    return tuple(ratings)


def _text(draft: _Draft, name: str, *, by_record: bool) -> tuple[TextColumn, ...]:
    questions = draft.overrides.questions
    if named := draft.overrides.text:
        draft.reasons["text"] = f"{_listed(named)}: as you said"
        return tuple(TextColumn(each, questions.get(each, question_of(draft.profiles[each]))) for each in named)
    choice = choose_text(draft.free())
    if choice is None:
        columns = list(draft.profiles)[:_LISTED]
        msg = (
            f"no column of {name} looks like customers' words; it has {_listed(columns)}. "
            "Name the one that does with --text-column COLUMN."
        )
        raise NoTextColumn(msg)
    columns = [text.column for text in choice.text]
    draft.reasons["text"] = f"{_listed(columns)}: {choice.reason}"
    draft.taken.update(columns)
    draft.left_out.update(choice.left_out)
    for column in choice.also:
        draft.warnings.append(f"{column!r} also holds long texts and is not read; add --text-column to read it too")
        draft.left_out[column] = "long texts, but not clearly the customers' own words"
    return tuple(
        TextColumn(text.column, questions.get(text.column, None if by_record else text.question))
        for text in choice.text
    )


def _attributes(draft: _Draft) -> tuple[str, ...]:
    if draft.overrides.attributes:
        draft.reasons["attributes"] = f"{_listed(draft.overrides.attributes)}: as you said"
        return tuple(dict.fromkeys(draft.overrides.attributes))
    chosen, left_out = roles.find_attributes(draft.free())
    draft.taken.update(chosen)
    for column, why in left_out.items():
        twin = why.startswith("holds the same")
        draft.left_out[column] = why if twin else draft.left_out.get(column, why)
    draft.reasons |= {f"attribute {column}": why for column, why in chosen.items()}
    return tuple(chosen)


def _listed(columns: Iterable[str]) -> str:
    return ", ".join(map(repr, columns))


def _named_columns(overrides: ColumnOverrides) -> list[tuple[str, str]]:
    """List the columns that the user named, ratings apart: flag and column."""
    named = [("--text-column", column) for column in overrides.text]
    single = (
        ("--id-column", overrides.id),
        ("--date-column", overrides.date),
        ("--source-column", overrides.source_column),
        ("--respondent-column", overrides.respondent),
        ("--touchpoint-column", overrides.touchpoint),
        ("--value-column", overrides.customer_value),
    )
    named += [(flag, column) for flag, column in single if column is not None]
    return named + [("--attribute", column) for column in overrides.attributes]


def check_overrides(columns: Sequence[str], *, overrides: ColumnOverrides, name: str) -> None:
    """Check that every column that the user named is there and everything else is well-formed.

    Raises:
        ColumnNotFound: If a named column is not in the input; the error names the nearest one and the flag.
        BadSetting: If a rating, date format or source is malformed.
    """
    for flag, column in (*_named_columns(overrides), *(("--text-column", column) for column in overrides.questions)):
        if column not in columns:
            raise ColumnNotFound(_not_found(columns, column, name=name, how=f"{flag} {{0}}"))
    ratings = [parse_rating(flag) for flag in overrides.ratings]
    for rating in ratings:
        if rating.column not in columns:
            how = f"--rating '{rating.name}={{0}}:{rating.low:g}-{rating.high:g}'"
            raise ColumnNotFound(_not_found(columns, rating.column, name=name, how=how))
    names = [rating.name for rating in ratings]
    if len(set(names)) < len(names):
        msg = f"--rating was given twice for the same name; it came for {', '.join(names)}"
        raise BadSetting(msg)
    if overrides.date_format is not None:
        given_format(overrides.date_format)
    if overrides.source is not None and overrides.source not in roles.SOURCES:
        msg = f"--source {overrides.source!r} is unknown; expected one of {', '.join(roles.SOURCES)}"
        raise BadSetting(msg)


def _not_found(columns: Sequence[str], column: str, *, name: str, how: str) -> str:
    more = f" and {len(columns) - _LISTED} more" if len(columns) > _LISTED else ""
    by_case = {each.casefold().strip(): each for each in reversed(columns)}
    near = difflib.get_close_matches(column.casefold().strip(), list(by_case), n=1, cutoff=0.6)
    message = f"{name} has no column {column!r}; it has {_listed(columns[:_LISTED])}{more}."
    if near:
        nearest = by_case[near[0]]
        shown = f'"{nearest}"' if " " in nearest and "'" not in how else nearest
        message += f" Did you mean {nearest!r}? Map it with {how.format(shown)}."
    return message
