"""Which columns hold customers' own words, and which of them belong together.

A column is found by what is in it first (long, varied, written by people) and by its name second. What somebody else
wrote, replies, product descriptions, names of places, is left out by the same two signs.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from textcx.domain.feedback import TextColumn
from textcx.readers.words import column_words

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from textcx.readers.columns.profile import ColumnProfile

_LINKS = 0.3
_NESTED = _DATES = _REPEATED = 0.5
_OPINION = 0.15
"""Share of opinions that names of places and products do not reach."""
_NAMELIKE = 0.6
_TITLE_CAPITALS = 0.3
_VARIED = 0.3
_SURELY_VARIED = 200
_LONG = 4
"""Mean words from which on a column is text whatever its name; a question needs ``_SHORT``."""
_SHORT = 2
_NAMED_BODY_WORDS = 3
_QUESTION_WORDS = 3


@dataclass(frozen=True, slots=True)
class TextChoice:
    """The text columns, why they were chosen, and columns of long text that were not."""

    text: tuple[TextColumn, ...]
    reason: str
    also: tuple[str, ...] = ()
    left_out: Mapping[str, str] = field(default_factory=dict)


def asks(profile: ColumnProfile) -> bool:
    """Whether a column's name is the question its answers belong to."""
    if profile.name.rstrip().endswith("?"):
        return True
    if profile.numeric:
        return False
    words = column_words().text
    asking = rf"^(?:{words.question_starts})_.+_|{words.question_parts}"
    return profile.named(words.pairs) or (
        len(profile.words) >= _QUESTION_WORDS and re.search(asking, profile.key) is not None
    )


def question_of(profile: ColumnProfile) -> str | None:
    """The name of a column as a question, where it is one."""
    if not asks(profile):
        return None
    return profile.name if " " in profile.name else profile.name.replace("_", " ")


def is_question_column(profile: ColumnProfile) -> bool:
    """Whether a column says, row by row, which question was asked."""
    named = profile.ends_with(column_words().text.questions) or profile.key.endswith("question_text")
    return named and not profile.numeric and 0 < profile.distinct <= max(3, profile.filled // 2)


def choose_text(profiles: Sequence[ColumnProfile]) -> TextChoice | None:
    """Choose the columns of customers' words among those that play no other part; null where none looks like text."""
    fit = [profile for profile in profiles if _is_words(profile)]
    left_out = {
        profile.name: "long text, but by its name not written by customers"
        for profile in profiles
        if profile not in fit and profile.filled and profile.mean_words > _LONG and _by_others(profile)
    }
    if not fit:
        return _fallback(profiles)
    primary = max(fit, key=_weight)
    chosen = [profile for profile in fit if profile is primary or _belongs(profile, primary)]
    chosen.sort(key=lambda profile: not _is_title(profile))
    also = tuple(p.name for p in fit if p not in chosen and p.mean_words > _LONG and not _same_words(p, primary))
    texts = tuple(TextColumn(profile.name, question_of(profile)) for profile in chosen)
    reason = f"long and varied ({primary.mean_words:.0f} words on average, {primary.distinct} different in the sample)"
    if primary.ends_with(column_words().text.bodies) or asks(primary):
        reason += ", and named like text"
    if len(chosen) > 1:
        reason += "; joined with " + ", ".join(repr(profile.name) for profile in chosen if profile is not primary)
    return TextChoice(texts, reason, also, left_out)


def _fallback(profiles: Sequence[ColumnProfile]) -> TextChoice | None:
    """A column named like text whatever it holds (short, empty or emoji only), or the only column there is."""
    named = [p for p in profiles if _named_body(p) and not p.numeric]
    if not named and len(profiles) == 1 and not profiles[0].numeric and profiles[0].dates is None:
        named = list(profiles)
    if not named:
        return None
    best = max(named, key=lambda profile: profile.filled)
    reason = "named like text" if _named_body(best) else "the only column"
    return TextChoice((TextColumn(best.name, question_of(best)),), reason)


def _is_words(profile: ColumnProfile) -> bool:
    if not profile.filled or profile.numeric or profile.links > _LINKS or profile.nested > _NESTED:
        return False
    opinion = profile.opinion >= _OPINION
    dates = profile.dates is not None and profile.dates.share > _DATES
    if dates or _by_others(profile) or (profile.capitals > _NAMELIKE and not opinion):
        return False
    varied = profile.distinct >= profile.filled * _VARIED or profile.distinct >= _SURELY_VARIED
    if _named_body(profile):
        return profile.mean_words >= 1 and (varied or profile.mean_words >= _NAMED_BODY_WORDS)
    if _is_title(profile):
        return varied and profile.mean_words >= 1 and (opinion or profile.capitals < _TITLE_CAPITALS)
    question = asks(profile)
    if profile.ends_with(column_words().text.other_ends) and not question:
        return False
    return varied and profile.mean_words >= (_SHORT if question else _LONG)


def _weight(profile: ColumnProfile) -> tuple[float, int]:
    weight = profile.mean_words * (0.2 + profile.opinion) * min(1.0, profile.distinct / 20)
    weight *= 3 if _named_body(profile) or asks(profile) else 1
    return weight * (0.3 if _is_title(profile) else 1), profile.filled


def _belongs(profile: ColumnProfile, primary: ColumnProfile) -> bool:
    if _same_words(profile, primary):
        return False
    if _is_title(profile):
        return not asks(primary)
    return asks(profile) or _named_body(profile)


def _same_words(profile: ColumnProfile, primary: ColumnProfile) -> bool:
    """Whether a column repeats the primary one (lower-cased, without punctuation, cut short)."""
    if profile is primary:
        return False
    ours, theirs = (
        {"".join(filter(str.isalnum, value.casefold()))[:30] for value in one.values.head(200).to_list()}
        for one in (profile, primary)
    )
    return bool(ours) and len(ours & theirs) > len(ours) * _REPEATED


def _named_body(profile: ColumnProfile) -> bool:
    if _by_others(profile):
        return False
    words = [word for word in profile.words if not word.isdigit()]
    return bool(words) and words[-1] in column_words().text.bodies


def _is_title(profile: ColumnProfile) -> bool:
    return profile.ends_with(column_words().text.titles) and not asks(profile)


def _by_others(profile: ColumnProfile) -> bool:
    words = column_words().text
    return not asks(profile) and profile.named(words.by_others) and not profile.named(words.by_customers)
