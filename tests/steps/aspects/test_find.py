"""Aspects and opinions from what is said of tokens; here each word is a token, tagged by marks around it."""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from languages import ENGLISH

from textcx.domain.encoding import TokenTags
from textcx.steps.aspects.find import SegmentText, aspect_table, find_aspects, segment_texts
from textcx.steps.text.clean import clean, polish

if TYPE_CHECKING:
    from textcx.domain.aspects import Aspect

SHARES = (0.2, 0.3, 0.5)
GOOD, BAD = (-4.0, 0.0, 4.0), (4.0, 0.0, -4.0)


def tagged(*marked: str, polarity: tuple[float, ...] = GOOD) -> tuple[list[str], TokenTags]:
    """Read texts with ``[aspects]`` and ``{opinions}``: the texts without marks, and the tags of their words."""
    texts, bounds, rows = [], [0], []
    for text in marked:
        plain = ""
        kind, fresh = "", False
        for part in re.findall(r"[\[\]{}]|\w+|[^\w\[\]{}]", text):
            if part in "[{":
                kind, fresh = part, True
            elif part in "]}":
                kind = ""
            else:
                if not part.isspace():
                    tags = {each: (2 - fresh) * (kind == each) for each in "[{"}
                    rows.append(((len(plain), len(plain) + len(part)), tags["["], tags["{"]))
                    fresh = False
                plain += part
        texts.append(plain)
        bounds.append(len(rows))
    spans, aspects, opinions = zip(*rows, strict=True)
    return texts, TokenTags(
        bounds=np.array(bounds),
        spans=np.array(spans, np.int64),
        aspects=np.eye(3, dtype=np.float32)[list(aspects)] * 9,
        opinions=np.eye(3, dtype=np.float32)[list(opinions)] * 9,
        polarity=np.tile(np.array(polarity, np.float32), (len(rows), 1)),
    )


def find(marked: str, *, start: int = 0, polarity: tuple[float, ...] = GOOD) -> list[Aspect]:
    [text], tags = tagged(marked, polarity=polarity)
    return find_aspects([SegmentText(start, text, text, SHARES)], tags, language=ENGLISH)[0]


def pairs(marked: str) -> list[tuple[str | None, str | None]]:
    text = re.sub(r"[\[\]{}]", "", marked)
    return [
        (each.aspect, None if each.opinion_start is None else text[each.opinion_start : each.opinion_end])
        for each in find(marked)
    ]


@pytest.mark.parametrize(
    ("marked", "expected"),
    [
        ("The [food] was {great} but the [waiter] was {rude}.", [("food", "great"), ("waiter", "rude")]),
        ("{Lovely} [staff], {dirty} [room]", [("staff", "Lovely"), ("room", "dirty")]),
        ("The [bed] was {soft} and {warm}", [("bed", "soft"), ("bed", "warm")]),
        ("{Too expensive}", [(None, "Too expensive")]),
        ("We had the [pasta]", [("pasta", None)]),
        ("[tea] {so so} [cake]", [("tea", "so so"), ("cake", None)]),  # as near to both: the one before it
        ("nothing at all", []),
        ("[the battery life] {is poor}", [("battery life", "is poor")]),
        ("[our] {late}", [(None, "late")]),  # a determiner alone is no aspect
        ('["wait-staff"] were {kind!}', [("wait-staff", "kind")]),
        ("[a the] [menu] {.}", [("menu", None)]),
        ("[meatball] [parm] is {too} {salty}", [("meatball parm", "too salty")]),
        ("the [built]-[in] [apps]", [("built-in apps", None)]),
        ("[food] , [view]", [("food", None), ("view", None)]),
        ("{friendly} and {helpful} [staff]", [("staff", "friendly"), ("staff", "helpful")]),
        (
            "{great} [location], {friendly} and {helpful} [staff]",
            [("location", "great"), ("staff", "friendly"), ("staff", "helpful")],
        ),
    ],
)
def test_an_opinion_goes_to_the_nearest_aspect(marked: str, expected: list[tuple[str | None, str | None]]) -> None:
    assert pairs(marked) == expected


def test_a_cut_word_is_taken_whole() -> None:
    texts, tags = ["The screenshots crashed"], tagged("x [y] {z}")[1]
    tags = TokenTags(
        bounds=tags.bounds, spans=np.array([[0, 3], [4, 10], [18, 23]]), aspects=tags.aspects, opinions=tags.opinions,
        polarity=tags.polarity,
    )  # fmt: skip
    [[found]] = find_aspects([SegmentText(0, texts[0], texts[0], SHARES)], tags, language=ENGLISH)
    assert found.aspect == "screenshots"
    assert (found.opinion_start, found.opinion_end) == (16, 23)


@pytest.mark.parametrize(
    ("marked", "negated"),
    [
        ("the [staff] were {friendly}", False),
        ("the [staff] were not {friendly}", True),
        ("the [staff] were {not friendly}", True),
        ("the [staff] were not very {friendly}", True),
        ("the [staff] were not only there but {friendly}", False),
        ("[it] never {worked}", True),
        ("[no parking] {not}", True),
    ],
)
def test_a_negation_in_or_right_before_the_opinion_negates_it(marked: str, negated: bool) -> None:  # noqa: FBT001 - a case
    assert [each.negated for each in find(marked)] == [negated]


def test_a_contraction_negates() -> None:
    text = "The staff weren't friendly"
    _, tags = tagged("The [staff] weren {friendly}")
    spans = np.array([[0, 3], [4, 9], [10, 17], [18, 26]])
    tags = TokenTags(
        bounds=tags.bounds, spans=spans, aspects=tags.aspects, opinions=tags.opinions, polarity=tags.polarity
    )
    assert find_aspects([SegmentText(0, text, text, SHARES)], tags, language=ENGLISH)[0][0].negated


def test_the_polarity_of_an_aspect_is_its_own_and_that_of_a_bare_opinion_its_segments() -> None:
    [aspect] = find("the [staff] were {rude}", polarity=BAD)
    assert aspect.polarity == pytest.approx(-1, abs=0.02)
    assert sum(aspect.probabilities.values()) == pytest.approx(1, abs=1e-5)
    [bare] = find("{rude}", polarity=BAD)
    assert (bare.polarity, tuple(bare.probabilities.values())) == (0.3, SHARES)


def test_places_are_those_in_the_record() -> None:
    [found] = find("the [staff] were {rude}", start=100)
    assert (found.start, found.end, found.opinion_start, found.opinion_end) == (104, 109, 115, 119)


def test_nothing_masked_is_an_aspect() -> None:
    [text], tags = tagged("[Anna Smith] at the [desk] was {rude}")
    masked = text.replace("Anna Smith", "█" * 10)
    [found] = find_aspects([SegmentText(0, text, masked, SHARES)], tags, language=ENGLISH)
    assert [each.aspect for each in found] == ["desk"]


def test_places_are_found_again_behind_white_space_and_entities() -> None:
    given_text = "The  fish &amp;\n chips&nbsp;were <b>great</b>"
    cleaned = clean(given_text)
    [text], tags = tagged("The [fish & chips] were {great}")
    assert polish(cleaned) == text
    [[found]] = find_aspects([SegmentText(0, cleaned, given_text, SHARES)], tags, language=ENGLISH)
    assert found.aspect == "fish &amp;\n chips"
    assert given_text[found.opinion_start : found.opinion_end] == "great"


def test_an_entity_at_the_edge_is_taken_whole() -> None:
    given_text = "The caf&eacute; was great"
    _, tags = tagged("The [café] was {great}")
    [[found]] = find_aspects([SegmentText(0, clean(given_text), given_text, SHARES)], tags, language=ENGLISH)
    assert found.aspect == "caf&eacute;"


def test_without_tags_there_are_no_aspects() -> None:
    assert find_aspects([SegmentText(0, "good food", "good food", SHARES)], None, language=ENGLISH) == [[]]


def test_segments_do_not_change_each_other() -> None:
    marked = ["", "The [food] was {great}", "{bad}", "", "[room] and [view]", "nothing"]
    texts, tags = tagged(*marked)
    segments = [SegmentText(0, text, text, SHARES) for text in texts]
    together = find_aspects(segments, tags, language=ENGLISH)
    alone = [
        find_aspects([segment], tags[place : place + 1], language=ENGLISH)[0] for place, segment in enumerate(segments)
    ]
    assert together == alone
    assert [len(each) for each in together] == [0, 1, 1, 0, 2, 0]


def test_the_table_names_row_and_segment() -> None:
    texts, tags = tagged("The [food] was {great}", "fine")
    segments = pl.DataFrame(
        {"row": [3, 4], "start": [7, 0], "cleaned": texts, "text": texts}
        | {f"p_{label}": [share] * 2 for label, share in zip(("negative", "neutral", "positive"), SHARES, strict=True)}
    )
    table = aspect_table(segments, find_aspects(segment_texts(segments), tags, language=ENGLISH))
    assert table.select("row", "segment_start", "start", "aspect").rows() == [(3, 7, 11, "food")]


@given(
    text=st.text("ab .,'-é\n&;█😀", max_size=30),
    tags=st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), max_size=30),
)
def test_whatever_is_tagged_aspects_stand_in_the_text_and_never_overlap(text: str, tags: list[tuple[int, int]]) -> None:
    cleaned = clean(text)
    spans = [found.span() for found in re.finditer(r"\w|[^\w\s]", polish(cleaned))][: len(tags)]
    kinds = np.array(tags[: len(spans)], np.int64).reshape(-1, 2)
    given_tags = TokenTags(
        bounds=np.array([0, len(spans)]),
        spans=np.array(spans, np.int64).reshape(-1, 2),
        aspects=np.eye(3, dtype=np.float32)[kinds[:, 0]] * 9,
        opinions=np.eye(3, dtype=np.float32)[kinds[:, 1]] * 9,
        polarity=np.zeros((len(spans), 3), np.float32),
    )
    [found] = find_aspects([SegmentText(5, cleaned, text, SHARES)], given_tags, language=ENGLISH)
    for each in found:
        assert (each.start is None) == (each.end is None) == (each.aspect is None)
        assert each.edges
        if each.start is not None and each.end is not None:
            assert 5 <= each.start < each.end <= 5 + len(text)
            assert text[each.start - 5 : each.end - 5] == each.aspect
            assert "█" not in each.aspect
        if each.opinion_start is not None and each.opinion_end is not None:
            assert 5 <= each.opinion_start < each.opinion_end <= 5 + len(text)
    stretches = sorted({(each.start, each.end) for each in found if each.start is not None and each.end is not None})
    assert all(end <= start for (_, end), (start, _) in itertools.pairwise(stretches))
    opinions = [each.opinion_start for each in found if each.opinion_start is not None]
    assert len(opinions) == len(set(opinions))
