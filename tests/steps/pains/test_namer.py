"""A title from a language model takes the place of ours only where it fits the same members as well."""

from __future__ import annotations

import polars as pl
import pytest
from fakes import FakeEncoder, FakeNamer, FakePhraseFinder
from languages import ENGLISH
from polars.testing import assert_frame_equal

from textcx.domain.tables import MENTIONS, empty
from textcx.steps.matters import encoded_matters
from textcx.steps.pains.find import find_pains
from textcx.steps.pains.group import LEAST_FIT, group_pains, pain_point_id

ENCODER = FakeEncoder()
KNOWN = (("Parcel late", "Delivery times"), ("Waiter rude", "Manners of waiters"))
TEXTS = [
    *(f"The parcel came late on {day}." for day in ("Monday", "Tuesday", "Friday", "Sunday")),
    *(f"The waiter was rude on {day}." for day in ("Monday", "Tuesday", "Friday")),
]


def points(namer: FakeNamer | None) -> pl.DataFrame:
    size = len(TEXTS)
    segments = pl.DataFrame({
        "segment_id": [f"r{n}:0-{len(text)}" for n, text in enumerate(TEXTS)],
        "record_id": [f"r{n}" for n in range(size)], "respondent_id": [None] * size, "start": [0] * size,
        "end": [len(text) for text in TEXTS], "text": TEXTS, "p_pain": [0.9] * size, "p_request": [0.0] * size,
        "p_negative": [0.7] * size, "p_positive": [0.1] * size, "stage": ["use"] * size, "counted": [True] * size,
    }, schema_overrides={"respondent_id": pl.String})  # fmt: skip
    found, _ = group_pains(
        find_pains(segments, phrases=FakePhraseFinder(), lexicon=ENGLISH.pains), segments,
        empty(MENTIONS), ENCODER.encode(TEXTS).matters,
        matters=encoded_matters(KNOWN, ENCODER, ENGLISH.naming), encoder=ENCODER, language=ENGLISH, namer=namer,
    )  # fmt: skip
    return found.sort("pain_point_id")


def test_a_title_that_fits_stands_and_the_id_stays_that_of_the_title_the_pains_were_filed_under() -> None:
    namer = FakeNamer({"parcel": ["volcanoes and lava", "late parcel came"], "waiter": ["Waiter rude"]})
    before, after = points(None), points(namer)
    assert dict(after.select("pain_point_id", "title").iter_rows()) == {
        pain_point_id("Parcel late"): "Late parcel came",
        pain_point_id("Waiter rude"): "Waiter rude",
    }
    assert after["fit"].min() >= LEAST_FIT
    assert namer.accepted == 2
    assert_frame_equal(before.drop("title", "fit"), after.drop("title", "fit"))


def test_only_the_quotes_that_are_shown_are_shown_to_it() -> None:
    namer = FakeNamer()
    found = points(namer)
    quotes = [[quote["quote"] for quote in evidence] for evidence in found["evidence"]]
    assert sorted(namer.shown) == sorted(quotes)


@pytest.mark.parametrize(
    "title",
    [
        "Volcanoes and lava", "Parcel 3 days late", "The parcel came \u2588\u2588\u2588 late", "Parcel fucking late",
        "Parcel", "They bring my parcel late", "The parcel came late and late and late again", "<b>Parcel late</b>", "",
        "Waiter rude, parcel", "Rude waiter",
    ],
)  # fmt: skip
def test_a_title_that_does_not_fit_or_may_not_be_printed_or_is_of_another_changes_nothing(title: str) -> None:
    namer = FakeNamer({"parcel": [title]})
    assert_frame_equal(points(namer), points(None))
    assert namer.accepted == 0


def test_two_pain_points_never_get_one_title() -> None:
    namer = FakeNamer(
        {"came": ["Late parcel on Monday, rude waiter"], "waiter": ["late parcel on monday, rude waiter"]}
    )
    assert points(namer)["title"].is_unique().all()
