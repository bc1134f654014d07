"""Statements: the customers' own words, short, and readable alone."""

import re
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from languages import STATEMENTS

from textcx.steps.pains.statements import MAX_STATEMENT, clarity, shorten

clarity = partial(clarity, words=STATEMENTS)
shorten = partial(shorten, words=STATEMENTS)

LONG = (
    "We stayed for three nights in a room on the fourth floor with a view of the park, but the lift was out of order "
    "all the time, and my mother who walks with a stick had to take the stairs"
)


@pytest.mark.parametrize(
    ("text", "statement"),
    [
        ("but the waiter was rude.", "the waiter was rude"),
        ("And because the parcel never came, ", "the parcel never came"),
        ("- However, nobody answered the phone", "nobody answered the phone"),
        ("So cold that we kept our coats on.", "So cold that we kept our coats on"),
        ("The   page\nwill not load!", "The page will not load!"),
        ("Why does it log me out?", "Why does it log me out?"),
        ("Butter was missing.", "Butter was missing"),
    ],
)
def test_a_statement_drops_conjunctions_and_full_stops_and_keeps_the_words(text: str, statement: str) -> None:
    assert shorten(text) == statement


def test_a_long_text_keeps_the_part_that_matters() -> None:
    statement = shorten(LONG, signals=[re.compile("out of order")])
    assert "the lift was out of order" in statement
    assert len(statement) <= MAX_STATEMENT


def test_a_statement_of_masked_words_only_is_empty() -> None:
    assert shorten("█████ ████, █████.") == ""


def test_a_clause_without_a_place_to_cut_ends_with_an_ellipsis_between_words() -> None:
    text = (
        "the gate agent at the far end of the long white hall by the second set of lifts sent everybody over sixty away"
    )
    statement = shorten(text, limit=50)
    assert statement.endswith("…")
    assert text.startswith(statement[:-1])
    assert text[len(statement) - 1] == " "


@settings(deadline=None)
@given(st.text(alphabet="abc ,.;!?█éß\n", max_size=300), st.integers(20, 120))
def test_a_statement_is_a_part_of_the_text_and_no_longer_than_the_limit(text: str, limit: int) -> None:
    statement = shorten(text, limit=limit)
    assert len(statement) <= limit
    assert statement.removesuffix("…") in " ".join(text.split())


@pytest.mark.parametrize(
    ("clear", "unclear"),
    [
        ("The lift was out of order all week", "at all"),
        ("My order never arrived", "never arrived"),
        ("The waiter forgot our drinks", "with the waiter and the drinks"),
        ("The waiter forgot our drinks", "██████ ██████ forgot our ██████"),
        ("The parcel was left in the rain", "it was left there"),
        ("The parcel was left in the rain", "THE PARCEL WAS LEFT IN THE RAIN"),
        ("The parcel was left in the rain", "the parcel that was left in the…"),
    ],
)
def test_a_sentence_is_clearer_than_a_fragment(clear: str, unclear: str) -> None:
    assert clarity(clear) > clarity(unclear)


def test_nothing_is_not_clear() -> None:
    assert clarity("") == 0.0
    assert clarity("🙂🙂") == 0.0
