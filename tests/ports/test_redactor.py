"""What every redactor must do; run against each implementation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from fakes import FakeRedactor
from hypothesis import given, settings
from hypothesis import strategies as st
from languages import ENGLISH

from textcx.engines.redaction.none import NoRedactor
from textcx.engines.redaction.presidio import PresidioRedactor

if TYPE_CHECKING:
    from textcx.ports import Redactor

PIECES = st.sampled_from(
    [
        "jane.doe@example.com", "+44 20 7946 0958", "(212) 555-0147", " ", ", ", ". ", "\n\n", "\U0001f600", "@", "+",
        "call me", "https://example.com/u/jane.doe@example.com", "order 99887766", "12", "\u2588\u2588", "Sarah Lee",
    ]
)  # fmt: skip
ANY_TEXT = st.one_of(st.text(max_size=30), st.lists(PIECES, max_size=8).map("".join))


@pytest.fixture(scope="module")
def presidio() -> PresidioRedactor:
    return PresidioRedactor(ENGLISH.names)


@pytest.fixture(scope="module", params=["Presidio", "fake", "none"])
def redactor(request: pytest.FixtureRequest, presidio: PresidioRedactor) -> Redactor:
    return {"Presidio": presidio, "fake": FakeRedactor(), "none": NoRedactor()}[request.param]


@pytest.fixture(scope="module", params=["Presidio", "fake"])
def finder(request: pytest.FixtureRequest, presidio: PresidioRedactor) -> Redactor:
    """A redactor that is meant to find something."""
    return presidio if request.param == "Presidio" else FakeRedactor()


@settings(max_examples=25, deadline=None)
@given(texts=st.lists(ANY_TEXT, max_size=3))
def test_redactions_are_sorted_apart_and_within_the_text(redactor: Redactor, texts: list[str]) -> None:
    found = redactor.find(texts)
    assert len(found) == len(texts)
    for text, redactions in zip(texts, found, strict=True):
        reached = 0
        for each in redactions:
            assert reached <= each.start < each.end <= len(text)
            assert each.kind.isupper()
            reached = each.end


def test_no_texts_give_no_lists(redactor: Redactor) -> None:
    assert redactor.find([]) == []


def test_a_text_without_anything_personal_has_an_empty_list(redactor: Redactor) -> None:
    assert redactor.find(["The parcel came two days late.", "", "\U0001f600"]) == [[], [], []]


@pytest.mark.parametrize(
    ("before", "secret", "kind"),
    [
        ("write to ", "jane.doe+shop@example.co.uk", "EMAIL"),
        ("call ", "+44 20 7946 0958", "PHONE"),
        ("\U0001f621\U0001f621 still waiting, ring ", "+44 20 7946 0958", "PHONE"),
        ("Fran\u00e7ois said \u201cmail ", "jane.doe@example.com", "EMAIL"),
    ],
)
def test_a_planted_secret_is_found_where_it_stands(finder: Redactor, before: str, secret: str, kind: str) -> None:
    text = f"{before}{secret} please"
    own = [each for each in finder.find([text])[0] if each.kind == kind]
    assert [text[each.start : each.end] for each in own] == [secret]


def test_what_is_found_does_not_depend_on_the_other_texts(finder: Redactor) -> None:
    texts = ["mail jane.doe@example.com", "ok", "call +44 20 7946 0958", "mail jane.doe@example.com"]
    together = finder.find(texts)
    assert [finder.find([text])[0] for text in texts] == together
    assert finder.find(texts[::-1]) == together[::-1]
