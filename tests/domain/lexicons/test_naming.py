from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from languages import NAMING

from textcx.domain.lexicons.naming import names_in, tokens


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("late delivery", "Delivery late"),
        ("selection of food", "food selections"),
        ("waiting time", "wait times"),
        ("quick response", "fast responses"),
        ("color", "colours"),
        ("visualization", "visualisations"),
        ("helpful staff", "helpful employees"),
    ],
)
def test_names_that_a_reader_takes_for_the_same_are(one: str, other: str) -> None:
    assert NAMING.same_words(one) == NAMING.same_words(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("working", "not working"),
        ("would recommend", "would not recommend"),
        ("cut", "cute top"),
        ("sizing", "sitting"),
        ("service in general", "praise for the service"),
        ("sizing down", "sizing"),
        ("dressing up", "dress"),
    ],
)
def test_names_that_say_different_things_are_not(one: str, other: str) -> None:
    assert NAMING.same_words(one) != NAMING.same_words(other)


@given(st.lists(st.sampled_from(["late", "delivery", "not", "of", "prices", "Wi-Fi"]), min_size=1), st.randoms())
def test_order_and_case_make_no_difference(words: list[str], random: object) -> None:
    assert NAMING.same_words(" ".join(words)) == NAMING.same_words(" ".join(reversed(words)).upper())


@given(st.text(max_size=40))
def test_every_name_has_an_identity(name: str) -> None:
    assert NAMING.same_words(name)


def test_endings_are_left_out() -> None:
    assert NAMING.stem("fitting") == NAMING.stem("fits") == NAMING.stem("fit")
    assert NAMING.stem("sizing") == NAMING.stem("sizes") == NAMING.stem("size")


def test_figures_punctuation_and_masks_are_no_words() -> None:
    assert tokens("Don\u2019t call ████, it's 24-hour!") == ["don't", "call", "it's", "hour"]


def test_words_that_stand_mostly_with_a_capital_inside_sentences_are_names() -> None:
    told = ["we asked Alexa for it", "then Alexa, with an echo, spoke", "my alexa is late", "the Alexa hears nothing"]
    shouted = ["Great Parcel And Quick Parcel, Good Parcel", "THE PARCEL WAS LATE"]
    assert names_in([*told, *shouted]) == {"alexa"}
    assert names_in(told[:2]) == frozenset()  # seen too seldom
    assert names_in(["Parcel late", "Parcel gone", "Parcel here"]) == frozenset()  # where sentences begin
    assert names_in([]) == frozenset()
