"""Which columns group customers: region, plan, department, version. Pure.

An attribute has few values, each carried by several records. Ids, links, dates, amounts and texts are no attributes,
and of two columns that say the same only one is kept.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textcx.readers.columns.profile import ColumnProfile

MOST_VALUES = 60
"""Different values an attribute may always have."""
MOST_VALUES_COVERED = 300
"""Different values it may have where ``MOST_VALUES`` of them cover ``COVERED`` of the records."""
COVERED = 0.8

_NEVER = (
    r"id|ids|uuid|guid|link|url|uri|href|image|img|photo|avatar|picture|email|e_mail|mail|phone|telephone|address|lat|lon|"
    r"latitude|longitude|zip|postcode|ip|hash|token|password|birth|dob|salary|iban|reply|replied|tags"
)
_PERSON_NAME = r"^(?:(?:first|last|full|sur|user|customer|author|reviewer)_?name|author|reviewer|user)$"
_NUMBERS_THAT_GROUP = r"version|year|quarter|tier|level|cohort|cluster|wave|store|branch|floor|class|band|grade|release"
_DERIVED = r"promoter|detractor|nps_group|nps_category|nps_segment|sentiment|polarity"


def find_attributes(profiles: Sequence[ColumnProfile]) -> tuple[dict[str, str], dict[str, str]]:
    """Find the columns that group customers.

    Args:
        profiles: Columns that play no other part, in the order of the file.

    Returns:
        Chosen columns with the reason, and columns left out with the reason.
    """
    chosen: dict[str, ColumnProfile] = {}
    left_out: dict[str, str] = {}
    for profile in profiles:
        why_not = _why_not(profile)
        if why_not is not None:
            left_out[profile.name] = why_not
            continue
        twin = next((other for other in chosen.values() if _same(profile, other)), None)
        if twin is None:
            chosen[profile.name] = profile
        elif len(profile.name) < len(twin.name):
            left_out[twin.name] = f"holds the same as {profile.name!r}"
            del chosen[twin.name]
            chosen[profile.name] = profile
        else:
            left_out[profile.name] = f"holds the same as {twin.name!r}"
    return {name: _reason(profile) for name, profile in chosen.items()}, left_out


def _why_not(profile: ColumnProfile) -> str | None:  # noqa: C901, PLR0911  one line per reason
    if not profile.filled:
        return "empty"
    if profile.distinct == 1:
        return f"one value only; use it all the same with --attribute {profile.name}"
    if profile.named(_NEVER) or profile.links > 0.3 or profile.nested > 0.3:  # noqa: PLR2004
        return "an id, a link, contact data or a list"
    if profile.named(_PERSON_NAME):
        return "names of people"
    if profile.named(_DERIVED):
        return "made from a rating or a text, so it would only repeat it"
    if profile.dates_likely:
        return "a date, but not when the feedback was given"
    if profile.numeric and not profile.binary and not profile.named(_NUMBERS_THAT_GROUP):
        return "numbers, not groups"
    if profile.mean_words > 8 or profile.longest > 120:  # noqa: PLR2004
        return "texts, not groups"
    if profile.filled < profile.rows * 0.02:
        return "nearly empty"
    if profile.distinct > max(2, profile.filled * 0.5):
        return "hardly any value comes twice"
    if profile.distinct > MOST_VALUES and (
        profile.distinct > MOST_VALUES_COVERED or profile.coverage(MOST_VALUES) < COVERED
    ):
        return f"{profile.distinct} different values in the sample are too many for groups"
    return None


def _reason(profile: ColumnProfile) -> str:
    return f"groups customers: {profile.distinct} values in the sample"


def _same(one: ColumnProfile, other: ColumnProfile) -> bool:
    return one.filled == other.filled and bool((one.values == other.values).all())
