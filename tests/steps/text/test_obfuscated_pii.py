from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from textcx.domain.feedback import Redaction
from textcx.steps.text.clean import clean
from textcx.steps.text.redact import find_obfuscated_pii, mask, merge, squeeze

if TYPE_CHECKING:
    from collections.abc import Sequence

SECRET = re.compile(r"[\w.]+@[\w.]+\w|\+44[ \d]{8,}\d|4111 1111 1111 1111|token=\w+|Jane Okafor")


def find(texts: Sequence[str]) -> list[list[Redaction]]:
    return [[Redaction(*hit.span(), "SECRET") for hit in SECRET.finditer(text)] for text in texts]


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ('Write <a href="mailto:jane.doe@example.com">me</a> soon', 'Write <a href="mailto:█">me</a> soon'),
        ('<img src="http://example.com/x?token=abc123"> broken', '<img src="http://example.com/x?█"> broken'),
        ("ok <!-- Jane Okafor, +44 7700 900123, card 4111 1111 1111 1111 -->", "ok <!-- █, █, card █ -->"),
        ("mail jane.doe&#64;example.com now", "mail █ now"),
        ("call +44&nbsp;7700&nbsp;900123 now", "call █ now"),
        ("mail jane\u00addoe@exam\u200bple.com now", "mail █ now"),
        ("mail jane@example.com & wait", "mail █ & wait"),
        ("a < b and nothing hidden", "a < b and nothing hidden"),
    ],
)
def test_what_a_text_hides_is_masked_too(text: str, rest: str) -> None:
    (spans,) = find_obfuscated_pii([text], [clean(text)], find=find)
    masked = mask(text, spans)
    assert len(masked) == len(text)
    assert re.sub("█+", "█", masked) == rest


@given(st.text(alphabet="ab&;#64<>\u00ad @.\u00e9", max_size=40))
def test_squeezed_characters_come_from_where_they_say(text: str) -> None:
    squeezed, places = squeeze(text)
    assert len(squeezed) == len(places)
    assert all(0 <= start < end <= len(text) for start, end in places)
    assert places == sorted(places)


spans = st.tuples(st.integers(0, 30), st.integers(1, 6)).map(lambda pair: Redaction(pair[0], sum(pair), "X"))


@given(st.lists(spans, max_size=8))
def test_merged_redactions_cover_the_same_characters_without_overlap(found: list[Redaction]) -> None:
    merged = merge(found)
    covered = {place for span in found for place in range(span.start, span.end)}
    assert {place for span in merged for place in range(span.start, span.end)} == covered
    assert all(one.end <= other.start for one, other in pairwise(merged))
