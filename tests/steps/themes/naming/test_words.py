from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textcx.steps.themes.naming.words import akin, describes, doing, noun_of, root, same_words, stem, tokens


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
    assert same_words(one) == same_words(other)


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
    assert same_words(one) != same_words(other)


@given(st.lists(st.sampled_from(["late", "delivery", "not", "of", "prices", "Wi-Fi"]), min_size=1), st.randoms())
def test_order_and_case_make_no_difference(words: list[str], random: object) -> None:
    assert same_words(" ".join(words)) == same_words(" ".join(reversed(words)).upper())


@given(st.text(max_size=40))
def test_every_name_has_an_identity(name: str) -> None:
    assert same_words(name)


def test_a_describing_word_has_a_noun_that_stands_for_it() -> None:
    assert describes("helpful")
    assert noun_of("helpful") == "helpfulness"
    assert not describes("helpfulness")
    assert noun_of("parcel") is None


@pytest.mark.parametrize(
    ("word", "act"), [("sized", "sizing"), ("dressed", "dressing"), ("stopped", "stopping"), ("sends", "sending")]
)
def test_every_verb_has_a_form_for_doing_it(word: str, act: str) -> None:
    assert doing(root(word)) == act


def test_endings_are_left_out() -> None:
    assert stem("fitting") == stem("fits") == stem("fit")
    assert stem("sizing") == stem("sizes") == stem("size")


def test_figures_punctuation_and_masks_are_no_words() -> None:
    assert tokens("Don\u2019t call ████, it's 24-hour!") == ["don't", "call", "it's", "hour"]


def test_words_made_from_each_other_are_akin() -> None:
    assert akin(["paying"], ["late", "payments"])
    assert not akin(["parcel"], ["late", "payments"])
