"""How feedback came in: review, survey, social or support; told from values, column names or the file name. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

SOURCES = ("review", "survey", "social", "support")

_SIGNS: tuple[tuple[str, str], ...] = (
    (
        "support",
        r"support|tickets?|cases?|complaints?|chats?|calls?|call|phone|helpdesk|zendesk|intercom|emails?|e_mail",
    ),
    ("social", r"social|twitter|tweets?|x_com|facebook|instagram|reddit|forums?|tiktok|linkedin|mastodon|posts?"),
    (
        "survey",
        r"surveys?|nps|csat|ces|fft|questionnaires?|polls?|typeform|qualtrics|surveymonkey|interviews?|survey_answers?",
    ),
    (
        "review",
        r"reviews?|app_store|google_play|play_store|trustpilot|g2|capterra|yelp|tripadvisor|amazon|google|stars?",
    ),
)
_COLUMN_SIGNS = (
    ("support", r"ticket|ticket_id|case_id|case_number|complaint|sub_issue"),
    ("social", r"tweet|tweet_id|retweets?|retweet_count|hashtags?|followers"),
    ("survey", r"nps|csat|ces|fft|question|respondent|respondent_id|likely_to_recommend|likelihood|survey_id"),
    ("review", r"review|reviews|stars|star_rating|thumbs_up_count|overall_rating|reviewer"),
)


def source_of(value: str | None) -> str | None:
    """Bring a value of a source column to one of ``SOURCES``; null where it is none of them."""
    return _first_sign(value, _SIGNS) if value else None


def guess_source(input_name: str, keys: Iterable[str]) -> tuple[str, str]:
    """Guess the source of a whole input.

    Args:
        input_name: Name of the file.
        keys: Names of its columns, as lower-case words joined by "_".

    Returns:
        One of ``SOURCES``, and why.
    """
    stem = input_name.split(".", maxsplit=1)[0]
    if found := _first_sign(stem, _SIGNS):
        return found, f"from the name {input_name!r}"
    named = list(keys)
    for source, pattern in _COLUMN_SIGNS:
        for key in named:
            if re.search(rf"(?:^|_)(?:{pattern})(?:_|$)", key):
                return source, f"from the column {key!r}"
    return "review", "nothing says otherwise; set --source survey, social or support if it is"


def _first_sign(text: str, signs: Iterable[tuple[str, str]]) -> str | None:
    key = "_".join(re.findall(r"[^\W_]+", text.casefold()))
    return next((source for source, pattern in signs if re.search(rf"(?:^|_)(?:{pattern})(?:_|$)", key)), None)
