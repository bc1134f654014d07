from __future__ import annotations

import pytest
from languages import NAMING

from textcx.domain.lexicons.naming import tokens
from textcx.steps.themes.naming.candidates import CandidateFinder

FINDER = CandidateFinder(NAMING)


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
    found = list(FINDER.linked(tokens(text)))

    assert found == ([said] if said else []) or (said is None and ("value", "for", "money") in found)


def test_half_of_a_longer_form_is_no_form() -> None:
    found = list(FINDER.linked(tokens("it fits true to size")))

    assert ("fits", "true", "to", "size") in found
    assert ("fits", "true") not in found


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("the fabric feels very soft", [("soft", "fabric")]),
        ("Staff polite and helpful", [("polite", "staff"), ("helpful", "staff")]),
        ("the sleeves are too long", [("sleeves", "too", "long")]),
        ("the staff were not helpful", []),
        ("I like the fabric soft or not", []),
    ],
)
def test_what_is_said_of_something_is_recognized(text: str, said: list[tuple[str, ...]]) -> None:
    assert list(FINDER.described(tokens(text))) == said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("nobody answered the phone", [("answering", "the", "phone")]),
        ("answering my calls", [("answering", "calls")]),
        ("an answer came", []),
        ("they sized it down", [("sizing", "down")]),
        ("picked up late", [("picking", "up")]),
        ("we ended up there", []),
    ],
)
def test_acts_are_recognized_in_any_form_of_the_verb(text: str, said: list[tuple[str, ...]]) -> None:
    assert list(FINDER.acts(tokens(text), {"answer": "answering"})) == said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("I'd recommend it to anyone", ["would recommend"]),
        ("I would never recommend it", ["would not recommend"]),
        ("Nothing could have been done better", ["nothing to improve"]),
        ("always on time", ["being on time"]),
        ("waited over three hours", ["long wait"]),
        ("A great waste of my money", ["waste of money"]),
        ("so easy to use", ["ease of use"]),
        ("the tea was cold", []),
    ],
)
def test_remarks_that_are_made_about_anything_are_recognized(text: str, said: list[str]) -> None:
    assert list(FINDER.remarks(text)) == said


@pytest.mark.parametrize(
    "words",
    [
        ["xxxx", "inquiry"],
        ["accordingtoxxxx"],
        ["xxx", "bank"],
        ["great", "service", "fuck"],
        ["really", "good"],
        ["the", "tv"],
    ],
)
def test_masks_profanity_and_mere_judgements_say_nothing(words: list[str]) -> None:
    assert not FINDER.says_something(words)
