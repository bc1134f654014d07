"""How well a column fits a part: id, date, respondent, customer value, touchpoint, source. Pure.

Every function returns points and a reason: above 0 the column fits, below 0 it must not be used for anything and the
reason says why, 0 says nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from textcx.readers.columns.sources import source_of
from textcx.readers.values.cells import amounts

if TYPE_CHECKING:
    from textcx.readers.columns.profile import ColumnProfile

_UUID = r"(?i)^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"
_ID_OWN = (
    r"^(?:id|uuid|guid|record|key|(?:review|comment|response|record|feedback|answer|survey|submission|ticket|case|complaint|"
    r"post|tweet|message|entry|interview|row|unique|external|conversation)_(?:id|uuid|number|no|nr|key|ref))$"
)
_ID_SOME = r"id|uuid|guid|reference|ref|case_number|ticket_number"
_ID_OTHERS = (
    r"user|customer|respondent|author|reviewer|client|member|account|person|participant|patient|guest|employee|contact|"
    r"product|item|clothing|order|store|shop|hotel|listing|business|company|restaurant|movie|parent|asin|session|device|"
    r"app|category|brand|location|branch|agent|team|campaign|batch|file|thread"
)
_PERSON = (
    r"(?:user|customer|respondent|author|reviewer|client|member|account|person|participant|patient|guest|employee|contact|"
    r"subscriber|buyer|cust|panelist)"
)
_PERSON_ID = rf"^(?:{_PERSON}_(?:id|uuid|number|no|key|ref|hash)|{_PERSON}_?id)$"
_PERSON_NAME = rf"^(?:{_PERSON}|{_PERSON}_?name|nick_?name|screen_name|handle|e_?mail|{_PERSON}_e_?mail|full_name)$"
_DATE_BEST = (
    r"^(?:date|at|created|created_at|created_date|creation_date|submitted|submitted_at|submission_date|timestamp|datetime|"
    r"date_time|time|review_date|review_time|reviewed_at|date_of_review|feedback_date|response_date|survey_date|"
    r"answered_at|completed_at|posted|posted_at|post_date|published|published_at|date_submitted|date_created|"
    r"recorded_date|end_date|received|received_at|date_received|review_created_at)$"
)
_DATE_WORD = r"date|datetime|time|timestamp|day|month|created|submitted|posted|published|received|completed"
_DATE_OTHERS = (
    r"repl(?:y|ied)|birth|dob|visit|visited|updated|modified|edited|purchase|order|signup|joined|flown|stay|travel"
)
_VALUE = (
    r"customer_value|ltv|clv|cltv|lifetime_value|customer_lifetime_value|mrr|arr|revenue|annual_revenue|acv|contract_value|"
    r"annual_spend|total_spend|customer_spend|spend"
)
_TOUCHPOINT = (
    r"^(?:touch_?points?|contact_point|journey_stage|journey_step|interaction|interaction_type|customer_touchpoint)$"
)
_SOURCE = r"^(?:source|feedback_source|channel|feedback_channel|origin|platform|data_source|source_type|feedback_type)$"


def id_score(profile: ColumnProfile) -> tuple[float, str]:
    """Whether a column identifies the record (not the customer, not the product)."""
    if not profile.filled:
        return 0, ""
    unique = profile.distinct / profile.filled
    full = profile.filled >= profile.rows * 0.98
    if profile.name.startswith("column ") and _running(profile):
        return -1, "a running number without a name, so no lasting id"
    if profile.named(_ID_OWN) and unique >= 0.5 and full:  # noqa: PLR2004
        said = "unique" if profile.distinct == profile.filled else "nearly unique"
        return 3 + unique, f"named like an id, {said} in the sample"
    other = profile.named(_ID_OTHERS) or profile.dates_likely or profile.mean_words > 6  # noqa: PLR2004
    if profile.named(_ID_SOME) and unique >= 0.98 and full and not other:  # noqa: PLR2004
        return 2 + unique, "named like an id, unique in the sample"
    uuids = full and unique == 1 and bool(profile.values.str.contains(_UUID).all())
    return (1, "unique codes") if uuids and not other else (0, "")


def date_score(profile: ColumnProfile) -> tuple[float, str]:
    """Whether a column says when the feedback was given."""
    reading = profile.dates
    if reading is None or not profile.filled:
        named = profile.named(_DATE_BEST) and profile.filled and profile.named("date|timestamp|datetime|created_at")
        return (0.1, "named like a date, but not read as one") if named else (0, "")
    share = reading.share
    if profile.named(_DATE_OTHERS):
        return (-1, "a date, but not when the feedback was given") if share >= 0.5 else (0, "")  # noqa: PLR2004
    if profile.named(_DATE_BEST) and share >= 0.3:  # noqa: PLR2004
        return 4 + share + 0.1 * (
            profile.filled / profile.rows
        ), f"named like a date, {share:.0%} of the sample are dates"
    if profile.named(_DATE_WORD) and share >= 0.5:  # noqa: PLR2004
        return 2 + share, f"named like a date, {share:.0%} of the sample are dates"
    if share >= 0.95 and not profile.numeric:  # noqa: PLR2004
        return share, f"{share:.0%} of the sample are dates"
    return 0, ""


def respondent_score(profile: ColumnProfile) -> tuple[float, str]:
    """Whether a column says who answered."""
    by_id, by_name = profile.named(_PERSON_ID), profile.named(_PERSON_NAME)
    if not profile.filled or not (by_id or by_name):
        return 0, ""
    if profile.distinct == 1 and profile.filled > 1:
        return -1, "the same for everyone, so it tells nobody apart"
    if profile.distinct <= 5 < profile.filled * 0.1:  # noqa: PLR2004
        return 0, ""
    if profile.mean_words > 6:  # noqa: PLR2004
        return 0, ""
    kind = "an id" if by_id else "a name"
    return 2 if by_id else 1, f"named like {kind} of who answered; only a keyed hash of it is ever written"


def value_score(profile: ColumnProfile) -> tuple[float, str]:
    """Whether a column says what a customer is worth."""
    if not profile.filled or not profile.named(_VALUE):
        return 0, ""
    share = 1 - amounts(profile.values).null_count() / profile.filled
    if share < 0.8:  # noqa: PLR2004
        return 0, ""
    return 1 + share + 0.1 * len(profile.values), "named like customer value, and amounts"


def touchpoint_score(profile: ColumnProfile) -> tuple[float, str]:
    """Whether a column says where on the journey the contact happened."""
    if not profile.filled or profile.numeric or not profile.named(_TOUCHPOINT):
        return 0, ""
    return 1, "named like a touchpoint"


def source_score(profile: ColumnProfile) -> tuple[float, str]:
    """Whether a column says how the feedback came in."""
    if not profile.filled or not profile.named(_SOURCE):
        return 0, ""
    kinds = profile.values.unique().to_list()
    known = pl.Series([kind for kind in kinds if source_of(kind)], dtype=pl.String)
    share = float(profile.values.is_in(known.implode()).sum()) / profile.filled
    if share < 0.5:  # noqa: PLR2004
        return 0, ""
    return share, f"named like a source, {share:.0%} of its values say review, survey, social or support"


def _running(profile: ColumnProfile) -> bool:
    if not profile.numeric or not profile.whole or profile.distinct < profile.rows:
        return False
    steps = profile.numbers.diff().drop_nulls()
    return bool((steps > 0).all())
