"""Which columns are ratings, on which scale, and which end of it is good. Pure.

A name says what is measured, the values say on which scale; neither is enough alone. Counts, ages and prices are
numbers but no ratings. Every assumption about a scale is written down in the rating's ``note``, doubt in a warning.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from textcx.domain.errors import BadSetting
from textcx.domain.feedback import RatingColumn, RatingKind

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from textcx.readers.columns.profile import ColumnProfile

_FLAG = re.compile(
    r"(?P<name>[^=]+)=(?P<column>.+):(?P<low>-?\d+(?:\.\d+)?)-(?P<high>-?\d+(?:\.\d+)?)(?P<turned>:reversed)?$"
)
_NO_RATING = (
    r"count|counts|helpful|helpfulness|votes?|upvotes|downvotes|likes|thumbs|thumbs_up|retweets|shares|age|year|month|day|"
    r"week|id|ids|index|number|no|num|quantity|qty|price|amount|cost|revenue|value|mrr|arr|ltv|clv|total|zip|postcode|lat|"
    r"lon|latitude|longitude|phone|duration|minutes|seconds|hours|rank|size|length|version|tenure|date|time"
)
_NPS = r"nps|net_promoter|net_promoter_score|likelihood|likely|recommend|recommend_us|would_recommend|ltr"
_RECOMMENDED = r"recommend\w*|would_recommend\w*"
_FFT = r"fft|friends_and_family|friends_family"
_CSAT = r"csat|satisfaction|satisfied|sat_score"
_CES = r"ces|effort|ease|easy|easily"
_STARS = r"stars?|rating|ratings|rate|rated|score|overall|grade"
_ASKED = f"{_NPS}|{_CSAT}|{_CES}|{_STARS}"
_OVERALL = (
    "stars", "star_rating", "rating", "overall_rating", "overall", "review_rating", "review_score", "score",
    "rating_overall", "overall_score", "review_stars", "rating_value", "reviews_rating", "user_rating",
)  # fmt: skip
_FIRST = ("nps", "stars", "csat", "ces", "fft", "recommended")
_KINDS = {
    "nps": (RatingKind.NPS, 0, 10),
    "csat": (RatingKind.CSAT, 1, 5),
    "ces": (RatingKind.CES, 1, 7),
    "stars": (RatingKind.STARS, 1, 5),
}


@dataclass(slots=True)
class RatingChoice:
    """Ratings, the most telling one first; doubts; and why numeric columns were not taken for ratings."""

    ratings: list[RatingColumn] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)
    zeros: dict[str, float] = field(default_factory=dict)  # columns on 1-5 and their share of zeros


def parse_rating(flag: str) -> RatingColumn:
    """Read ``NAME=COLUMN:LOW-HIGH[:reversed]``.

    Args:
        flag: For example ``nps=How likely:0-10`` or ``fft=FFT answer:1-5:reversed``. The names nps, csat, ces and stars
            decide what is computed, any other name is the mean on its scale.

    Returns:
        The rating.

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
    kind, *scale = _KINDS.get(slug(name), (RatingKind.SCALE, low, high))
    if kind is RatingKind.NPS and scale != [low, high]:
        msg = f"--rating {flag!r}: NPS is asked on 0-10, not {low:g}-{high:g}; give another scale another name"
        raise BadSetting(msg)
    if kind is not RatingKind.CSAT and scale != [low, high]:
        kind = RatingKind.SCALE
    turned = found["turned"] is not None
    return RatingColumn(slug(name), found["column"].strip(), kind, low, high, turned, note="as given by --rating")


def slug(name: str) -> str:
    """A column's name as a rating's name: lower-case words joined by "_"."""
    return "_".join(re.findall(r"[^\W_]+", name.casefold()))


def find_ratings(profiles: Sequence[ColumnProfile], *, reserved: Collection[str], input_name: str) -> RatingChoice:
    """Find the ratings among columns.

    Args:
        profiles: Columns that play no other part yet, in the order of the file.
        reserved: Names a rating must not take, in lower case.
        input_name: Name of the input; "nps.csv" makes its score a likelihood to recommend.

    Returns:
        The ratings with unique names, the most telling one first.
    """
    choice = RatingChoice()
    for profile in profiles:
        if not profile.filled or not (profile.numeric or profile.binary):
            continue
        rating = _one(profile, choice, input_name=input_name)
        if rating is not None:
            choice.ratings.append(rating)
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
        name, copy = base, 2
        while name.casefold() in used:
            name, copy = f"{base}_{copy}", copy + 1
        used.add(name.casefold())
        named.append(replace(rating, name=name))
    return named


def _one(profile: ColumnProfile, choice: RatingChoice, *, input_name: str) -> RatingColumn | None:
    if profile.binary and profile.named(_RECOMMENDED):
        return _rating(profile, "recommended", RatingKind.SCALE, (0, 1), note="yes or no, read as 1 and 0")
    if not profile.numeric:
        return None
    if profile.named(_FFT) and _codes(profile, 7):
        return _friends_and_family(profile, choice)
    why_not = _why_not(profile)
    if why_not is not None:
        choice.left_out[profile.name] = why_not
        return None
    return _asked(profile, choice, input_name=input_name) if profile.named(_ASKED) else None


def _why_not(profile: ColumnProfile) -> str | None:
    if profile.named(_NO_RATING) and not profile.named("nps|csat|ces|stars?|rating|star_rating|satisfaction"):
        other = profile.named("id|ids|index|number|no|num|zip|postcode|phone")
        return "an id by its name" if other else "by its name a count or an amount, not a rating"
    if profile.named(_ASKED) and (profile.low < 0 or profile.high > 100):  # noqa: PLR2004  beyond every survey's scale
        return f"values from {profile.low:g} to {profile.high:g} fit no rating scale"
    scale_like = profile.whole and profile.low >= 1 and 3 <= profile.high <= 10 and profile.distinct > 2  # noqa: PLR2004
    if not profile.named(_ASKED) and scale_like:
        return (
            f"numbers {profile.low:g} to {profile.high:g}, but not named like a rating; "
            f"if it is one, give --rating 'NAME={profile.name}:LOW-HIGH'"
        )
    return None


def _asked(profile: ColumnProfile, choice: RatingChoice, *, input_name: str) -> RatingColumn:
    nps_file = "nps" in slug(input_name).split("_") and profile.named("score|rating") and profile.high > 5  # noqa: PLR2004
    if (profile.named(_NPS) or nps_file) and profile.whole and profile.high <= 10:  # noqa: PLR2004
        return _likelihood(profile, choice)
    if profile.named(_CES) and profile.high <= 7:  # noqa: PLR2004
        return _effort(profile, choice)
    if profile.named(_CSAT) and profile.high <= 5:  # noqa: PLR2004
        low, missing, note = _five(profile, choice)
        return _rating(profile, "csat", RatingKind.CSAT, (low, 5), note=f"satisfaction on 1-5{note}", missing=missing)
    return _graded(profile, choice)


def _graded(profile: ColumnProfile, choice: RatingChoice) -> RatingColumn:
    name = slug(profile.key.replace("_", " "))
    if profile.high <= 5:  # noqa: PLR2004
        low, missing, note = _five(profile, choice)
        return _rating(profile, name, RatingKind.SCALE, (low, 5), note=f"values fit 1-5{note}", missing=missing)
    if profile.high <= 7 and profile.named(_CSAT):  # noqa: PLR2004
        return _rating(profile, name, RatingKind.SCALE, (1, 7), note="values fit 1-7")
    low, high = (0 if profile.low < 1 else 1, 10) if profile.high <= 10 else (0, 100)  # noqa: PLR2004
    return _rating(profile, name, RatingKind.SCALE, (low, high), note=f"values fit {low}-{high}")


def _likelihood(profile: ColumnProfile, choice: RatingChoice) -> RatingColumn:
    if profile.high <= 5 and profile.filled >= 30:  # noqa: PLR2004  thirty answers, none above 5
        choice.warnings.append(
            f"{profile.name!r} is named like likelihood to recommend, but no value is above 5: read as a 1-5 scale, "
            f"not as NPS; if it is asked on 0-10, give --rating 'nps={profile.name}:0-10'"
        )
        return _rating(profile, "recommend", RatingKind.SCALE, (0 if profile.low < 1 else 1, 5), note="values fit 1-5")
    return _rating(
        profile, "nps", RatingKind.NPS, (0, 10), note="whole numbers within 0-10, named likelihood to recommend"
    )


def _effort(profile: ColumnProfile, choice: RatingChoice) -> RatingColumn:
    if profile.named("effort") and not profile.named("ease|easy|easily"):
        choice.warnings.append(
            f"{profile.name!r} is read with the high end as easy (good); if the high end is much effort, "
            f"give --rating 'ces={profile.name}:1-7:reversed'"
        )
    if profile.high <= 5 and profile.filled >= 30:  # noqa: PLR2004
        return _rating(
            profile, "effort", RatingKind.SCALE, (1, 5), note="values fit 1-5, so it is not on the CES scale 1-7"
        )
    return _rating(profile, "ces", RatingKind.CES, (1, 7), note="ease or effort on 1-7, 7 = easy")


def _friends_and_family(profile: ColumnProfile, choice: RatingChoice) -> RatingColumn:
    choice.warnings.append(
        f"{profile.name!r} is read by the convention of the NHS Friends and Family Test: 1 = very good to "
        f"5 = very poor, 6 = don't know, 7 = no answer; the numbers alone do not say so. "
        f"For the other direction give --rating 'fft={profile.name}:1-5'"
    )
    note = "Friends and Family Test: 1 = very good to 5 = very poor, so low is good; 6 and 7 count as no answer"
    return replace(_rating(profile, "fft", RatingKind.SCALE, (1, 5), note=note, missing=(6.0, 7.0)), reversed=True)


def _five(profile: ColumnProfile, choice: RatingChoice) -> tuple[float, tuple[float, ...], str]:
    """Low end of a scale up to 5, and whether its zeros are missing answers."""
    if profile.low >= 1:
        return 1, (), ""
    zeros = float((profile.numbers < 1).sum()) / profile.filled
    if profile.whole and zeros < 0.1:  # noqa: PLR2004  rare zeros among 1-5 are how exports write "not rated"
        choice.zeros[profile.name] = zeros
        return 1, (0.0,), ", 0 counts as not rated"
    return 0, (), ", from 0"


def _name_the_overall(choice: RatingChoice) -> None:
    """Call the overall 1-5 rating "stars": the one whose name says so, or the only one there is."""
    graded = [r for r in choice.ratings if r.kind is RatingKind.SCALE and (r.low, r.high) == (1, 5) and not r.reversed]
    graded = [rating for rating in graded if rating.name not in ("recommend", "effort")]
    known = [rating for rating in graded if rating.name in _OVERALL]
    best = min(known, key=lambda rating: _OVERALL.index(rating.name)) if known else None
    others = {rating.name for rating in choice.ratings}
    if best is None and len(graded) == 1 and not others & set(_OVERALL):
        best = graded[0]
    if best is not None:
        named = replace(best, name="stars", kind=RatingKind.STARS, note=f"the overall rating, {best.note}")
        choice.ratings[choice.ratings.index(best)] = named


def _doubt_mixed_scales(profiles: Sequence[ColumnProfile], choice: RatingChoice) -> None:
    """Mark ratings up to 10 whose values nearly all lie within 1-5: two scales in one column."""
    by_name = {profile.name: profile for profile in profiles}
    for position, rating in enumerate(choice.ratings):
        if rating.kind is not RatingKind.SCALE or rating.high != 10:  # noqa: PLR2004
            continue
        values = by_name[rating.column].numbers
        within = float((values <= 5).sum()) / len(values)  # noqa: PLR2004
        if len(values) < 50 or within < 0.8 or values.mode().min() == rating.low:  # noqa: PLR2004
            continue
        better = next((other.name for other in choice.ratings if other.name == "recommended"), None)
        choice.warnings.append(
            f"{rating.column!r} seems to mix two scales: {within:.0%} of its values lie within 1-5, the others up to "
            f"10. It is read as 1-10, which makes the 1-5 answers look worse than they are: its numbers are doubtful"
            + (f", look at {better!r} first" if better else "")
        )
        choice.ratings[position] = replace(rating, low=1, note="doubtful: mixes a 1-5 and a 1-10 scale, read as 1-10")


def _codes(profile: ColumnProfile, high: int) -> bool:
    return profile.whole and profile.low >= 1 and profile.high <= high


def _rating(
    profile: ColumnProfile,
    name: str,
    kind: RatingKind,
    scale: tuple[float, float],
    *,
    note: str,
    missing: tuple[float, ...] = (),
) -> RatingColumn:
    return RatingColumn(name, profile.name, kind, float(scale[0]), float(scale[1]), missing=missing, note=note)
