from __future__ import annotations

import random
from functools import partial
from typing import TYPE_CHECKING

import pytest
from fakes import FakePhraseFinder
from hypothesis import given
from hypothesis import strategies as st
from languages import NAMING

from textcx.steps.themes.naming.names import ThemeWords, name_tree

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from textcx.ports import Phrase

name_tree = partial(name_tree, naming=NAMING)

DELIVERY = [
    "late delivery again",
    "the late delivery was bad",
    "a late delivery, when it came",
    "late delivery and no parcel",
    "the delivery came late",
]
STAFF = ["the staff was rude", "very rude staff", "rude staff again", "staff and manager", "rude staff"]
BATTERY = ["battery life is poor", "the battery life", "battery life again", "my battery", "poor battery life"]
SCREEN = ["the screen cracked", "a cracked screen", "cracked screen again", "screen of glass", "my screen"]
EVERYTHING = DELIVERY + STAFF + BATTERY + SCREEN


class FindsNothing:
    def phrases(self, texts: Sequence[str]) -> list[list[Phrase]]:
        return [[] for _ in texts]


def theme(texts: Sequence[str], *, polarity: float = -0.5, keywords: tuple[str, ...] = ()) -> ThemeWords:
    return ThemeWords(texts, [polarity] * len(texts), texts, keywords)


def names(*themes: ThemeWords, parents: Sequence[int | None] = (), taken: Collection[str] = ()) -> list[str]:
    return name_tree(themes, parents or [None] * len(themes), phrases=FakePhraseFinder(), taken=taken)


def test_themes_are_called_what_customers_say_there_and_nowhere_else() -> None:
    assert names(theme(DELIVERY), theme(STAFF), theme(BATTERY)) == ["late delivery", "rude staff", "battery life"]


def test_the_order_of_the_themes_does_not_matter() -> None:
    assert names(theme(BATTERY), theme(DELIVERY), theme(STAFF)) == ["battery life", "late delivery", "rude staff"]


def test_themes_of_the_same_texts_get_different_names() -> None:
    found = names(theme(DELIVERY), theme(DELIVERY), theme(DELIVERY), theme(STAFF))

    assert len({NAMING.same_words(name) for name in found}) == 4


def test_a_theme_above_others_is_called_what_its_children_share() -> None:
    slow = ["the delivery was slow", "slow delivery", "a slow delivery", "slow delivery again"]
    lost = ["the delivery got lost", "lost delivery", "a lost delivery", "my delivery was lost"]

    found = names(theme(slow + lost), theme(slow), theme(lost), theme(STAFF), parents=[None, 0, 0, None])

    assert found[0] == "delivery"
    assert "slow" in found[1]
    assert "lost" in found[2]


def test_a_theme_whose_children_share_nothing_is_called_after_the_largest() -> None:
    found = names(theme(BATTERY + SCREEN), theme(BATTERY), theme(SCREEN), theme(STAFF), parents=[None, 0, 0, None])

    assert {"battery", "and", "screen"} <= set(found[0].split())


def said(word: str, *also: str) -> list[str]:
    return [f"the {word}", f"my {word}", f"a {word}", word, f"{word} again", *also]


def test_a_heading_names_up_to_three_parts_the_largest_first() -> None:
    small, medium, large = said("lantern"), said("harbour") * 2, said("walrus") * 3

    found = names(
        theme(small + medium + large), theme(small), theme(large), theme(medium), theme(STAFF), theme(BATTERY),
        parents=[None, 0, 0, 0, None, None],
    )  # fmt: skip

    assert found[0] == "walrus, harbour and lantern"


def test_a_heading_leaves_out_what_is_said_as_often_elsewhere() -> None:
    first, second = said("walrus", "phone") * 2, said("harbour", "phone") * 2

    found = names(
        theme(first + second), theme(first), theme(second), theme([*STAFF, "phone"]), theme([*BATTERY, "phone"]),
        parents=[None, 0, 0, None, None],
    )  # fmt: skip

    assert "phone" not in found[0]


def test_one_side_of_a_scale_is_no_name_where_the_other_side_is_said_as_well() -> None:
    small = [f"{start} small" for start in ("runs", "it runs", "this runs", "really runs", "runs so", "runs a bit")]
    large = [f"{start} large" for start in ("runs", "it runs", "this runs", "really runs", "runs so", "runs a bit")]

    [both, *_] = names(theme(small[:4] + large), theme(STAFF), theme(BATTERY))
    [one, *_] = names(theme(large), theme(STAFF), theme(BATTERY))

    assert "large" not in both.split()
    assert "large" in one.split()


def test_the_core_of_a_theme_is_called_that_in_general() -> None:
    core = said("delivery") * 3
    late = ["late delivery", "a late delivery", "the late delivery", "so late a delivery", "late"] * 2

    found = names(theme(core + late), theme(core), theme(late), theme(STAFF), parents=[None, 0, 0, None])

    assert found[:2] == ["delivery", "delivery in general"]


def test_a_word_that_most_of_all_themes_say_alone_names_none_of_them() -> None:
    kinds = ["walrus", "harbour", "lantern", "bridge", "orange", "purple"]
    themes = [theme([f"lounge {kind}", f"the lounge, {kind}", f"a {kind} in the lounge", kind] * 2) for kind in kinds]

    found = names(*themes, theme(said("lounge")))

    assert all("lounge" not in name.split() for name in found[:-1])
    assert found[-1] != "lounge"


def test_a_noun_that_is_also_a_verb_is_shown_in_the_plural() -> None:
    texts = ["the call", "a call", "call dropped", "called twice", "calling", "two calls", "calls"]

    assert names(theme(texts * 2), theme(STAFF), theme(BATTERY))[0] == "calls"


def test_a_verb_keeps_its_particle() -> None:
    texts = ["sized down", "size down", "I sized it down", "sizing down", "size down again"]

    assert names(theme(texts), theme(STAFF), theme(BATTERY), taken=("size", "sizing"))[0] == "sizing down"


def test_what_happened_is_named_as_a_thing_that_happens() -> None:
    texts = ["arrived late", "it arrived late", "arrived late again", "they arrived late", "arrived so late"]

    assert names(theme(texts), theme(STAFF), theme(BATTERY))[0] == "arriving late"


def test_remarks_that_are_made_often_weigh_as_often_as_they_are_made() -> None:
    once = ["walrus here", "a walrus", "the walrus", "walrus again", "one walrus", "my walrus"]
    often = ["harbour", "the harbour", "a harbour"]

    assert names(theme(once + often), theme(STAFF), theme(BATTERY))[0].split()[0] == "walrus"
    assert names(theme(once + often * 9), theme(STAFF), theme(BATTERY))[0].split()[0] == "harbour"


def test_names_that_are_in_use_are_not_given_again() -> None:
    found = names(theme(DELIVERY), theme(STAFF), taken=("Delivery, late", "STAFF RUDE"))

    assert not {NAMING.same_words(name) for name in found} & {
        NAMING.same_words("late delivery"),
        NAMING.same_words("rude staff"),
    }


def test_a_name_holds_no_mask() -> None:
    masked = ["call ████ about parcel", "████ parcel lost", "the ████ parcel", "parcel ████", "lost ████ parcel"]

    assert "█" not in names(theme(masked), theme(STAFF))[0]


def test_profanity_gives_way_to_the_next_best() -> None:
    coarse = ["shitty wifi again", "the shitty wifi", "shitty wifi signal", "wifi signal", "my shitty wifi"]

    assert not set(names(theme(coarse), theme(STAFF))[0].split()) & NAMING.profanity


def test_a_name_has_the_tone_of_its_theme() -> None:
    texts = ["narrow choice of wine", "narrow choice", "narrow choice again", "splendid choice", "splendid choice here"]
    complaints = ThemeWords(texts * 4, [-0.9, -0.9, -0.9, 0.9, 0.9] * 4, texts, ())

    assert "splendid" not in names(complaints, theme(STAFF))[0]


def test_what_a_theme_denies_is_not_its_name() -> None:
    texts = ["not helpful people at reception", "reception was never helpful", "no helpful word at reception"]
    praise = ["helpful porters", "the helpful porters", "porters were helpful", "so helpful porters"]

    found = names(theme(texts * 2, polarity=-0.8), theme(praise, polarity=0.9), theme(STAFF))

    assert "reception" in found[0]
    assert "helpful" not in found[0]


def test_what_is_said_of_something_names_it_however_it_is_put() -> None:
    texts = ["the driver was polite", "driver was very polite", "a polite driver", "polite driver", "driver is polite"]

    assert names(theme(texts, polarity=0.8), theme(STAFF))[0] == "polite driver"


def test_words_that_complete_each_other_are_joined() -> None:
    texts = [
        "the newspapers",
        "some newspapers",
        "magazines",
        "our magazines",
        "newspapers in english",
        "old magazines",
    ]

    assert set(names(theme(texts * 2), theme(STAFF))[0].split()) == {"newspapers", "and", "magazines"}


def test_opposites_are_called_after_what_they_are_about() -> None:
    texts = ["clean tray", "clean shelf", "a clean lamp", "dirty hall", "dirty table", "the dirty floor", "clean mug"]

    assert names(theme(texts), theme(STAFF), theme(BATTERY))[0] == "cleanliness"


def test_a_lone_adjective_is_no_name() -> None:
    texts = ["small again", "the small", "so small", "small and small", "my small"]

    assert names(theme(texts), theme(STAFF))[0] not in NAMING.adjectives


def test_a_heap_of_remarks_without_common_words_is_called_so() -> None:
    heap = ["purple walrus", "yesterday evening", "seven bridges", "a quiet harbour", "old lantern", "two oranges"]

    assert names(theme(heap), theme(STAFF))[0].startswith("other remarks: ")


def test_without_phrases_a_keyword_says_what_the_remarks_are_about() -> None:
    keywords = theme(["parcel, delivery", "delivery here", "delivery"], keywords=("delivery", "parcel"))

    assert name_tree([keywords], [None], phrases=FindsNothing()) == ["other remarks: delivery"]


def test_what_half_of_a_theme_speaks_of_is_spoken_of_in_general_where_the_word_itself_is_taken() -> None:
    lanterns = ["lantern", "the lantern", "two lantern", "lantern there", "walrus", "harbour"]

    assert names(theme(lanterns), theme(STAFF), taken=("lanterns",))[0] == "lantern in general"


def test_a_theme_without_texts_has_a_name_too() -> None:
    assert names(theme(DELIVERY), theme([])) == ["late delivery", "other remarks"]


def test_no_themes_have_no_names() -> None:
    assert names() == []


def test_capitals_are_kept_where_customers_write_them_inside_a_sentence() -> None:
    texts = ["the Wembley lounge", "our Wembley lounge", "in Wembley lounge", "that Wembley lounge", "a Wembley lounge"]

    assert names(theme(texts), theme(STAFF))[0] == "Wembley lounge"


@pytest.mark.parametrize("parents", [[None], [1, 0], [5, None]])
def test_parents_that_form_no_tree_are_refused(parents: list[int | None]) -> None:
    with pytest.raises(ValueError, match="theme"):
        name_tree([theme(DELIVERY), theme(STAFF)], parents, phrases=FakePhraseFinder())


_texts = st.lists(st.sampled_from([*EVERYTHING, "ok", "", "████", "shit", "small", "not small", "so good"]), max_size=9)


@given(
    groups=st.lists(_texts, min_size=1, max_size=9),
    shape=st.lists(st.integers(min_value=0, max_value=8), min_size=9, max_size=9),
    polarity=st.sampled_from([-0.8, 0.0, 0.8]),
    taken=st.lists(st.sampled_from(["late delivery", "staff", "other remarks: small"]), max_size=3),
)
def test_names_are_decent_short_and_unique_whatever_the_themes(
    groups: list[list[str]], shape: list[int], polarity: float, taken: list[str]
) -> None:
    parents = [None if above >= number else above for number, above in enumerate(shape[: len(groups)])]
    themes = [theme(texts, polarity=polarity, keywords=("delivery", "small")) for texts in groups]

    found = names(*themes, parents=parents, taken=taken)

    told = [tuple(sorted(name.casefold().split())) for name in [*found, *set(taken)]]
    assert len(set(told)) == len(told)
    for name in found:
        assert 1 <= len(name.split()) <= 5
        assert "█" not in name
        assert not set(name.casefold().split()) & NAMING.profanity
        assert name not in NAMING.adjectives


@given(seed=st.integers(min_value=0, max_value=99))
def test_the_order_of_the_texts_inside_a_theme_does_not_matter(seed: int) -> None:
    mixed = DELIVERY + STAFF[:2]
    told = [round(0.1 * place - 0.3, 1) for place in range(len(mixed))]
    order = random.Random(seed).sample(range(len(mixed)), len(mixed))
    moved = [mixed[place] for place in order]
    others = [theme(STAFF), theme(BATTERY + SCREEN), theme(BATTERY), theme(SCREEN)]

    before = names(ThemeWords(mixed, told, mixed, ("parcel",)), *others, parents=[None, None, None, 2, 2])
    after = ThemeWords(moved, [told[place] for place in order], moved, ("parcel",))

    assert names(after, *others, parents=[None, None, None, 2, 2]) == before
