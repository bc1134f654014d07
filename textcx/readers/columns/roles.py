"""How well a column fits a part: id, date, respondent, customer value, touchpoint, source; and which group customers.

Every score is points and a reason: above 0 the column fits, below 0 it must not be used for anything and the
reason says why, 0 says nothing. A column that groups customers has few values, each carried by several records.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from textcx.readers.columns.profile import holds, slug
from textcx.readers.values.cells import amounts
from textcx.readers.words import column_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from textcx.readers.columns.profile import ColumnProfile

SOURCES = ("review", "survey", "social", "support")
"""How feedback may have come in."""

_UUID = r"(?i)^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"
_FULL = _UNIQUE = 0.98
_HALF_UNIQUE = 0.5
_DATES_IF_NAMED = 0.3
"""Share of dates that a column named like the date of a record needs; ``_HALF_DATES`` with a vaguer name."""
_HALF_DATES = 0.5
_DATES_ALONE = 0.95
_MOST_WORDS = 6
_FEW_PEOPLE = 5
_REPEATED_PEOPLE = 0.1
_AMOUNTS = 0.8
_SOURCES = 0.5
_MOST_VALUES = 60
"""Different values an attribute may always have."""
_MOST_VALUES_COVERED = 300
"""Different values it may have where ``_MOST_VALUES`` of them cover ``_COVERED`` of the records."""
_COVERED = 0.8
_LINKS = _NESTED = 0.3
"""Share of links, or of lists and objects, above which a column groups nobody."""
_MOST_WORDS_OF_GROUP = 8
_LONGEST = 120
_LEAST_FILLED = 0.02
_MOST_DISTINCT = 0.5


def id_score(profile: ColumnProfile) -> tuple[float, str]:
    """Whether a column identifies the record (not the customer, not the product)."""
    if not profile.filled:
        return 0, ""
    unique = profile.distinct / profile.filled
    full = profile.filled >= profile.rows * _FULL
    running = profile.numeric and profile.whole and profile.distinct >= profile.rows
    if running and profile.name.startswith("column ") and bool((profile.numbers.diff().drop_nulls() > 0).all()):
        return -1, "a running number without a name, so no lasting id"
    words = column_words().roles
    own = f"{words.ids}|(?:{words.id_owners})_(?:{words.id_endings})"
    if profile.is_named(own) and unique >= _HALF_UNIQUE and full:
        nearly = "" if profile.distinct == profile.filled else "nearly "
        return 3 + unique, f"named like an id, {nearly}unique in the sample"
    other = profile.named(words.other_things) or profile.dates_likely or profile.mean_words > _MOST_WORDS
    if profile.named(words.id_words) and unique >= _UNIQUE and full and not other:
        return 2 + unique, "named like an id, unique in the sample"
    uuids = full and unique == 1 and bool(profile.values.str.contains(_UUID).all())
    return (1, "unique codes") if uuids and not other else (0, "")


def date_score(profile: ColumnProfile) -> tuple[float, str]:
    """Whether a column says when the feedback was given."""
    reading, words = profile.dates, column_words().roles
    own = profile.is_named(words.dates)
    if reading is None or not profile.filled:
        named = own and profile.filled and profile.named(words.certain_dates)
        return (0.1, "named like a date, but not read as one") if named else (0, "")
    share = reading.share
    reason = f"named like a date, {share:.0%} of the sample are dates"
    if profile.named(words.other_dates):
        return (-1, "a date, but not when the feedback was given") if share >= _HALF_DATES else (0, "")
    if own and share >= _DATES_IF_NAMED:
        return 4 + share + 0.1 * (profile.filled / profile.rows), reason
    if profile.named(words.date_words) and share >= _HALF_DATES:
        return 2 + share, reason
    if share >= _DATES_ALONE and not profile.numeric:
        return share, f"{share:.0%} of the sample are dates"
    return 0, ""


def respondent_score(profile: ColumnProfile) -> tuple[float, str]:
    """Whether a column says who answered."""
    words = column_words().roles
    by_id = profile.is_named(f"(?:{words.people})_(?:{words.person_id_endings})|(?:{words.people})_?id")
    by_name = profile.is_named(f"(?:{words.people})(?:_?name|_e_?mail)?|{words.person_names}")
    if not profile.filled or not (by_id or by_name):
        return 0, ""
    if profile.distinct == 1 and profile.filled > 1:
        return -1, "the same for everyone, so it tells nobody apart"
    if profile.distinct <= _FEW_PEOPLE < profile.filled * _REPEATED_PEOPLE or profile.mean_words > _MOST_WORDS:
        return 0, ""
    kind = "an id" if by_id else "a name"
    return 2 if by_id else 1, f"named like {kind} of who answered; only a keyed hash of it is ever written"


def value_score(profile: ColumnProfile) -> tuple[float, str]:
    """Whether a column says what a customer is worth."""
    if not profile.filled or not profile.named(column_words().roles.customer_values):
        return 0, ""
    share = 1 - amounts(profile.values).null_count() / profile.filled
    if share < _AMOUNTS:
        return 0, ""
    return 1 + share + 0.1 * len(profile.values), "named like customer value, and amounts"


def touchpoint_score(profile: ColumnProfile) -> tuple[float, str]:
    """Whether a column says where on the journey the contact happened."""
    if not profile.filled or profile.numeric or not profile.is_named(column_words().roles.touchpoints):
        return 0, ""
    return 1, "named like a touchpoint"


def source_score(profile: ColumnProfile) -> tuple[float, str]:
    """Whether a column says how the feedback came in."""
    if not profile.filled or not profile.is_named(column_words().roles.sources):
        return 0, ""
    kinds = profile.values.unique().to_list()
    known = pl.Series([kind for kind in kinds if source_of(kind)], dtype=pl.String)
    share = float(profile.values.is_in(known.implode()).sum()) / profile.filled
    if share < _SOURCES:
        return 0, ""
    return share, f"named like a source, {share:.0%} of its values say review, survey, social or support"


def source_of(value: str | None) -> str | None:
    """Bring a value of a source column to one of ``SOURCES``; null where it is none of them."""
    words = column_words().source_words.items()
    return next((source for source, pattern in words if holds(slug(value), pattern)), None) if value else None


def guess_source(input_name: str, keys: Iterable[str]) -> tuple[str, str]:
    """Guess the source of a whole input by its file name, else by the keys of its columns; with the reason."""
    if source := source_of(input_name.split(".", maxsplit=1)[0]):
        return source, f"from the name {input_name!r}"
    named = list(keys)
    for source, pattern in column_words().source_columns.items():
        for key in named:
            if holds(key, pattern):
                return source, f"from the column {key!r}"
    return "review", "nothing says otherwise; set --source survey, social or support if it is"


def find_attributes(profiles: Sequence[ColumnProfile]) -> tuple[dict[str, str], dict[str, str]]:
    """Choose the columns that group customers among those without another part; chosen and left out, with reasons."""
    chosen: dict[str, ColumnProfile] = {}
    left_out: dict[str, str] = {}
    for profile in profiles:
        why_not = _why_not(profile)
        if why_not is not None:
            left_out[profile.name] = why_not
            continue
        alike = [other for other in chosen.values() if other.filled == profile.filled]
        twin = next((other for other in alike if (other.values == profile.values).all()), None)
        if twin is not None and len(profile.name) >= len(twin.name):
            left_out[profile.name] = f"holds the same as {twin.name!r}"
            continue
        if twin is not None:
            left_out[twin.name] = f"holds the same as {profile.name!r}"
            del chosen[twin.name]
        chosen[profile.name] = profile
    reasons = {name: f"groups customers: {each.distinct} values in the sample" for name, each in chosen.items()}
    return reasons, left_out


def _why_not(profile: ColumnProfile) -> str | None:
    """Say why a column groups nobody: the first of these reasons; null where it may."""
    words = column_words().attributes
    numeric = profile.numeric and not profile.binary and not profile.named(words.group_numbers)
    no_group = profile.named(words.never) or profile.links > _LINKS or profile.nested > _NESTED
    scattered = profile.distinct > _MOST_VALUES and (
        profile.distinct > _MOST_VALUES_COVERED or profile.coverage(_MOST_VALUES) < _COVERED
    )
    reasons = (
        (not profile.filled, "empty"),
        (profile.distinct == 1, f"one value only; use it all the same with --attribute {profile.name}"),
        (no_group, "an id, a link, contact data or a list"),
        (profile.is_named(words.person_names), "names of people"),
        (profile.named(words.derived), "made from a rating or a text, so it would only repeat it"),
        (profile.dates_likely, "a date, but not when the feedback was given"),
        (numeric, "numbers, not groups"),
        (profile.mean_words > _MOST_WORDS_OF_GROUP or profile.longest > _LONGEST, "texts, not groups"),
        (profile.filled < profile.rows * _LEAST_FILLED, "nearly empty"),
        (profile.distinct > max(2, profile.filled * _MOST_DISTINCT), "hardly any value comes twice"),
        (scattered, f"{profile.distinct} different values in the sample are too many for groups"),
    )
    return next((reason for holds, reason in reasons if holds), None)
