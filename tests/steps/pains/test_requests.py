"""What people ask for: under names that cover it, widest reach first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pytest
from fakes import FakeEncoder
from hypothesis import given
from hypothesis import strategies as st
from languages import ENGLISH

from textcx.domain.errors import ShapeMismatch
from textcx.domain.tables import REQUESTS
from textcx.steps.matters import encoded_matters
from textcx.steps.pains.requests import find_requests

if TYPE_CHECKING:
    from collections.abc import Sequence

ENCODER = FakeEncoder()
MATTERS = encoded_matters((("Lift broken", "Vegan food"), ("No parking", "Bicycle parking")), ENCODER, ENGLISH.naming)
FOOD = [f"please add vegan food {word}" for word in ("now", "soon", "here", "daily")]
PARKING = [f"we would like bicycle parking {word}" for word in ("now", "soon", "here", "daily", "outside")]
CONTINUING = ENGLISH.pains.statements.continuing


def segments(texts: Sequence[str], **columns: object) -> pl.DataFrame:
    size = len(texts)
    told: dict[str, object] = {
        "segment_id": [f"r{n:02d}:0" for n in range(size)], "record_id": [f"r{n:02d}" for n in range(size)],
        "respondent_id": [None] * size, "start": [0] * size, "end": [len(text) for text in texts], "text": texts,
        "p_request": [0.9] * size, "counted": [True] * size,
    }  # fmt: skip
    return pl.DataFrame(told | columns, schema_overrides={"respondent_id": pl.String})


def asked(frame: pl.DataFrame) -> pl.DataFrame:
    vectors = ENCODER.encode(frame["text"].to_list()).matters
    return find_requests(frame, vectors, matters=MATTERS, encoder=ENCODER, words=ENGLISH.naming, continuing=CONTINUING)


def test_requests_stand_under_the_names_that_cover_them_widest_reach_first() -> None:
    found = asked(segments([*FOOD, *PARKING, "please add more towels"]))
    assert found.schema == REQUESTS
    assert found.select("name", "records", "respondents").rows() == [("Bicycle parking", 5, 5), ("Vegan food", 4, 4)]
    for name, evidence in found.select("name", "evidence").iter_rows():
        said = FOOD if name == "Vegan food" else PARKING
        assert 0 < len(evidence) <= 3
        assert {quote["quote"] for quote in evidence} <= set(said)


def test_a_respondent_is_counted_once_and_duplicates_and_what_asks_for_nothing_are_not() -> None:
    people = asked(segments(FOOD * 2, respondent_id=["anna"] * 5 + ["ben", "cleo", None]))
    assert people.select("records", "respondents").rows() == [(8, 4)]
    assert asked(segments(FOOD * 2, counted=[True] * 5 + [False] * 3))["records"].to_list() == [5]
    assert asked(segments(FOOD * 2, p_request=[0.5] * 5 + [0.4] * 3))["records"].to_list() == [5]


@pytest.mark.parametrize("texts", [[], FOOD[:2], ["cold soup"] * 9])
def test_what_few_ask_for_or_no_name_covers_is_no_request(texts: list[str]) -> None:
    found = asked(segments(texts).cast({"text": pl.String, "segment_id": pl.String, "record_id": pl.String}))
    assert found.is_empty()
    assert found.schema == REQUESTS


@given(st.permutations(range(9)))
def test_the_order_of_segments_does_not_matter(order: list[int]) -> None:
    frame = segments([*FOOD, *PARKING])
    assert asked(frame[order]).equals(asked(frame))


def test_vectors_of_other_segments_are_refused() -> None:
    with pytest.raises(ShapeMismatch):
        find_requests(
            segments(FOOD),
            ENCODER.encode(FOOD[:2]).matters,
            matters=MATTERS,
            encoder=ENCODER,
            words=ENGLISH.naming,
            continuing=CONTINUING,
        )
