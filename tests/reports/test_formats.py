"""Numbers and names as people read them."""

from __future__ import annotations

import math
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from textcx.reports import formats

DASH = "\N{EN DASH}"


def ascii_only(text: str) -> str:
    return text.replace(formats.MINUS, "-").replace(formats.SPACE, " ")


@pytest.mark.parametrize(
    ("value", "written"),
    [(1234, "1,234"), (0, "0"), (None, DASH), (math.nan, DASH), (12.0, "12")],
)
def test_counts_have_thousands_separators_and_unknown_ones_a_dash(value: float | None, written: str) -> None:
    assert formats.count(value) == written


@pytest.mark.parametrize(
    ("first", "last", "written"),
    [
        ((2026, 5, 3), (2026, 5, 3), "on 3 May 2026"),
        ((2026, 5, 3), (2026, 5, 5), "from 3 to 5 May 2026"),
        ((2026, 4, 28), (2026, 5, 2), "from 28 Apr to 2 May 2026"),
        ((2025, 12, 28), (2026, 1, 2), "from 28 Dec 2025 to 2 Jan 2026"),
        ((2025, 5, 3), (2026, 5, 3), "from 3 May 2025 to 3 May 2026"),
    ],
)
def test_a_stretch_of_days_repeats_no_month_and_no_year(
    first: tuple[int, int, int], last: tuple[int, int, int], written: str
) -> None:
    assert formats.stretch(datetime(*first, tzinfo=UTC), datetime(*last, 23, 59, tzinfo=UTC)) == written


@pytest.mark.parametrize(
    ("share", "written"),
    [(0.12, "12 %"), (0.004, "0.4 %"), (0.0004, "<0.1 %"), (0, "0 %"), (1, "100 %"), (0.996, "99.6 %"), (None, DASH)],
)
def test_shares_are_percent_and_never_rounded_to_nothing_or_all(share: float | None, written: str) -> None:
    assert ascii_only(formats.percent(share)) == written


@pytest.mark.parametrize(("value", "written"), [(-0.314, "-0.31"), (0.5, "+0.50"), (0.001, "0.00"), (-0.001, "0.00")])
def test_polarity_carries_its_sign_and_zero_has_none(value: float, written: str) -> None:
    assert ascii_only(formats.polarity(value)) == written


@pytest.mark.parametrize(
    ("value", "unit", "written"),
    [(12.4, "points", "+12"), (-3.0, "points", "-3"), (71.2, "percent", "71 %"), (3.417, "stars", "3.42")],
)
def test_a_rating_is_written_in_its_unit(value: float, unit: str, written: str) -> None:
    assert ascii_only(formats.rating(value, unit)) == written


@pytest.mark.parametrize(
    ("unit", "ends", "turned"),
    [
        ("points", (-100, 100), False),
        ("stars", (1, 5), False),
        ("scale 1..7", (1, 7), False),
        ("scale 1..5 (1 is best)", (1, 5), True),
        ("unheard of", None, False),
    ],
)
def test_a_unit_tells_the_ends_of_its_scale_and_which_is_best(
    unit: str,
    ends: tuple[float, float] | None,
    turned: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    assert formats.scale_of(unit) == ends
    assert formats.low_is_best(unit) is turned


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("2026-03", "Mar 2026"),
        ("2026-W05", "week 5, 2026"),
        ("2026-Q2", "Q2 2026"),
        ("2026-03-14", "14 Mar 2026"),
        ("2026-99-99", "2026-99-99"),
        ("", DASH),
    ],
)
def test_periods_read_like_dates(name: str, written: str) -> None:
    assert formats.period(name) == written


def test_stages_of_an_edited_taxonomy_read_as_their_id() -> None:
    assert formats.stage_name("delivery") == "Delivery and onboarding"
    assert formats.stage_name("after_party") == "After party"
    assert formats.stage_name(None) == "Stage unknown"


def test_a_day_is_written_with_the_month_in_letters() -> None:
    assert formats.day(datetime(2026, 3, 4, 23, tzinfo=UTC)) == "4 Mar 2026"


@given(st.text(max_size=300), st.integers(min_value=2, max_value=80))
def test_a_clipped_text_is_never_longer_than_asked_and_begins_like_the_whole(text: str, length: int) -> None:
    short = formats.clip(text, length)
    assert len(short) <= length
    assert short == text or text.startswith(short.removesuffix("…"))


@given(st.one_of(st.none(), st.floats(-1e12, 1e12), st.sampled_from([math.nan, math.inf, -math.inf])))
def test_no_number_ever_reads_nan_inf_or_none(value: float | None) -> None:
    written = [formats.count(value), formats.percent(value), formats.polarity(value), formats.rating(value, "stars")]
    written += [formats.q_value(value), formats.severity_words(value), formats.effect(value, "points")]
    written.append(formats.interval({"ci_low": value, "ci_high": value}, formats.percent))
    assert not any(word in text for text in written for word in ("nan", "inf", "None"))
