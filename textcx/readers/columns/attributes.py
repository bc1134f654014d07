"""Which columns group customers: region, plan, department, version.

An attribute has few values, each carried by several records. Ids, links, dates, amounts and texts are no attributes,
and of two columns that say the same only one is kept.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from textcx.readers.words import column_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textcx.readers.columns.profile import ColumnProfile

MOST_VALUES = 60
"""Different values an attribute may always have."""
MOST_VALUES_COVERED = 300
"""Different values it may have where ``MOST_VALUES`` of them cover ``COVERED`` of the records."""
COVERED = 0.8

_LINKS = _NESTED = 0.3
"""Share of links, or of lists and objects, above which a column groups nobody."""
_MOST_WORDS = 8
_LONGEST = 120
_LEAST_FILLED = 0.02
_MOST_DISTINCT = 0.5


def find_attributes(profiles: Sequence[ColumnProfile]) -> tuple[dict[str, str], dict[str, str]]:
    """Choose the columns that group customers among those without another part; chosen and left out, with reasons."""
    chosen: dict[str, ColumnProfile] = {}
    left_out: dict[str, str] = {}
    for profile in profiles:
        why_not = _why_not(profile)
        if why_not is not None:
            left_out[profile.name] = why_not
            continue
        twin = next((other for other in chosen.values() if _same(profile, other)), None)
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
    scattered = profile.distinct > MOST_VALUES and (
        profile.distinct > MOST_VALUES_COVERED or profile.coverage(MOST_VALUES) < COVERED
    )
    reasons = (
        (not profile.filled, "empty"),
        (profile.distinct == 1, f"one value only; use it all the same with --attribute {profile.name}"),
        (no_group, "an id, a link, contact data or a list"),
        (profile.is_named(words.person_names), "names of people"),
        (profile.named(words.derived), "made from a rating or a text, so it would only repeat it"),
        (profile.dates_likely, "a date, but not when the feedback was given"),
        (numeric, "numbers, not groups"),
        (profile.mean_words > _MOST_WORDS or profile.longest > _LONGEST, "texts, not groups"),
        (profile.filled < profile.rows * _LEAST_FILLED, "nearly empty"),
        (profile.distinct > max(2, profile.filled * _MOST_DISTINCT), "hardly any value comes twice"),
        (scattered, f"{profile.distinct} different values in the sample are too many for groups"),
    )
    return next((reason for holds, reason in reasons if holds), None)


def _same(one: ColumnProfile, other: ColumnProfile) -> bool:
    return one.filled == other.filled and bool((one.values == other.values).all())
