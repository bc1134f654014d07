"""Copies are marked, common short answers are not."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from textcx.steps.records.duplicates import MIN_SIMILARITY, SHINGLE, mark_duplicates

LONG = "the courier left the parcel in the rain and nobody rang the bell at all"
START = datetime(2026, 1, 1, tzinfo=UTC)


def _records(*rows: tuple[str, str, str | None, int | None]) -> pl.DataFrame:
    """Records of (id, text, respondent, day)."""
    return pl.DataFrame(
        [(name, text, who, None if day is None else START + timedelta(days=day)) for name, text, who, day in rows],
        schema={
            "record_id": pl.String,
            "text": pl.String,
            "respondent_id": pl.String,
            "created_at": pl.Datetime("us", "UTC"),
        },
        orient="row",
    )


def _marked(*rows: tuple[str, str, str | None, int | None]) -> dict[str, str | None]:
    return dict(mark_duplicates(_records(*rows)).iter_rows())


def test_a_long_copy_points_to_the_earliest_record() -> None:
    marked = _marked(("a", LONG, None, 5), ("b", LONG.upper() + "!!", None, 2), ("c", LONG, None, 9))
    assert marked == {"a": "b", "b": None, "c": "b"}


def test_without_dates_the_smallest_id_is_kept() -> None:
    assert _marked(("b", LONG, None, None), ("a", LONG, None, None)) == {"a": None, "b": "a"}


def test_a_dated_record_is_kept_before_an_undated_one() -> None:
    assert _marked(("a", LONG, None, None), ("b", LONG, None, 3)) == {"a": "b", "b": None}


def test_short_answers_of_different_people_are_no_duplicates() -> None:
    assert _marked(("a", "great service", "x", 1), ("b", "great service", "y", 2), ("c", "great service", None, 3)) == {
        "a": None, "b": None, "c": None,
    }  # fmt: skip


def test_the_same_respondent_saying_the_same_again_is_a_duplicate() -> None:
    assert _marked(("a", "Great service", "x", 1), ("b", "great service!", "x", 2)) == {"a": None, "b": "a"}


def test_the_same_emoji_of_one_respondent_is_a_duplicate_and_another_emoji_is_not() -> None:
    assert _marked(("a", "\U0001f600", "x", 1), ("b", "\U0001f600", "x", 2), ("c", "\U0001f621", "x", 3)) == {
        "a": None, "b": "a", "c": None,
    }  # fmt: skip


def test_a_near_copy_is_marked_and_a_merely_similar_text_is_not() -> None:
    near = LONG + " today"
    similar = "the courier left the groceries in a shed and somebody rang at noon"
    assert _marked(("a", LONG, None, 1), ("b", near, None, 2), ("c", similar, None, 3)) == {
        "a": None, "b": "a", "c": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    "changed",
    [
        "please do not shut our swimming pool",
        "please do not close the swimming pool",
        "please do not close our swimming baths",
        "please never do close our swimming pool",
        "please do not ever close our swimming pool",
        "please do not close our swiming pool",
        "PLEASE, do not close our swimming pool!!!",
        "do not close our swimming pool",
    ],
)
def test_one_word_changed_in_a_text_of_seven_words_makes_a_copy(changed: str) -> None:
    marked = _marked(("a", "please do not close our swimming pool", "x", 1), ("b", changed, "y", 2))
    assert marked == {"a": None, "b": "a"}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("The delivery was late and the box was broken", "The staff was rude and the room was dirty"),
        ("Very easy to use website and great prices", "Very easy to book and great service"),
        ("My order arrived late and was incomplete", "My order arrived early and was perfect"),
        ("I have been waiting for my refund for weeks", "I have been using this bank for years"),
        ("Cars drive too fast on this street at night", "Cars block the bike lane on this street"),
    ],
)
def test_answers_that_share_only_their_frame_are_no_copies(one: str, other: str) -> None:
    assert _marked(("a", one, "x", 1), ("b", other, "y", 2)) == {"a": None, "b": None}


@pytest.mark.parametrize(
    "text", ["save our pool right now", "don't close our town's pool", "very good value for money"]
)
def test_copies_of_fewer_than_six_words_are_answers_of_their_own(text: str) -> None:
    assert _marked(("a", text, "x", 1), ("b", text, "y", 2), ("c", text, None, 3)) == {"a": None, "b": None, "c": None}


def test_copies_of_six_words_are_copies() -> None:
    assert _marked(("a", "save our pool from the council", "x", 1), ("b", "save our pool from the council", "y", 2)) == {
        "a": None, "b": "a",
    }  # fmt: skip


def test_long_texts_about_one_thing_are_no_copies() -> None:
    """Both use the commonest words of English over and over; the shorter the shingles, the more alike they look."""
    one = (
        "We stayed for three nights at the end of May and the room was ready when we came, which was good because the "
        "children were tired. The man at the desk told us where to eat and that was the best thing about the whole "
        "stay, as the place that he sent us to was cheap and the food there was very good."
    )
    other = (
        "When the boiler broke in the middle of winter they said that a man would come the next day, and that was not "
        "the case. We had to ring them four times before somebody told us the truth: the part was not there and would "
        "take two weeks. The whole of this was the worst thing that we ever had from them."
    )
    assert _marked(("a", one, None, 1), ("b", other, None, 2)) == {"a": None, "b": None}


def test_near_copies_do_not_chain_away_from_the_record_they_point_to() -> None:
    words = [f"word{number}" for number in range(60)]
    drifting = [" ".join(words[shift : shift + 40]) for shift in range(0, 20, 2)]
    marked = _marked(*((f"{place:02}", text, None, place) for place, text in enumerate(drifting)))
    texts = {f"{place:02}": text for place, text in enumerate(drifting)}
    assert any(original is not None for original in marked.values())
    for name, original in marked.items():
        if original is not None:
            assert marked[original] is None
            assert _similarity(texts[name], texts[original]) >= MIN_SIMILARITY


def _similarity(left: str, right: str) -> float:
    one, two = ({f" {text} "[at : at + SHINGLE] for at in range(len(text) + 3 - SHINGLE)} for text in (left, right))
    return len(one & two) / len(one | two)


SENTENCES = [LONG, LONG + " today", "my " + LONG, "great", "great!", LONG.replace("rain", "snow"), "the app is slow"]


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(SENTENCES), st.sampled_from([None, "x", "y"]), st.sampled_from([None, 1, 2])),
        min_size=1,
        max_size=8,
    ),
    st.randoms(use_true_random=False),
)
def test_the_order_of_the_input_changes_nothing_and_originals_are_kept(rows: list[tuple], random: object) -> None:
    records = _records(*((f"r{place}", *row) for place, row in enumerate(rows)))
    marked = mark_duplicates(records)
    order = list(range(len(rows)))
    random.shuffle(order)  # type: ignore[attr-defined]
    assert mark_duplicates(records[order]).equals(marked)
    originals = set(marked["duplicate_of"].drop_nulls())
    assert marked.filter(pl.col("record_id").is_in(originals))["duplicate_of"].null_count() == len(originals)


def test_no_records_give_no_rows() -> None:
    assert mark_duplicates(_records()).shape == (0, 2)


@pytest.mark.parametrize("count", [3_000])
def test_many_identical_comments_all_point_to_one(count: int) -> None:
    marked = mark_duplicates(_records(*((f"{place:05}", LONG, None, None) for place in range(count))))
    assert marked["duplicate_of"].drop_nulls().unique().to_list() == ["00000"]
    assert marked["duplicate_of"].null_count() == 1
