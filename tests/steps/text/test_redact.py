"""Masking keeps the length and touches nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from textcx.domain.errors import ShapeMismatch
from textcx.domain.feedback import Redaction
from textcx.steps.text.redact import MASK, mask


@st.composite
def _texts_and_redactions(draw: st.DrawFn) -> tuple[str, list[Redaction]]:
    text = draw(st.text(min_size=1, max_size=40))
    place = st.integers(0, len(text))
    spans = draw(st.lists(st.tuples(place, place).map(sorted), max_size=4))
    return text, [Redaction(start, end, "PERSON") for start, end in spans]


@given(_texts_and_redactions())
def test_masking_keeps_the_length_and_every_other_character(case: tuple[str, list[Redaction]]) -> None:
    text, redactions = case
    masked = mask(text, redactions)
    hidden = {place for each in redactions for place in range(each.start, each.end)}
    assert len(masked) == len(text)
    assert all(masked[place] == (MASK if place in hidden else text[place]) for place in range(len(text)))


@given(_texts_and_redactions())
def test_masking_twice_is_masking_once(case: tuple[str, list[Redaction]]) -> None:
    text, redactions = case
    assert mask(mask(text, redactions), redactions) == mask(text, redactions)


def test_a_redaction_of_another_text_is_refused_without_quoting_the_text() -> None:
    with pytest.raises(ShapeMismatch, match="4-9") as error:
        mask("secret", [Redaction(4, 9, "PERSON")])
    assert "secret" not in str(error.value)
