"""Which columns are ratings, on which scale, and which end of it is good.

A name says what is measured, the values say on which scale; neither is enough alone. Counts, ages and prices are
numbers but no ratings. Every assumption about a scale is written down in the rating's ``note``, doubt in a warning.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from itertools import chain, count
from typing import TYPE_CHECKING

from textcx.domain.errors import BadSetting
from textcx.domain.feedback import RatingColumn, RatingKind
from textcx.domain.ratings import KINDS, check_scale
from textcx.readers.columns.profile import slug
from textcx.readers.words import column_words

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from textcx.readers.columns.profile import ColumnProfile

_FLAG = re.compile(
    r"(?P<name>[^=]+)=(?P<column>.+):(?P<low>-?\d+(?:\.\d+)?)-(?P<high>-?\d+(?:\.\d+)?)(?P<turned>:reversed)?$"
)
_FIRST = ("nps", "stars", "csat", "ces", "fft", "recommended")
"""Names of ratings, the most telling one first."""
_NPS, _CSAT, _CES, _STARS = RatingKind.NPS, RatingKind.CSAT, RatingKind.CES, RatingKind.STARS
_FIVE, _SEVEN, _TEN = 5, 7, 10
"""High ends of the scales that ratings without a declaration are read on; beyond, 0 to ``_HUNDRED``."""
_HUNDRED = 100
_FEWEST_CHOICES = 3
_SURE_ANSWERS = 30
"""Answers of which none is above 5 that prove a scale up to 5."""
_RARE_ZEROS = 0.1
"""Share of zeros among 1-5 below which they are how exports write "not rated"."""
_MIXED_ANSWERS, _MIXED_SHARE = 50, 0.8
"""Answers, and share of them within 1-5, from which a scale up to 10 counts as a mix of two."""


@dataclass(slots=True)
class RatingChoice:
    """Ratings with unique names, the most telling one first; doubts; and why numeric columns were not taken."""

    ratings: list[RatingColumn] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)
    zeros: dict[str, float] = field(default_factory=dict)  # columns on 1-5 with zeros, and their share of them


def parse_rating(flag: str) -> RatingColumn:
    """Read ``NAME=COLUMN:LOW-HIGH[:reversed]``, for example ``nps=How likely:0-10`` or ``fft=FFT answer:1-5:reversed``.

    The names nps, csat, ces and stars decide what is computed, any other name is the mean on its scale.

    Raises:
        BadSetting: If it is not of that form, the scale is empty, or NPS is not on 0-10.
    """
    found = _FLAG.match(flag.strip())
    if found is None:
        msg = (
            f"--rating {flag!r} is not NAME=COLUMN:LOW-HIGH or NAME=COLUMN:LOW-HIGH:reversed; "
            "for example --rating 'nps=How likely are you to recommend us:0-10'"
        )
        raise BadSetting(msg)
    name, low, high = found["name"].strip(), float(found["low"]), float(found["high"])
    if low >= high:
        msg = f"--rating {flag!r}: the low end {low:g} must be below the high {high:g}; add ':reversed' if low is good"
        raise BadSetting(msg)
    if not slug(name):
        msg = f"--rating {flag!r}: the name {name!r} needs a letter or a digit"
        raise BadSetting(msg)
    kind = RatingKind(slug(name)) if slug(name) in set(RatingKind) else RatingKind.SCALE
    if kind is not _NPS and KINDS[kind].only_scale and KINDS[kind].scale != (low, high):
        kind = RatingKind.SCALE
    turned = found["turned"] is not None
    rating = RatingColumn(slug(name), found["column"].strip(), kind, low, high, turned, note="as given by --rating")
    check_scale(rating)
    return rating


def find_ratings(profiles: Sequence[ColumnProfile], *, reserved: Collection[str], input_name: str) -> RatingChoice:
    """Find the ratings among columns; an input named like "nps.csv" makes its score a likelihood to recommend."""
    choice = RatingChoice()
    filled = [profile for profile in profiles if profile.filled]
    found = [_one(profile, choice, input_name=input_name) for profile in filled]
    choice.ratings = [rating for rating in found if rating is not None]
    if choice.zeros:
        listed = ", ".join(f"{column!r} ({share:.1%} zeros)" for column, share in choice.zeros.items())
        column = next(iter(choice.zeros))
        choice.warnings.append(
            f"read as 1-5 with 0 as 'not rated': {listed}. If 0 is an answer, say so, "
            f"for example --rating '{slug(column)}={column}:0-5'"
        )
    _name_the_overall(choice)
    _doubt_mixed_scales(profiles, choice)
    doubtful = {rating.column for rating in choice.ratings if rating.note and "doubtful" in rating.note}
    order = {name: position for position, name in enumerate(_FIRST)}
    choice.ratings.sort(key=lambda rating: (rating.column in doubtful, order.get(rating.name, len(order))))
    choice.ratings = unique_ratings(choice.ratings, reserved=reserved)
    return choice


def unique_ratings(ratings: Sequence[RatingColumn], *, reserved: Collection[str]) -> list[RatingColumn]:
    """Give ratings names that are unique and not reserved ("label" becomes "label_rating", a second "nps" "nps_2")."""
    used: set[str] = set()
    named = []
    for rating in ratings:
        base = f"{rating.name}_rating" if rating.name.casefold() in reserved else rating.name
        named.append(replace(rating, name=unused_name(base, used)))
        used.add(named[-1].name.casefold())
    return named


def unused_name(base: str, used: Collection[str]) -> str:
    """The name, numbered from 2 on where it is among the used ones (in lower case)."""
    numbered = (f"{base}_{copy}" for copy in count(2))
    return next(name for name in chain([base], numbered) if name.casefold() not in used)


def _one(profile: ColumnProfile, choice: RatingChoice, *, input_name: str) -> RatingColumn | None:
    words = column_words().ratings
    if profile.binary and profile.named(words.recommended):
        return _rating(profile, "recommended", RatingKind.SCALE, (0, 1), note="yes or no, read as 1 and 0")
    if not profile.numeric:
        return None
    if profile.named(words.fft) and profile.whole and profile.low >= 1 and profile.high <= _SEVEN:
        return _friends_and_family(profile, choice)
    why_not = _why_not(profile)
    if why_not is not None:
        choice.left_out[profile.name] = why_not
        return None
    return _asked(profile, choice, input_name=input_name) if _is_asked(profile) else None


def _is_asked(profile: ColumnProfile) -> bool:
    return any(profile.named(pattern) for pattern in column_words().ratings.kinds.values())


def _is_of(profile: ColumnProfile, kind: str) -> bool:
    return profile.named(column_words().ratings.kinds[kind])


def _why_not(profile: ColumnProfile) -> str | None:
    words = column_words().ratings
    if profile.named(words.numbers) and not profile.named(words.certain):
        ids = profile.named(words.ids)
        return "an id by its name" if ids else "by its name a count or an amount, not a rating"
    is_question = _is_asked(profile)
    if is_question and (profile.low < 0 or profile.high > _HUNDRED):
        return f"values from {profile.low:g} to {profile.high:g} fit no rating scale"
    whole = profile.whole and profile.low >= 1 and profile.distinct >= _FEWEST_CHOICES
    if not is_question and whole and _FEWEST_CHOICES <= profile.high <= _TEN:
        return (
            f"numbers {profile.low:g} to {profile.high:g}, but not named like a rating; "
            f"if it is one, give --rating 'NAME={profile.name}:LOW-HIGH'"
        )
    return None


def _asked(profile: ColumnProfile, choice: RatingChoice, *, input_name: str) -> RatingColumn:
    named = profile.named("score|rating") and "nps" in slug(input_name).split("_")
    nps_file = named and profile.high > _FIVE
    if (_is_of(profile, _NPS) or nps_file) and profile.whole and profile.high <= _TEN:
        return _likelihood(profile, choice)
    if _is_of(profile, _CES) and profile.high <= _SEVEN:
        return _effort(profile, choice)
    if _is_of(profile, _CSAT) and profile.high <= _FIVE:
        low, missing, note = _five(profile, choice)
        return _rating(profile, _CSAT, _CSAT, (low, _FIVE), note=f"satisfaction on 1-5{note}", missing=missing)
    for kind, facts in KINDS.items():
        if kind in {_NPS, _CES, _CSAT, _STARS} or facts.scale is None or not _is_of(profile, kind):
            continue
        low, high = facts.scale
        if low <= profile.low <= profile.high <= high:
            return _rating(profile, kind, kind, facts.scale, note=f"{facts.title} on {low:g}-{high:g}")
    return _graded(profile, choice)


def _graded(profile: ColumnProfile, choice: RatingChoice) -> RatingColumn:
    name = slug(profile.key.replace("_", " "))
    low: float = 0 if profile.low < 1 else 1
    missing: tuple[float, ...] = ()
    note = ""
    if profile.high <= _FIVE:
        high = _FIVE
        low, missing, note = _five(profile, choice)
    elif profile.high <= _SEVEN and _is_of(profile, _CSAT):
        low, high = 1, _SEVEN
    elif profile.high <= _TEN:
        high = _TEN
    else:
        low, high = 0, _HUNDRED
    start = 1 if high == _FIVE else low
    note = f"values fit {start}-{high}{note}"
    return _rating(profile, name, RatingKind.SCALE, (low, high), note=note, missing=missing)


def _likelihood(profile: ColumnProfile, choice: RatingChoice) -> RatingColumn:
    if profile.high <= _FIVE and profile.filled >= _SURE_ANSWERS:
        choice.warnings.append(
            f"{profile.name!r} is named like likelihood to recommend, but no value is above 5: read as a 1-5 scale, "
            f"not as NPS; if it is asked on 0-10, give --rating 'nps={profile.name}:0-10'"
        )
        scale = (0 if profile.low < 1 else 1, _FIVE)
        return _rating(profile, "recommend", RatingKind.SCALE, scale, note="values fit 1-5")
    note = "whole numbers within 0-10, named likelihood to recommend"
    return _rating(profile, _NPS, _NPS, (0, _TEN), note=note)


def _effort(profile: ColumnProfile, choice: RatingChoice) -> RatingColumn:
    if profile.named("effort") and not profile.named(column_words().ratings.easy):
        choice.warnings.append(
            f"{profile.name!r} is read with the high end as easy (good); if the high end is much effort, "
            f"give --rating 'ces={profile.name}:1-7:reversed'"
        )
    if profile.high <= _FIVE and profile.filled >= _SURE_ANSWERS:
        note = "values fit 1-5, so it is not on the CES scale 1-7"
        return _rating(profile, "effort", RatingKind.SCALE, (1, _FIVE), note=note)
    return _rating(profile, _CES, _CES, (1, _SEVEN), note="ease or effort on 1-7, 7 = easy")


def _friends_and_family(profile: ColumnProfile, choice: RatingChoice) -> RatingColumn:
    choice.warnings.append(
        f"{profile.name!r} is read by the convention of the NHS Friends and Family Test: 1 = very good to "
        f"5 = very poor, 6 = don't know, 7 = no answer; the numbers alone do not say so. "
        f"For the other direction give --rating 'fft={profile.name}:1-5'"
    )
    note = "Friends and Family Test: 1 = very good to 5 = very poor, so low is good; 6 and 7 count as no answer"
    rating = _rating(profile, "fft", RatingKind.SCALE, (1, _FIVE), note=note, missing=(6.0, 7.0))
    return replace(rating, reversed=True)


def _five(profile: ColumnProfile, choice: RatingChoice) -> tuple[float, tuple[float, ...], str]:
    """Low end of a scale up to 5, and whether its zeros are missing answers."""
    if profile.low >= 1:
        return 1, (), ""
    zeros = float((profile.numbers < 1).sum()) / profile.filled
    if profile.whole and zeros < _RARE_ZEROS:
        choice.zeros[profile.name] = zeros
        return 1, (0.0,), ", 0 counts as not rated"
    return 0, (), ", from 0"


def _name_the_overall(choice: RatingChoice) -> None:
    """Call the overall 1-5 rating "stars": the one whose name says so, or the only one there is."""
    overall = column_words().ratings.overall
    graded = [
        rating
        for rating in choice.ratings
        if rating.kind is RatingKind.SCALE
        and (rating.low, rating.high) == KINDS[_STARS].scale
        and not rating.reversed
        and rating.name not in {"recommend", "effort"}
    ]
    named = sorted((rating for rating in graded if rating.name in overall), key=lambda one: overall.index(one.name))
    alone = len(graded) == 1 and not {rating.name for rating in choice.ratings} & set(overall)
    best = next(iter(named or (graded if alone else ())), None)
    if best is not None:
        stars = replace(best, name=_STARS.value, kind=_STARS, note=f"the overall rating, {best.note}")
        choice.ratings[choice.ratings.index(best)] = stars


def _doubt_mixed_scales(profiles: Sequence[ColumnProfile], choice: RatingChoice) -> None:
    """Mark ratings up to 10 whose values nearly all lie within 1-5: two scales in one column."""
    by_name = {profile.name: profile for profile in profiles}
    for position, rating in enumerate(choice.ratings):
        if rating.kind is not RatingKind.SCALE or rating.high != _TEN:
            continue
        values = by_name[rating.column].numbers
        within = float((values <= _FIVE).sum()) / len(values)
        if len(values) < _MIXED_ANSWERS or within < _MIXED_SHARE or values.mode().min() == rating.low:
            continue
        better = any(other.name == "recommended" for other in choice.ratings)
        choice.warnings.append(
            f"{rating.column!r} seems to mix two scales: {within:.0%} of its values lie within 1-5, the others up to "
            f"10. It is read as 1-10, which makes the 1-5 answers look worse than they are: its numbers are doubtful"
            + (", look at 'recommended' first" if better else "")
        )
        choice.ratings[position] = replace(rating, low=1, note="doubtful: mixes a 1-5 and a 1-10 scale, read as 1-10")


def _rating(
    profile: ColumnProfile,
    name: str,
    kind: RatingKind,
    scale: tuple[float, float],
    *,
    note: str,
    missing: tuple[float, ...] = (),
) -> RatingColumn:
    return RatingColumn(str(name), profile.name, kind, float(scale[0]), float(scale[1]), missing=missing, note=note)
