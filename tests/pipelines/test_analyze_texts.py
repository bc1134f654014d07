from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from fakes import NO_MATTERS, FakeEncoder, FakeLanguageDetector, FakePhraseFinder, FakeRedactor, FakeSplitter
from languages import ENGLISH

from textcx.domain.items import GivenText
from textcx.pipelines.incoming import IncomingTools
from textcx.pipelines.text import TextTools, analyze_texts, score_texts
from textcx.steps.journey import stage_vectors

if TYPE_CHECKING:
    from textcx.domain.items import TextFindings

TEXTS = (
    "Lovely staff. The parcel was lost twice.", "", "n/a", "Call me: +44 20 7946 0958 or jane. doe@example.com please.",
    "The app crashes <b>and</b> nobody answered.", "\U0001f621", "Das ist nicht gut und die Leute auch nicht",
)  # fmt: skip


@pytest.fixture(scope="module")
def tools() -> TextTools:
    segments = IncomingTools(
        phrases=FakePhraseFinder(),
        language=ENGLISH,
        stages=stage_vectors(ENGLISH.journey, FakeEncoder(), NO_MATTERS),
        pain_threshold=0.5,
        offer_words=frozenset(),
    )
    return TextTools(
        encoder=FakeEncoder(),
        languages=FakeLanguageDetector(),
        splitter=FakeSplitter(),
        redactor=FakeRedactor(),
        segments=segments,
    )


def found(tools: TextTools, *texts: str) -> list[TextFindings]:
    return analyze_texts([GivenText(str(n), text) for n, text in enumerate(texts)], tools=tools)


def test_there_is_one_result_for_each_text_with_all_its_parts(tools: TextTools) -> None:
    for text, each in zip(TEXTS, found(tools, *TEXTS), strict=True):
        assert len(each.texts) == len(each.stages) == len(each.vectors) == len(each.item.segments)
        for shown, segment in zip(each.texts, each.item.segments, strict=True):
            assert len(shown) == segment.end - segment.start <= len(text)


def test_a_result_depends_on_its_text_alone(tools: TextTools) -> None:
    together = found(tools, *TEXTS)
    for place, text in enumerate(TEXTS):
        [alone] = found(tools, text)
        assert (alone.texts, alone.stages, alone.pains) == (
            together[place].texts,
            together[place].stages,
            together[place].pains,
        )
        assert alone.item.probabilities == together[place].item.probabilities
        assert alone.vectors.tolist() == together[place].vectors.tolist()


def test_sentiment_is_that_of_the_item(tools: TextTools) -> None:
    [each] = found(tools, TEXTS[0])
    [item] = score_texts(
        [GivenText("0", TEXTS[0])],
        encoder=tools.encoder,
        language=ENGLISH,
        languages=tools.languages,
        splitter=tools.splitter,
        aspects=True,
    )
    assert each.item == item
    assert item.aspects


def test_aspects_are_words_of_the_text_and_never_masked_ones(tools: TextTools) -> None:
    text = "Lovely staff, write to staff@example.com. Dirty room!"
    [each] = found(tools, text)
    named = [(aspect.aspect, text[aspect.start : aspect.end]) for aspect in each.item.aspects]
    assert named == [("staff", "staff"), ("room", "room")]


def test_no_mask_straddles_the_edge_of_a_segment(tools: TextTools) -> None:
    [each] = found(tools, TEXTS[3])
    assert each.redactions
    for span in each.redactions:
        for segment in each.item.segments:
            inside = segment.start <= span.start and span.end <= segment.end
            assert inside or span.end <= segment.start or segment.end <= span.start


def test_pains_point_at_the_segment_that_tells_them(tools: TextTools) -> None:
    [each] = found(tools, TEXTS[0])
    assert [each.texts[pain.segment] for pain in each.pains] == ["The parcel was lost twice."]


def test_texts_that_are_not_judged_have_nothing(tools: TextTools) -> None:
    for each in found(tools, TEXTS[1], TEXTS[2], TEXTS[6]):
        assert each.item.label is None
        assert not each.texts
        assert not each.pains
