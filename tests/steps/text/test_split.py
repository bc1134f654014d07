"""Segments land exactly where they were said."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from textcx.domain.errors import ShapeMismatch
from textcx.domain.feedback import VERBATIM_JOINT, Redaction
from textcx.steps.text.clean import clean, entities_in, has_content
from textcx.steps.text.redact import MASK, mask
from textcx.steps.text.split import place_segments

Case = tuple[str, list[tuple[int, int]], list[list[tuple[int, int]]], list[Redaction]]


@st.composite
def _cases(draw: st.DrawFn) -> Case:
    """Cells, spans that a careless splitter could find in them, and redactions anywhere."""
    texts = draw(st.lists(st.text(alphabet="ab c.,-\n\U0001f600", min_size=1, max_size=24), min_size=1, max_size=3))
    cells, spans, start = [], [], 0
    for text in texts:
        cells.append((start, start + len(text)))
        start += len(text) + len(VERBATIM_JOINT)
        place = st.integers(0, len(text))
        spans.append(draw(st.lists(st.tuples(place, place).map(lambda pair: (min(pair), max(pair))), max_size=4)))
    verbatim = VERBATIM_JOINT.join(texts)
    edges = sorted(draw(st.sets(st.integers(0, len(verbatim)), max_size=6)))
    pairs = zip(edges[::2], edges[1::2], strict=False)
    return verbatim, cells, spans, [Redaction(low, high, "PERSON") for low, high in pairs]


@given(_cases())
def test_segments_are_sorted_apart_trimmed_and_say_something(case: Case) -> None:
    verbatim, _, _, redactions = case
    shown = mask(verbatim, redactions)
    reached = 0
    for _, start, end in place_segments(*case):
        assert reached <= start < end
        assert shown[start:end] == shown[start:end].strip()
        assert has_content(shown[start:end]) or MASK in shown[start:end]
        reached = end


@given(_cases())
def test_a_segment_stays_in_its_cell(case: Case) -> None:
    for cell, start, end in place_segments(*case):
        low, high = case[1][cell]
        assert low <= start < end <= high


@given(_cases())
def test_no_redaction_straddles_the_edge_of_a_segment(case: Case) -> None:
    for _, start, end in place_segments(*case):
        for redaction in case[3]:
            assert not redaction.start < start < redaction.end
            assert not redaction.start < end < redaction.end


@given(_cases())
def test_every_visible_letter_is_in_a_segment(case: Case) -> None:
    verbatim, cells, _, redactions = case
    shown = mask(verbatim, redactions)
    covered = {place for _, start, end in place_segments(*case) for place in range(start, end)}
    letters = {place for low, high in cells for place in range(low, high) if has_content(shown[place])}
    assert letters <= covered


@given(_cases())
def test_a_text_with_content_has_a_segment(case: Case) -> None:
    if has_content(mask(case[0], case[3])):
        assert place_segments(*case)


def test_offsets_are_those_of_the_verbatim() -> None:
    verbatim = "good food\n\nslow. rude"
    placed = place_segments(verbatim, [(0, 9), (11, 21)], [[(0, 9)], [(0, 5), (6, 10)]], [])
    assert [(cell, verbatim[start:end]) for cell, start, end in placed] == [
        (0, "good food"), (1, "slow."), (1, "rude"),
    ]  # fmt: skip


@given(
    st.lists(st.sampled_from(["&quot;", "&#39;", "&amp;", "&Eacute;", "a", "b. ", " ", "<b>"]), max_size=12), st.data()
)
def test_an_entity_at_the_edge_of_a_segment_is_in_it_whole(parts: list[str], data: st.DataObject) -> None:
    verbatim = "".join(parts)
    place = st.integers(0, len(verbatim))
    low, high = sorted((data.draw(place), data.draw(place)))
    entities, cleaned = entities_in(verbatim), clean(verbatim)
    placed = place_segments(cleaned, [(0, len(verbatim))], [[(0, low), (low, high)]], [], entities=entities)
    for _, start, end in placed:
        assert not any(first < edge < last for edge in (start, end) for first, last in entities)
        assert not verbatim[start].isspace()
    assert [cleaned[start:end].strip() for _, start, end in placed] == [
        cleaned[start:end]
        for _, start, end in place_segments(cleaned, [(0, len(verbatim))], [[(0, low), (low, high)]], [])
    ]


def test_a_quotation_mark_written_as_an_entity_is_quoted_whole() -> None:
    verbatim = "&quot;Great food&quot;  slow"
    spans = [[(0, 22), (24, 28)]]
    placed = place_segments(clean(verbatim), [(0, 28)], spans, [], entities=entities_in(verbatim))
    assert [verbatim[start:end] for _, start, end in placed] == ["&quot;Great food&quot;", "slow"]


def test_an_entity_is_not_moved_into_a_redaction() -> None:
    verbatim = "Ann&quot;ok"
    placed = place_segments(clean(verbatim), [(0, 11)], [[(8, 11)]], [Redaction(0, 5, "PERSON")], entities=[(3, 9)])
    assert all(not 0 < edge < 5 for _, start, end in placed for edge in (start, end))


def test_an_edge_inside_a_redaction_moves_to_its_end() -> None:
    verbatim = "ask Ann Lee now"
    placed = place_segments(verbatim, [(0, 15)], [[(0, 7), (8, 15)]], [Redaction(4, 11, "PERSON")])
    assert [verbatim[start:end] for _, start, end in placed] == ["ask Ann Lee", "now"]


def test_a_text_that_is_all_mask_keeps_one_segment() -> None:
    assert place_segments("a@b.io", [(0, 6)], [[(0, 6)]], [Redaction(0, 6, "EMAIL")]) == [(0, 0, 6)]


def test_what_the_splitter_left_out_is_not_lost() -> None:
    assert place_segments("one two three", [(0, 13)], [[(4, 7)]], []) == [(0, 0, 13)]


def test_spans_for_another_number_of_cells_are_refused() -> None:
    with pytest.raises(ShapeMismatch, match="2 cells"):
        place_segments("a\n\nb", [(0, 1), (3, 4)], [[(0, 1)]], [])
