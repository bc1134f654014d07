"""Themes are called what their members prove, each differently, and what nothing covers has no name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from fakes import FakeEncoder, fake_naming
from hypothesis import given, settings
from hypothesis import strategies as st
from languages import ENGLISH, NAMING

from textcx.steps.themes.naming import ThemeWords, presentable

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

ENCODER = FakeEncoder()
PARCELS = ["the parcel was late", "a late parcel", "no parcel for days", "parcel is here", "the parcel is too wet"]
WAITERS = ["the waiter was rude", "a rude waiter", "no waiter for hours", "waiter is here", "the waiter is too loud"]
NOTHING = ["one violin is blue", "my wall fell", "her bus left", "no towel for us", "the stairs were steep"]


def theme(texts: Sequence[str], *, proposed: Sequence[str] = (), near_to: Sequence[str] | None = None) -> ThemeWords:
    """A theme of these texts, which lie where the texts ``near_to`` do."""
    return ThemeWords(texts, ENCODER.encode(near_to or texts).matters, [], len(texts), proposed)


def names(
    *themes: Sequence[str] | ThemeWords,
    known: Sequence[str] = (),
    taken: Collection[str] = (),
) -> list[str | None]:
    told = [one if isinstance(one, ThemeWords) else theme(one) for one in themes]
    return fake_naming(*known).name(told, taken=taken)


def test_a_theme_is_called_what_its_members_say_and_others_do_not() -> None:
    assert names(PARCELS, WAITERS) == ["Parcel", "Waiter"]


def test_a_known_name_may_cover_members_that_do_not_say_it() -> None:
    unlike = theme(NOTHING, near_to=["waiting time"] * 5)
    assert names(unlike, PARCELS, known=["Waiting time", "Cold soup"]) == ["Waiting time", "Parcel"]


def test_a_name_that_is_proposed_is_taken_where_members_prove_it() -> None:
    texts = ["parcel late", "a late one", "late again", "late again today", "it is late"]
    assert names(theme(texts, proposed=["Late", "Pyramids of Egypt"]), WAITERS)[0] == "Late"


def test_a_theme_that_nothing_covers_has_no_name() -> None:
    assert names(NOTHING, PARCELS) == [None, "Parcel"]
    assert names(NOTHING, PARCELS, known=["Room service"]) == [None, "Parcel"]


def test_without_themes_there_are_no_names() -> None:
    assert names() == []


def test_a_name_is_given_once_in_whatever_order_or_number_of_its_words() -> None:
    one = ["our late parcel", "a late parcel", "the late parcel"]
    other = ["our parcels late", "two parcels late", "the parcels late"]
    given = [name for name in names(one, other, PARCELS) if name is not None]
    assert len({NAMING.same_words(name) for name in given}) == len(given)


def test_a_name_that_is_taken_is_not_given_again() -> None:
    assert names(PARCELS, WAITERS, taken=["PARCELS"]) == [None, "Waiter"]


def test_of_two_themes_the_one_for_which_a_name_is_worth_more_has_it() -> None:
    fewer = [*NOTHING, *PARCELS[:3]]
    assert names(fewer, PARCELS, WAITERS)[:2] == [None, "Parcel"]


def test_a_word_said_by_one_alone_is_no_name() -> None:
    assert names([*NOTHING, "teh parsel"], PARCELS) == [None, "Parcel"]


def test_what_everybody_says_in_every_theme_names_none() -> None:
    branded = [[f"fernway: {text}" for text in texts] for texts in (NOTHING, NOTHING[::-1], PARCELS)]
    assert names(*branded) == [None, None, "Parcel"]


def test_what_everybody_says_is_no_name_even_where_nothing_else_is_known() -> None:
    assert names([f"fernway {text}" for text in NOTHING], [f"fernway {text}" for text in WAITERS])[0] is None


@pytest.mark.parametrize(
    "name",
    [
        "\u2588\u2588\u2588\u2588", "parcel \u2588\u2588\u2588", "shit parcel", "great", "bad parcel", "very good thing", "monday",
        "last week", "monday morning", "24 hours", "the", "tv", "XXXX", "\u00d9\u0160\u00d9", "", "parcel!", "-parcel", "one parcel two parcel or more of them",
    ],
)  # fmt: skip
def test_no_name_is_masked_foul_a_judgement_a_date_or_a_sentence(name: str) -> None:
    assert not presentable(name, NAMING)


@pytest.mark.parametrize(
    "name", ["Parcel", "Waiting time on the phone", "Wi-Fi", "Monday delivery", "Price & value", "App updates"]
)
def test_a_phrase_that_names_a_thing_may_be_a_name(name: str) -> None:
    assert presentable(name, NAMING)


def test_what_is_not_fit_to_be_printed_is_no_name_however_often_it_is_said() -> None:
    for said in ("shit", "monday", "great thing"):
        assert names([f"{said}, {text}" for text in NOTHING], PARCELS, known=["Cold soup"])[0] is None


def test_no_shipped_name_is_foul_or_masked() -> None:
    for _, name in ENGLISH.matters:
        assert NAMING.profanity.isdisjoint(name.casefold().split())
        assert name.isprintable()
        assert "\u2588" not in name


@settings(deadline=None, max_examples=20)
@given(st.permutations(range(5)), st.permutations(range(5)))
def test_the_order_of_the_texts_of_a_theme_does_not_matter(one: list[int], other: list[int]) -> None:
    shuffled = [[texts[place] for place in order] for texts, order in ((PARCELS, one), (WAITERS, other))]
    assert names(*shuffled, known=["Delivery time"]) == names(PARCELS, WAITERS, known=["Delivery time"])


def test_the_order_of_the_themes_does_not_matter() -> None:
    assert names(WAITERS, NOTHING, PARCELS) == ["Waiter", None, "Parcel"]


def test_a_theme_of_one_text_may_have_a_known_name() -> None:
    assert names(["late parcel"], WAITERS, known=["Late parcel"])[0] == "Late parcel"


def test_a_brand_alone_names_no_theme() -> None:
    brand = [
        "we love our Larkfield",
        "my Larkfield, again",
        "this Larkfield is it",
        "a Larkfield for us",
        "the Larkfield came",
    ]
    thing = [text.lower() for text in brand]
    assert names(brand, PARCELS) == [None, "Parcel"]
    assert names(thing, PARCELS) == ["Larkfield", "Parcel"]
