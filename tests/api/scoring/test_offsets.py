from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.scoring.offsets import convert, count_elements


@given(st.text(alphabet=st.characters(codec="utf-8")), st.data())
def test_offsets_in_utf8_and_utf16_cut_at_the_same_places(text: str, data: st.DataObject) -> None:
    places = data.draw(st.lists(st.integers(0, len(text))))
    for unit, encoding, width in (("utf8", "utf-8", 1), ("utf16", "utf-16-le", 2)):
        moved = convert(text, places, unit)
        raw = text.encode(encoding)
        assert {place: raw[: width * moved[place]].decode(encoding) for place in places} == {
            place: text[:place] for place in places
        }


@given(st.text())
def test_code_points_stay_as_they_are(text: str) -> None:
    places = range(len(text) + 1)
    assert convert(text, places, "codepoint") == {place: place for place in places}


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("", 0), ("plain", 5), ("e\u0301", 1), ("a\r\nb", 3), ("\U0001f44d\U0001f3fd", 1), ("\U0001f1e9\U0001f1ea\U0001f1eb\U0001f1f7", 2),
        ("\U0001f468\u200d\U0001f469\u200d\U0001f467", 1), ("\u2764\ufe0f!", 2), ("\U0001f600\U0001f600", 2), ("\r\n\r\n", 2), ("\u0301", 1),
    ],
)  # fmt: skip
def test_elements_are_what_a_reader_sees(text: str, seen: int) -> None:
    assert count_elements(text) == seen


@given(st.text(), st.data())
def test_elements_add_up(text: str, data: st.DataObject) -> None:
    middle = data.draw(st.integers(0, len(text)))
    assert count_elements(text, 0, middle) + count_elements(text, middle) == count_elements(text)


def test_a_lone_surrogate_is_one_unit_of_utf16_and_three_bytes() -> None:
    assert convert("\ud83d!", [1, 2], "utf16") == {1: 1, 2: 2}
    assert convert("\ud83d!", [1, 2], "utf8") == {1: 3, 2: 4}
