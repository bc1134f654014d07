from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from fakes import FakePhraseFinder
from hypothesis import given
from hypothesis import strategies as st

from textcx.domain.themes import PROFANITY
from textcx.steps.name_candidates import coordinated, linked, tokens
from textcx.steps.theme_names import ThemeWords, name_themes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textcx.ports import Phrase

DELIVERY = [
    "late delivery again",
    "the late delivery was bad",
    "a late delivery, when it came",
    "late delivery and no parcel",
    "the delivery came late",
]
STAFF = ["the staff was rude", "very rude staff", "rude staff again", "staff and manager", "rude staff"]
BATTERY = ["battery life is poor", "the battery life", "battery life again", "my battery", "poor battery life"]


def theme(texts: list[str], *, polarity: float = -0.5, keywords: tuple[str, ...] = ()) -> ThemeWords:
    return ThemeWords(texts, [polarity] * len(texts), texts, keywords)


def names(*themes: ThemeWords) -> list[str | None]:
    return [name.name for name in name_themes(themes, phrases=FakePhraseFinder())]


def test_themes_are_called_what_customers_say_there_and_nowhere_else() -> None:
    assert names(theme(DELIVERY), theme(STAFF), theme(BATTERY)) == ["late delivery", "rude staff", "battery life"]


def test_the_order_of_the_themes_does_not_matter() -> None:
    assert names(theme(BATTERY), theme(DELIVERY), theme(STAFF)) == ["battery life", "late delivery", "rude staff"]


def test_two_themes_that_need_the_same_name_are_the_same() -> None:
    first, second, third = name_themes([theme(DELIVERY), theme(DELIVERY), theme(STAFF)], phrases=FakePhraseFinder())

    assert first.name == "late delivery"
    assert (second.name, second.same_as) == (None, 0)
    assert third.name == "rude staff"


def test_a_name_holds_no_mask() -> None:
    masked = ["call ████ about parcel", "████ parcel lost", "the ████ parcel", "parcel ████", "lost ████ parcel"]

    (name, _) = names(theme(masked), theme(STAFF))

    assert name is not None
    assert "█" not in name


def test_profanity_gives_way_to_the_next_best() -> None:
    coarse = ["shitty wifi again", "the shitty wifi", "shitty wifi signal", "wifi signal", "my shitty wifi"]

    (name, _) = names(theme(coarse), theme(STAFF))

    assert name is not None
    assert not set(name.split()) & PROFANITY


def test_a_name_has_the_tone_of_its_theme() -> None:
    texts = [
        "narrow choice of wine",
        "narrow choice",
        "narrow choice again",
        "splendid choice",
        "splendid choice of wine",
    ]
    complaints = ThemeWords(texts * 4, [-0.9, -0.9, -0.9, 0.9, 0.9] * 4, texts, ())

    (name, _) = names(complaints, theme(STAFF))

    assert name is not None
    assert "splendid" not in name


def test_words_that_complete_each_other_are_joined() -> None:
    texts = [
        "the newspapers",
        "some newspapers",
        "magazines",
        "our magazines",
        "newspapers in english",
        "old magazines",
    ]

    (name, _) = names(theme(texts * 2), theme(STAFF))

    assert name in {"newspapers and magazines", "magazines and newspapers"}


def test_what_everything_is_about_is_only_spoken_of_in_general() -> None:
    app = ["the app", "this app was good", "great app", "my app", "app of the year"]

    assert names(theme(app), theme(STAFF), theme(BATTERY))[0] == "app in general"


def test_a_heap_of_remarks_without_common_words_has_no_name() -> None:
    heap = ["purple walrus", "yesterday evening", "seven bridges", "a quiet harbour", "old lantern", "two oranges"]

    assert names(theme(heap), theme(STAFF)) == [None, "rude staff"]


def test_keywords_are_the_last_resort() -> None:
    class FindsNothing:
        def phrases(self, texts: Sequence[str]) -> list[list[Phrase]]:
            return [[] for _ in texts]

    found = name_themes([theme(DELIVERY, keywords=("delivery", "late"))], phrases=FindsNothing())

    assert found[0].name == "delivery and late"


def test_capitals_are_kept_where_customers_write_them_inside_a_sentence() -> None:
    texts = ["the Wembley lounge", "our Wembley lounge", "in Wembley lounge", "that Wembley lounge", "a Wembley lounge"]

    assert names(theme(texts), theme(STAFF))[0] == "Wembley lounge"


@given(st.lists(st.lists(st.sampled_from(DELIVERY + STAFF + BATTERY), min_size=1, max_size=8), min_size=1, max_size=6))
def test_names_are_unique_and_have_one_to_five_words(groups: list[list[str]]) -> None:
    found = [name for name in names(*map(theme, groups)) if name is not None]

    assert len(found) == len(set(found))
    assert all(1 <= len(name.split()) <= 5 for name in found)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("It is true to size and lovely", ("true", "to", "size")),
        ("really good value for money", None),
        ("waste of a wonderful afternoon", None),
        ("runs very small on me", ("runs", "small")),
        ("the waiting time was endless", ("waiting", "time")),
        ("easy to use", ("easy", "to", "use")),
        ("spent a long time there", None),
    ],
)
def test_set_forms_are_recognized(text: str, said: tuple[str, ...] | None) -> None:
    found = list(linked(tokens(text)))

    assert found == ([said] if said else []) or (said is None and ("value", "for", "money") in found)


def test_a_lone_adjective_is_no_name() -> None:
    texts = ["small again", "the small", "so small", "small and small", "my small"]

    assert names(theme(texts), theme(STAFF))[0] is None


def test_words_joined_by_and_are_recognized() -> None:
    assert set(coordinated(tokens("They were polite and helpful and on time"))) == {"polite", "helpful"}
