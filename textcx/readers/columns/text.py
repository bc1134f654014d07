"""Which columns hold customers' own words, and which of them belong together. Pure.

A column is found by what is in it first (long, varied, written by people) and by its name second. What somebody else
wrote, replies, product descriptions, names of places, is left out by the same two signs.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textcx.domain.feedback import TextColumn

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from textcx.readers.columns.profile import ColumnProfile

_BODY = frozenset(
    """
    review reviews text comment comments content body feedback verbatim answer response message remark remarks
    opinion narrative complaint tweet post suggestion suggestions description experience reason why detail details
    testimonial freetext impression statement
    """.split()  # noqa: SIM905  a list of words reads better as words
)
_TITLE = frozenset(
    """
    title headline subject summary heading
    """.split()  # noqa: SIM905  a list of words reads better as words
)
_PAIR = r"pros|cons|likes?|dislikes?|positives?|negatives?|strengths|weaknesses|advantages|disadvantages|best|worst"
_OTHERS = (
    r"reply|replies|replied|owner|developer|company|business|vendor|merchant|agent|staff|admin|moderator|product|item|"
    r"internal|system|template|translated|translation|clean|cleaned|processed|preprocessed|lemma|lemmatized|tokens|"
    r"stemmed|summary_ai|ai_summary|signature"
)
_NO_TEXT = frozenset(
    """
    id ids uuid guid url link image img photo avatar name author user username email mail phone date time at
    timestamp language lang country city address location type category tags tag label count number version sku
    code
    """.split()  # noqa: SIM905  a list of words reads better as words
)
_ASKING = re.compile(
    r"^(?:what|how|why|which|where|when|who|please|tell|describe|is|are|was|were|do|does|did|would|could|can|should|has|"
    r"have|if|any|share|explain|comment)_.+_|improve|_better$|went_well|went_wrong|(?:like|liked|enjoy|enjoyed)_(?:most|"
    r"best|least)|(?:most|least)_(?:like|liked|enjoyed)"
)


@dataclass(frozen=True, slots=True)
class TextChoice:
    """The text columns, why they were chosen, and columns of long text that were not."""

    text: tuple[TextColumn, ...]
    reason: str
    also: tuple[str, ...] = ()
    left_out: Mapping[str, str] | None = None


def asks(profile: ColumnProfile) -> bool:
    """Whether a column's name is the question its answers belong to."""
    if profile.name.rstrip().endswith("?"):
        return True
    if profile.numeric:
        return False
    return profile.named(_PAIR) or (len(profile.words) > 2 and _ASKING.search(profile.key) is not None)  # noqa: PLR2004


def question_of(profile: ColumnProfile) -> str | None:
    """The name of a column as a question, where it is one."""
    if not asks(profile):
        return None
    return profile.name if " " in profile.name else profile.name.replace("_", " ")


def is_question_column(profile: ColumnProfile) -> bool:
    """Whether a column says, row by row, which question was asked."""
    named = profile.words[-1] in {"question", "prompt"} or profile.key.endswith("question_text")
    return named and not profile.numeric and 0 < profile.distinct <= max(3, profile.filled // 2)


def choose_text(profiles: Sequence[ColumnProfile]) -> TextChoice | None:
    """Choose the columns of customers' words.

    Args:
        profiles: Columns that play no other part yet, in the order of the file.

    Returns:
        The choice; null where no column looks like text.
    """
    fit = [profile for profile in profiles if _is_words(profile)]
    left_out = {
        profile.name: "long text, but by its name not written by customers"
        for profile in profiles
        if profile not in fit and profile.filled and profile.mean_words > 4 and _by_others(profile)  # noqa: PLR2004
    }
    if not fit:
        return _fallback(profiles)
    primary = max(fit, key=_weight)
    chosen = [profile for profile in fit if profile is primary or _belongs(profile, primary)]
    chosen.sort(key=lambda profile: not _is_title(profile))
    also = tuple(p.name for p in fit if p not in chosen and p.mean_words > 4 and not _same_words(p, primary))  # noqa: PLR2004
    texts = tuple(TextColumn(profile.name, question_of(profile)) for profile in chosen)
    said = f"long and varied ({primary.mean_words:.0f} words on average, {primary.distinct} different in the sample)"
    if primary.words[-1] in _BODY or asks(primary):
        said += ", and named like text"
    if len(chosen) > 1:
        said += "; joined with " + ", ".join(repr(profile.name) for profile in chosen if profile is not primary)
    return TextChoice(texts, said, also, left_out)


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


def _is_words(profile: ColumnProfile) -> bool:  # noqa: PLR0911  one line per sign
    if not profile.filled or profile.numeric or profile.links > 0.3 or profile.nested > 0.5:  # noqa: PLR2004
        return False
    if profile.dates is not None and profile.dates.share > 0.5:  # noqa: PLR2004
        return False
    if _by_others(profile):
        return False
    said = profile.opinion >= 0.15  # noqa: PLR2004  names of places and products say nothing like this
    if profile.capitals > 0.6 and not said:  # noqa: PLR2004
        return False
    varied = profile.distinct >= profile.filled * 0.3 or profile.distinct >= 200  # noqa: PLR2004
    if _named_body(profile):
        return profile.mean_words >= 1 and (varied or profile.mean_words >= 3)  # noqa: PLR2004
    if _is_title(profile):
        return varied and profile.mean_words >= 1 and (said or profile.capitals < 0.3)  # noqa: PLR2004
    if profile.words[-1] in _NO_TEXT and not asks(profile):
        return False
    return varied and profile.mean_words >= (2 if asks(profile) else 4)


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
    return bool(ours) and len(ours & theirs) > len(ours) * 0.5


def _named_body(profile: ColumnProfile) -> bool:
    if _by_others(profile):
        return False
    words = [word for word in profile.words if not word.isdigit()]
    return bool(words) and words[-1] in _BODY


def _is_title(profile: ColumnProfile) -> bool:
    return profile.words[-1] in _TITLE and not asks(profile)


def _by_others(profile: ColumnProfile) -> bool:
    return not asks(profile) and profile.named(_OTHERS) and not profile.named("product_review|item_review")
