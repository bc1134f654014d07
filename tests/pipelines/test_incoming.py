from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl
import pytest
from fakes import NO_MATTERS, FakeEncoder, FakePhraseFinder, FakeThemeModel, fake_naming
from languages import ENGLISH

from textcx.pipelines.incoming import IncomingTools, analyze_incoming, main_subjects
from textcx.steps.journey import stage_vectors
from textcx.steps.themes.assignment.assign import assign_themes
from textcx.steps.themes.finding.find import find_themes

if TYPE_CHECKING:
    from textcx.domain.themes.sets import ThemeSet

OLD = [
    "The parcel came late again.",
    "My parcel was late.",
    "Late parcel, late answer.",
    "The app crashes daily.",
    "App crashes at login.",
]
NEW = ["Another late parcel came today.", "The app crashes daily at login.", "Thanks!", "The violin sounds wonderful."]

LEAST = 0.4
"""Cosine below which a segment is one of a kind here."""


@pytest.fixture(scope="module")
def tools() -> IncomingTools:
    return IncomingTools(
        phrases=FakePhraseFinder(), language=ENGLISH, stages=stage_vectors(ENGLISH.journey, FakeEncoder(), NO_MATTERS),
        pain_threshold=0.5, offer_words=frozenset(),
    )  # fmt: skip


@pytest.fixture(scope="module")
def theme_set() -> ThemeSet:
    """What a fit makes of forty segments: parcels and apps."""
    texts = OLD * 8
    learned = arriving(texts).with_columns(
        start=pl.lit(0), end=pl.col("text").str.len_chars(), label=pl.lit("negative"), polarity=pl.lit(-0.5),
        counted=pl.lit(value=True), respondent_id=pl.lit(None, dtype=pl.String),
        created_at=pl.lit(None, dtype=pl.Datetime("us", "UTC")),
    )  # fmt: skip
    found = find_themes(
        learned, FakeEncoder().encode(texts).matters, model=FakeThemeModel(), language=ENGLISH,
        naming=fake_naming("Late parcel", "App crashes"),
    )  # fmt: skip
    assert found.theme_set is not None
    return replace(found.theme_set, curve=replace(found.theme_set.curve, least=LEAST))


def arriving(texts: list[str], *, prefix: str = "r") -> pl.DataFrame:
    encoding = FakeEncoder().encode(texts)
    return pl.DataFrame({
        "segment_id": [f"{prefix}{number}:0-{len(text)}" for number, text in enumerate(texts)],
        "record_id": [f"{prefix}{number}" for number in range(len(texts))], "text": texts,
        "touchpoint": [None] * len(texts), "p_pain": encoding.pain.astype(float),
        "p_request": encoding.request.astype(float), "p_negative": encoding.sentiment[:, 0].astype(float),
        "p_positive": encoding.sentiment[:, 2].astype(float),
    }, schema_overrides={"touchpoint": pl.String})  # fmt: skip


def look(
    texts: list[str], tools: IncomingTools, known: ThemeSet | None, *, about: list[str] | None = None
) -> pl.DataFrame:
    """What is found in texts, whose matters are those of the texts ``about``."""
    matters = FakeEncoder().encode(about or texts).matters
    return analyze_incoming(arriving(texts, prefix="new"), matters, theme_set=known, tools=tools)


def test_new_segments_get_the_theme_and_strength_that_the_set_assigns_them(
    tools: IncomingTools, theme_set: ThemeSet
) -> None:
    found = look(NEW, tools, theme_set)
    assigned = assign_themes(theme_set, FakeEncoder().encode(NEW).matters)
    assert len(set(found["theme_id"][:2])) == 2
    assert found["theme_id"][:2].to_list() == assigned.theme_ids[:2]
    assert found["strength"][:2].to_list() == assigned.strengths[:2].tolist()


def test_themes_and_stages_are_told_by_matters(tools: IncomingTools, theme_set: ThemeSet) -> None:
    usual, swapped = look(NEW, tools, theme_set), look(NEW, tools, theme_set, about=[NEW[1], NEW[0], *NEW[2:]])
    for column in ("theme_id", "stage"):
        assert swapped[column][:2].to_list() == usual[column][:2].to_list()[::-1]


def test_boilerplate_and_what_is_one_of_a_kind_have_no_theme(tools: IncomingTools, theme_set: ThemeSet) -> None:
    assert look(NEW, tools, theme_set)["theme_id"].to_list()[2:] == [None, None]
    assert look(NEW, tools, theme_set)["strength"].to_list()[2:] == [None, None]


def test_without_a_theme_set_no_segment_has_a_theme(tools: IncomingTools) -> None:
    assert look(NEW, tools, None)["theme_id"].to_list() == [None] * 4


def test_a_hidden_theme_is_not_told(tools: IncomingTools, theme_set: ThemeSet) -> None:
    theme_id = look(NEW, tools, theme_set)["theme_id"][0]
    themes = tuple(replace(theme, hidden=theme.theme_id == theme_id) for theme in theme_set.themes)
    found = look(NEW, tools, replace(theme_set, themes=themes))["theme_id"]
    assert found[0] is None
    assert found[1] is not None


def test_a_record_is_mainly_about_the_theme_that_it_raises_most(tools: IncomingTools, theme_set: ThemeSet) -> None:
    looked = look(NEW, tools, theme_set).with_columns(record_id=pl.Series(["a", "a", "b", "b"]))
    looked = looked.with_columns(strength=pl.Series([0.4, 0.9, None, None]))
    found = main_subjects(looked, theme_set=theme_set, taxonomy=ENGLISH.journey, level=2)
    assert found["record_id"].to_list() == ["a", "b"]
    assert found["primary_theme_id"].to_list() == [theme_set.at_level(2)[looked["theme_id"][1]], None]
    assert found["primary_stage"].null_count() == 0


def test_what_is_said_about_a_segment_never_depends_on_other_records(tools: IncomingTools, theme_set: ThemeSet) -> None:
    columns = [
        pl.col("theme_id", "stage", "pain", "severity", "reasons"),
        pl.col("strength", "stage_confidence").round(5),
    ]
    together = look(NEW, tools, theme_set).select(columns)
    for number, text in enumerate(NEW):
        alone = look([text], tools, theme_set).select(columns)
        assert alone.rows() == [together.row(number)]


def test_pains_come_with_severity_and_reasons(tools: IncomingTools, theme_set: ThemeSet) -> None:
    found = look(["The parcel was late and they charged me twice.", "Lovely colours."], tools, theme_set)
    assert found["pain"].to_list() == [True, False]
    assert found["severity"][0] > 0.3
    assert found["severity"][1] is None
