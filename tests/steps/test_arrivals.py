from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from fakes import FakeEncoder, FakePhraseFinder

from textcx.engines.taxonomy_toml import load_journey, load_pain_lexicon
from textcx.steps.arrivals import ArrivalTools, ThemeAnchors, look_at_arrivals
from textcx.steps.journey import stage_vectors
from textcx.wiring import models_directory

OLD = [
    "The parcel came late again.",
    "My parcel was late.",
    "Late parcel, late answer.",
    "The app crashes daily.",
    "App crashes at login.",
]
NEW = ["Another late parcel came today.", "The app crashes daily at login.", "Thanks!", "The violin sounds wonderful."]


@pytest.fixture(scope="module")
def tools() -> ArrivalTools:
    taxonomies = models_directory() / "taxonomies"
    journey = load_journey(taxonomies / "journey.toml")
    return ArrivalTools(
        phrases=FakePhraseFinder(), journey=journey, stages=stage_vectors(journey, FakeEncoder()),
        lexicon=load_pain_lexicon(taxonomies / "consequences.toml"), pain_threshold=0.5, offer_words=frozenset(),
    )  # fmt: skip


def anchors() -> ThemeAnchors:
    ids = [f"s{number}" for number in range(len(OLD))]
    mentions = pl.DataFrame({"segment_id": ids, "theme_id": ["parcel"] * 3 + ["app"] * 2})
    return ThemeAnchors.of(mentions, pl.Series(ids), FakeEncoder().encode(OLD).vectors)


def arriving(texts: list[str]) -> pl.DataFrame:
    encoding = FakeEncoder().encode(texts)
    return pl.DataFrame({
        "segment_id": [f"r{number}:0-{len(text)}" for number, text in enumerate(texts)],
        "record_id": [f"r{number}" for number in range(len(texts))], "text": texts,
        "touchpoint": [None] * len(texts), "p_pain": encoding.pain.astype(float),
        "p_request": encoding.request.astype(float), "p_negative": encoding.sentiment[:, 0].astype(float),
        "p_positive": encoding.sentiment[:, 2].astype(float),
    }, schema_overrides={"touchpoint": pl.String})  # fmt: skip


def look(texts: list[str], tools: ArrivalTools, known: ThemeAnchors) -> pl.DataFrame:
    return look_at_arrivals(arriving(texts), FakeEncoder().encode(texts).vectors, anchors=known, tools=tools)


def test_new_segments_join_the_theme_they_are_close_to_and_no_other(tools: ArrivalTools) -> None:
    assert look(NEW, tools, anchors())["theme_id"].to_list() == ["parcel", "app", None, None]


def test_without_an_analysis_no_segment_has_a_theme(tools: ArrivalTools) -> None:
    assert look(NEW, tools, ThemeAnchors.none())["theme_id"].to_list() == [None] * 4


def test_what_is_said_about_a_segment_never_depends_on_the_others(tools: ArrivalTools) -> None:
    columns = [
        pl.col("theme_id", "stage", "pain", "severity", "reasons"),
        pl.col("strength", "stage_confidence").round(5),
    ]
    together = look(NEW, tools, anchors()).select(columns)
    for number, text in enumerate(NEW):
        alone = look([text], tools, anchors()).select(columns)
        assert alone.rows() == [together.row(number)]


def test_pains_come_with_severity_and_reasons(tools: ArrivalTools) -> None:
    found = look(["The parcel was late and they charged me twice.", "Lovely colours."], tools, anchors())
    assert found["pain"].to_list() == [True, False]
    assert found["severity"][0] > 0.3
    assert found["severity"][1] is None


def test_anchors_come_back_as_they_were_kept() -> None:
    made = anchors()
    again = ThemeAnchors.from_bytes(made.to_bytes())
    assert again.theme_ids == made.theme_ids
    assert np.array_equal(again.centres, made.centres)
    assert np.array_equal(again.reach, made.reach)
    assert ThemeAnchors.from_bytes(ThemeAnchors.none().to_bytes()).theme_ids == ()
